from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.template.intrinsics import text, texts
from trailkeep.insights.scene import HISTORY_DAYS
from trailkeep.insights.telling.evaluation import LOOKED_BACK
from trailkeep.jobs.lifecycle import LONGEST
from trailkeep.jobs.upkeep import KEPT

OfType = Callable[[str], dict[str, Any]]
BUCKETS = ["LandingBucket", "LakeBucket"]


@pytest.fixture(params=BUCKETS)
def bucket(request: pytest.FixtureRequest, of_type: OfType) -> tuple[str, dict[str, Any]]:
    """Each bucket in turn."""
    return request.param, of_type("AWS::S3::Bucket")[request.param]


def _policy(of_type: OfType, name: str) -> dict[str, Any]:
    document = of_type("AWS::S3::BucketPolicy")[f"{name}Policy"]
    assert document["Bucket"] == {"Ref": name}
    return {statement["Sid"]: statement for statement in document["PolicyDocument"]["Statement"]}


def test_there_are_two(of_type: OfType) -> None:
    assert of_type("AWS::S3::Bucket").keys() == set(BUCKETS)


def test_a_bucket_outlives_the_stack(deployed: dict[str, Any]) -> None:
    for name in BUCKETS:
        resource = deployed["Resources"][name]
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_a_bucket_is_encrypted_and_closed_to_the_public(bucket: tuple[str, dict[str, Any]]) -> None:
    _, properties = bucket
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )


def test_a_bucket_takes_no_request_without_tls(bucket: tuple[str, dict[str, Any]], of_type: OfType) -> None:
    name, _ = bucket
    statement = _policy(of_type, name)["DenyWithoutTls"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert texts(statement["Resource"]) == [f"${{{name}.Arn}}", f"${{{name}.Arn}}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_unfinished_uploads_go_after_a_day(bucket: tuple[str, dict[str, Any]]) -> None:
    _, properties = bucket
    aborts = [rule.get("AbortIncompleteMultipartUpload") for rule in properties["LifecycleConfiguration"]["Rules"]]
    assert {"DaysAfterInitiation": 1} in aborts


def test_a_landed_object_never_goes_by_age(of_type: OfType) -> None:
    landing = of_type("AWS::S3::Bucket")["LandingBucket"]
    assert "VersioningConfiguration" not in landing
    assert not any("Expiration" in key for rule in landing["LifecycleConfiguration"]["Rules"] for key in rule)


def test_what_was_overwritten_in_the_lake_stays_a_week(of_type: OfType) -> None:
    lake = of_type("AWS::S3::Bucket")["LakeBucket"]
    assert lake["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {rule["Id"]: rule for rule in lake["LifecycleConfiguration"]["Rules"]}
    assert rules["expire-old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}


def test_nothing_but_copies_and_what_is_soon_of_no_use_expires_in_the_lake(of_type: OfType) -> None:
    rules = of_type("AWS::S3::Bucket")["LakeBucket"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {
        "exports/athena/": 7,
        "exports/events/": 7,
        "exports/jobs/": 40,
        "state/budgets/": 2,
        "state/idempotency/": 30,
        "state/insights/tallies/": 400,
        "state/insights/counted/": 400,
        "state/insights/baselines/": 60,
        "state/insights/told/": 60,
    }


def test_what_detection_needs_of_a_date_stays_as_long_as_it_looks_at_it(of_type: OfType) -> None:
    rules = of_type("AWS::S3::Bucket")["LakeBucket"]["LifecycleConfiguration"]["Rules"]
    kept = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert kept["state/insights/told/"] > LOOKED_BACK + 2
    assert kept["state/insights/baselines/"] > 2
    assert kept["state/insights/tallies/"] > LOOKED_BACK + HISTORY_DAYS + 2
    assert not any("state/insights/settings/".startswith(prefix) for prefix in kept)


def test_a_result_stays_as_long_as_its_job(of_type: OfType, template: dict[str, Any]) -> None:
    rules = {rule["Id"]: rule for rule in of_type("AWS::S3::Bucket")["LakeBucket"]["LifecycleConfiguration"]["Rules"]}
    left = timedelta(days=rules["expire-results-of-jobs"]["ExpirationInDays"])
    assert left > LONGEST + timedelta(days=template["Parameters"]["JobRetentionDays"]["MaxValue"]) + KEPT


def test_only_delivery_reads_what_landed_and_retention_could(of_type: OfType) -> None:
    statement = _policy(of_type, "LandingBucket")["DenyReadingButToDeliver"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert {"s3:GetObject", "s3:GetObjectVersion"} == set(statement["Action"])
    assert text(statement["Resource"]) == "${LandingBucket.Arn}/*"
    readers = texts(statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"])
    # Retention may, since S3 lets nobody else delete by etag; that it does not is tested where it is.
    roles = ("DeliverEventsFunctionRole", "EnforceRetentionFunctionRole")
    assert all(any(role in reader for role in roles) for reader in readers)
    assert len(readers) == 2 * len(roles)


def test_strangers_are_allowed_nothing_but_trails_of_this_account_to_deliver(of_type: OfType) -> None:
    statements = [*_policy(of_type, "LandingBucket").values(), *_policy(of_type, "LakeBucket").values()]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert {statement["Action"] for statement in allowed} == {"s3:GetBucketAcl", "s3:PutObject"}
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        trails = text(statement["Condition"]["ArnLike"]["aws:SourceArn"])
        assert trails == "arn:${AWS::Partition}:cloudtrail:*:${AWS::AccountId}:trail/*"


def test_a_landed_object_is_announced(deployed: dict[str, Any]) -> None:
    landing = deployed["Resources"]["LandingBucket"]
    # Without the queue's consent S3 refuses the configuration.
    assert landing["DependsOn"] == "DeliveryQueuePolicy"
    (announcement,) = landing["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert announcement == {"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["DeliveryQueue", "Arn"]}}


def test_queues_are_encrypted_and_keep_messages_as_long_as_sqs_can(of_type: OfType) -> None:
    for name, queue in of_type("AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True, name
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 60 * 60, name


def test_secrets_are_made_in_the_account(of_type: OfType) -> None:
    secrets = of_type("AWS::SecretsManager::Secret")
    assert secrets.keys() == {"CursorKeySecret", "TokenPepperSecret"}
    for name, secret in secrets.items():
        assert secret["GenerateSecretString"]["PasswordLength"] == 64, name
        assert "SecretString" not in secret, name
