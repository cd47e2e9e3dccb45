from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.template.intrinsics import text, texts

OfType = Callable[[str], dict[str, Any]]

# AWS's own policies, attached by SAM: writing logs and sending traces, on any resource (AWS knows no narrower way
# for traces); and the one that API Gateway needs for its logs.
MANAGED = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AmazonAPIGatewayPushToCloudWatchLogs"}

# What every function that writes to the lake asks of the store first.
PROBE = {
    "s3:GetObject ${LakeBucket.Arn}/state/probe/conditional-writes",
    "s3:PutObject ${LakeBucket.Arn}/state/probe/conditional-writes",
}

# What has no ARN of its own to refer to.
ACCOUNT = "arn:${{AWS::Partition}}:{}:${{AWS::Region}}:${{AWS::AccountId}}"

# Who may read or write what: "action resource", the whole of it. Listing is below.
ALLOWED = {
    "IngestEventsFunction": {
        *PROBE,
        "s3:PutObject ${LandingBucket.Arn}/ingest/*",
        "s3:GetObject ${LakeBucket.Arn}/state/idempotency/*",
        "s3:PutObject ${LakeBucket.Arn}/state/idempotency/*",
    },
    "DeliverEventsFunction": {
        *PROBE,
        "s3:GetObject ${LandingBucket.Arn}/*",
        "s3:PutObject ${LakeBucket.Arn}/events/*",
        "s3:PutObject ${LakeBucket.Arn}/quarantine/*",
        "s3:PutObject ${LakeBucket.Arn}/state/commits/*",
        "s3:PutObject ${LakeBucket.Arn}/state/plans/*",
        "s3:GetObject ${LakeBucket.Arn}/events/*",
        "s3:GetObject ${LakeBucket.Arn}/quarantine/*",
        "s3:GetObject ${LakeBucket.Arn}/state/plans/*",
        "sqs:ReceiveMessage ${DeliveryQueue.Arn}",
        "sqs:DeleteMessage ${DeliveryQueue.Arn}",
        "sqs:GetQueueAttributes ${DeliveryQueue.Arn}",
    },
    "SweepLandingFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/commits/watermark/*",
        "s3:PutObject ${LakeBucket.Arn}/state/commits/watermark/*",
        "s3:DeleteObject ${LakeBucket.Arn}/state/commits/watermark/*",
        "sqs:SendMessage ${DeliveryQueue.Arn}",
        "sqs:SendMessage ${FailedRunsQueue.Arn}",
    },
    "QueryEventsFunction": {
        "s3:GetObject ${LakeBucket.Arn}/events/*",
        "s3:GetObject ${LakeBucket.Arn}/insights/*",
        "s3:GetObject ${LakeBucket.Arn}/index/*",
        "s3:GetObject ${LakeBucket.Arn}/state/commits/*",
        "s3:GetObject ${LakeBucket.Arn}/state/partitions/*",
        "s3:GetObject ${LakeBucket.Arn}/exports/events/*",
        "s3:PutObject ${LakeBucket.Arn}/exports/events/*",
        "secretsmanager:GetSecretValue ${CursorKeySecret.Id}",
    },
    "ReportHealthFunction": set(),
    "DetectInsightsFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/commits/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/counted/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/cursor.json",
        "s3:PutObject ${LakeBucket.Arn}/state/insights/cursor.json",
        "sqs:SendMessage ${CountingQueue.Arn}",
        "sqs:SendMessage ${EvaluationQueue.Arn}",
        "sqs:SendMessage ${FailedRunsQueue.Arn}",
    },
    "CountCallsFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/events/*",
        "s3:GetObject ${LakeBucket.Arn}/state/partitions/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/tallies/*",
        "s3:PutObject ${LakeBucket.Arn}/state/insights/tallies/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/counted/*",
        "s3:PutObject ${LakeBucket.Arn}/state/insights/counted/*",
        "sqs:ReceiveMessage ${CountingQueue.Arn}",
        "sqs:DeleteMessage ${CountingQueue.Arn}",
        "sqs:GetQueueAttributes ${CountingQueue.Arn}",
        "sqs:SendMessage ${CountingQueue.Arn}",
        "sqs:SendMessage ${EvaluationQueue.Arn}",
    },
    "EvaluateAccountFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/insights/tallies/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/settings/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/baselines/*",
        "s3:PutObject ${LakeBucket.Arn}/state/insights/baselines/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/told/*",
        "s3:PutObject ${LakeBucket.Arn}/state/insights/told/*",
        "s3:PutObject ${LakeBucket.Arn}/insights/*",
        "sqs:ReceiveMessage ${EvaluationQueue.Arn}",
        "sqs:DeleteMessage ${EvaluationQueue.Arn}",
        "sqs:GetQueueAttributes ${EvaluationQueue.Arn}",
        "sqs:SendMessage ${EvaluationQueue.Arn}",
        "sns:Publish ${InsightsTopic}",
        f"events:PutEvents {ACCOUNT.format('events')}:event-bus/${{InsightEventBusName}}",
    },
    "ManageInsightsFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/insights/settings/*",
        "s3:PutObject ${LakeBucket.Arn}/state/insights/settings/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/tallies/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/counted/*",
        "s3:GetObject ${LakeBucket.Arn}/state/insights/baselines/*",
        "s3:GetObject ${LakeBucket.Arn}/events/*",
        "s3:GetObject ${LakeBucket.Arn}/state/partitions/*",
        "secretsmanager:GetSecretValue ${CursorKeySecret.Id}",
    },
    "EnforceRetentionFunction": {
        *PROBE,
        # Only who could read an object may delete it by its etag.
        *(
            f"s3:{action} {place}/*"
            for action in ("GetObject", "DeleteObject")
            for place in (
                "${LandingBucket.Arn}",
                "${LakeBucket.Arn}/events",
                "${LakeBucket.Arn}/insights",
                "${LakeBucket.Arn}/quarantine",
                "${LakeBucket.Arn}/state/commits",
                "${LakeBucket.Arn}/state/plans",
                "${LakeBucket.Arn}/state/partitions",
            )
        ),
        "s3:PutObject ${LakeBucket.Arn}/state/partitions/*",
        "s3:GetObject ${LakeBucket.Arn}/state/retention.json",
        "s3:GetObject ${LakeBucket.Arn}/state/holds/*",
        "s3:GetObject ${LakeBucket.Arn}/state/retention/*",
        "s3:PutObject ${LakeBucket.Arn}/state/retention/*",
        "s3:DeleteObject ${LakeBucket.Arn}/state/retention/pending/*",
        "s3:DeleteObject ${LakeBucket.Arn}/state/retention/last-run.json",
        "sqs:SendMessage ${FailedRunsQueue.Arn}",
    },
    "ManageRetentionFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/retention.json",
        "s3:PutObject ${LakeBucket.Arn}/state/retention.json",
        "s3:GetObject ${LakeBucket.Arn}/state/holds/*",
        "s3:PutObject ${LakeBucket.Arn}/state/holds/*",
        "s3:GetObject ${LakeBucket.Arn}/state/retention/last-run.json",
    },
    "PlanCompactionFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/commits/*",
        "s3:GetObject ${LakeBucket.Arn}/state/partitions/*",
        "s3:GetObject ${LakeBucket.Arn}/state/compaction/plan.json",
        "s3:PutObject ${LakeBucket.Arn}/state/compaction/plan.json",
        "sqs:SendMessage ${CompactionQueue.Arn}",
        "sqs:SendMessage ${FailedRunsQueue.Arn}",
    },
    "CompactPartitionFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/events/*",
        "s3:PutObject ${LakeBucket.Arn}/events/*",
        "s3:DeleteObject ${LakeBucket.Arn}/events/*",
        "s3:GetObject ${LakeBucket.Arn}/state/partitions/*",
        "s3:PutObject ${LakeBucket.Arn}/state/partitions/*",
        "s3:GetObject ${LakeBucket.Arn}/state/plans/*",
        "sqs:ReceiveMessage ${CompactionQueue.Arn}",
        "sqs:DeleteMessage ${CompactionQueue.Arn}",
        "sqs:GetQueueAttributes ${CompactionQueue.Arn}",
        "sqs:SendMessage ${CompactionQueue.Arn}",
    },
    "PublishIndexFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/events/*",
        "s3:GetObject ${LakeBucket.Arn}/state/commits/*",
        "s3:GetObject ${LakeBucket.Arn}/state/partitions/*",
        "s3:GetObject ${LakeBucket.Arn}/index/*",
        "s3:PutObject ${LakeBucket.Arn}/index/*",
        "s3:DeleteObject ${LakeBucket.Arn}/index/*",
        "sqs:SendMessage ${FailedRunsQueue.Arn}",
    },
    "RunJobFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/events/*",
        "s3:GetObject ${LakeBucket.Arn}/insights/*",
        "s3:GetObject ${LakeBucket.Arn}/index/*",
        "s3:GetObject ${LakeBucket.Arn}/state/commits/*",
        "s3:GetObject ${LakeBucket.Arn}/state/partitions/*",
        *(
            f"s3:{action} ${{LakeBucket.Arn}}/{place}/*"
            for action in ("GetObject", "PutObject", "DeleteObject")
            for place in ("state/jobs", "exports/jobs")
        ),
        "s3:AbortMultipartUpload ${LakeBucket.Arn}/exports/jobs/*",
        "lambda:InvokeFunction ${RunJobFunction.Arn}",
        "sqs:SendMessage ${FailedRunsQueue.Arn}",
        # Athena, which reads and writes in its name.
        *(
            f"athena:{action} {ACCOUNT.format('athena')}:workgroup/${{AthenaWorkGroup}}"
            for action in ("StartQueryExecution", "GetQueryExecution", "StopQueryExecution")
        ),
        *(
            f"glue:{action} {ACCOUNT.format('glue')}:{resource}"
            for action in ("GetDatabase", "GetTable", "GetPartitions")
            for resource in ("catalog", "database/${GlueDatabase}", "table/${GlueDatabase}/*")
        ),
        f"glue:GetDatabase {ACCOUNT.format('glue')}:database/default",
        "s3:GetBucketLocation ${LakeBucket.Arn}",
        *(
            f"s3:{action} ${{LakeBucket.Arn}}/exports/athena/*"
            for action in ("GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts")
        ),
    },
    "ManageJobsFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/jobs/*",
        "s3:PutObject ${LakeBucket.Arn}/state/jobs/*",
        "s3:DeleteObject ${LakeBucket.Arn}/state/jobs/*",
        "s3:GetObject ${LakeBucket.Arn}/exports/jobs/*",
        "s3:DeleteObject ${LakeBucket.Arn}/exports/jobs/*",
    },
    "SearchEventsFunction": {
        *PROBE,
        *(
            f"s3:GetObject ${{LakeBucket.Arn}}/{place}/*"
            for place in ("events", "insights", "index", "state/commits", "state/partitions", "state/saved-queries")
        ),
        *(
            f"s3:{action} ${{LakeBucket.Arn}}/{place}/*"
            for action in ("GetObject", "PutObject")
            for place in ("exports/events", "exports/jobs", "state/jobs", "state/idempotency", "state/budgets")
        ),
        "s3:DeleteObject ${LakeBucket.Arn}/state/jobs/open/*",
        "lambda:InvokeFunction ${RunJobFunction.Arn}",
        "secretsmanager:GetSecretValue ${CursorKeySecret.Id}",
    },
    "ExportEventsFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/jobs/*",
        "s3:PutObject ${LakeBucket.Arn}/state/jobs/*",
        "s3:GetObject ${LakeBucket.Arn}/state/idempotency/*",
        "s3:PutObject ${LakeBucket.Arn}/state/idempotency/*",
        "s3:GetObject ${LakeBucket.Arn}/index/*",
        "s3:GetObject ${LakeBucket.Arn}/state/commits/*",
        "s3:GetObject ${LakeBucket.Arn}/state/partitions/*",
        "s3:GetObject ${LakeBucket.Arn}/state/budgets/*",
        "s3:PutObject ${LakeBucket.Arn}/state/budgets/*",
        "lambda:InvokeFunction ${RunJobFunction.Arn}",
    },
    "ManageSavedQueriesFunction": {
        *PROBE,
        "s3:GetObject ${LakeBucket.Arn}/state/saved-queries/*",
        "s3:PutObject ${LakeBucket.Arn}/state/saved-queries/*",
        "s3:DeleteObject ${LakeBucket.Arn}/state/saved-queries/*",
    },
    "DescribeApiFunction": set(),
    "AuthorizeRequestFunction": {
        "s3:GetObject ${LakeBucket.Arn}/state/tokens/*",
        "secretsmanager:GetSecretValue ${TokenPepperSecret.Id}",
    },
    "IssueTokenFunction": {
        *PROBE,
        "s3:PutObject ${LakeBucket.Arn}/state/tokens/*",
        "secretsmanager:GetSecretValue ${TokenPepperSecret.Id}",
    },
}

# Who may list what: below these prefixes, or (*) everything.
LISTED = {
    "IngestEventsFunction": {"${LakeBucket.Arn} state/idempotency/*"},
    "DeliverEventsFunction": {
        "${LandingBucket.Arn} *",
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} quarantine/*",
        "${LakeBucket.Arn} state/plans/*",
        "${LakeBucket.Arn} state/commits/*",
    },
    "SweepLandingFunction": {
        "${LandingBucket.Arn} *",
        "${LakeBucket.Arn} state/commits/*",
    },
    "QueryEventsFunction": {
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} insights/*",
        "${LakeBucket.Arn} index/*",
        "${LakeBucket.Arn} state/commits/*",
        "${LakeBucket.Arn} state/partitions/*",
    },
    "ReportHealthFunction": {"${LakeBucket.Arn} state/commits/watermark/*"},
    "DetectInsightsFunction": {
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} state/commits/*",
        "${LakeBucket.Arn} state/insights/counted/*",
        "${LakeBucket.Arn} state/insights/cursor.json",
    },
    "CountCallsFunction": {
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} state/partitions/*",
        "${LakeBucket.Arn} state/insights/tallies/*",
        "${LakeBucket.Arn} state/insights/counted/*",
    },
    "EvaluateAccountFunction": {
        *(f"${{LakeBucket.Arn}} state/insights/{place}/*" for place in ("tallies", "settings", "baselines", "told")),
        "${LakeBucket.Arn} state/commits/watermark/*",
    },
    "ManageInsightsFunction": {
        *(f"${{LakeBucket.Arn}} state/insights/{place}/*" for place in ("settings", "tallies", "counted", "baselines")),
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} state/partitions/*",
        "${LakeBucket.Arn} state/commits/watermark/*",
    },
    "EnforceRetentionFunction": {
        "${LandingBucket.Arn} *",
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} insights/*",
        "${LakeBucket.Arn} quarantine/*",
        "${LakeBucket.Arn} state/commits/*",
        "${LakeBucket.Arn} state/plans/*",
        "${LakeBucket.Arn} state/partitions/*",
        "${LakeBucket.Arn} state/holds/*",
        "${LakeBucket.Arn} state/retention/*",
        "${LakeBucket.Arn} state/retention.json",
    },
    "ManageRetentionFunction": {
        "${LakeBucket.Arn} state/holds/*",
        "${LakeBucket.Arn} state/retention.json",
        "${LakeBucket.Arn} state/retention/last-run.json",
    },
    "PlanCompactionFunction": {
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} state/commits/*",
        "${LakeBucket.Arn} state/partitions/*",
        "${LakeBucket.Arn} state/compaction/*",
    },
    "CompactPartitionFunction": {
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} state/partitions/*",
        "${LakeBucket.Arn} state/commits/*",
        "${LakeBucket.Arn} state/plans/*",
    },
    "PublishIndexFunction": {
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} index/*",
        "${LakeBucket.Arn} state/commits/*",
        "${LakeBucket.Arn} state/partitions/*",
    },
    "RunJobFunction": {
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} insights/*",
        "${LakeBucket.Arn} index/*",
        "${LakeBucket.Arn} state/commits/*",
        "${LakeBucket.Arn} state/partitions/*",
        "${LakeBucket.Arn} state/jobs/*",
        "${LakeBucket.Arn} exports/jobs/*",
        "${LakeBucket.Arn} exports/athena/*",
    },
    "ManageJobsFunction": {"${LakeBucket.Arn} state/jobs/*", "${LakeBucket.Arn} exports/jobs/*"},
    "SearchEventsFunction": {
        *(
            f"${{LakeBucket.Arn}} {place}/*"
            for place in ("events", "insights", "index", "exports/jobs", "state/commits", "state/partitions")
        ),
        *(f"${{LakeBucket.Arn}} state/{place}/*" for place in ("saved-queries", "jobs", "idempotency", "budgets")),
    },
    "ExportEventsFunction": {
        "${LakeBucket.Arn} events/*",
        "${LakeBucket.Arn} insights/*",
        "${LakeBucket.Arn} index/*",
        "${LakeBucket.Arn} state/commits/*",
        "${LakeBucket.Arn} state/partitions/*",
        "${LakeBucket.Arn} state/jobs/*",
        "${LakeBucket.Arn} state/budgets/*",
        "${LakeBucket.Arn} state/idempotency/*",
    },
    "ManageSavedQueriesFunction": {"${LakeBucket.Arn} state/saved-queries/*"},
    "DescribeApiFunction": set(),
    "AuthorizeRequestFunction": {"${LakeBucket.Arn} state/tokens/*"},
    "IssueTokenFunction": set(),
}


def _statements(of_type: OfType, role: str) -> Iterator[dict[str, Any]]:
    """What a role may, by its own policies and by those that were put on it later."""
    later = [policy for policy in of_type("AWS::IAM::Policy").values() if {"Ref": role} in policy["Roles"]]
    for policy in (*of_type("AWS::IAM::Role")[role].get("Policies", []), *later):
        yield from policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_may_do_this_and_nothing_else(of_type: OfType, function: str) -> None:
    allowed, listed = set(), set()
    for statement in _statements(of_type, f"{function}Role"):
        assert statement["Effect"] == "Allow"
        for action in texts(statement["Action"]):
            for resource in texts(statement["Resource"]):
                if action == "s3:ListBucket":
                    prefixes = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", "*")
                    listed |= {f"{resource} {prefix}" for prefix in texts(prefixes)}
                else:
                    assert "Condition" not in statement
                    allowed.add(f"{action} {resource}")
    assert allowed == ALLOWED[function]
    assert listed == LISTED[function]


def test_the_tables_name_every_function(of_type: OfType) -> None:
    assert ALLOWED.keys() == LISTED.keys() == of_type("AWS::Lambda::Function").keys()


def test_no_role_has_a_wildcard_but_for_objects_below_a_prefix(of_type: OfType) -> None:
    for name in of_type("AWS::IAM::Role"):
        for statement in _statements(of_type, name):
            assert not any("*" in action for action in texts(statement["Action"])), name
            for resource in texts(statement["Resource"]):
                assert resource.startswith(("${", "arn:${AWS::Partition}:")), f"{name}: {resource}"
                assert "*" not in resource.removesuffix("/*"), f"{name}: {resource}"


def test_no_role_has_more_of_aws_policies_than_it_must(of_type: OfType) -> None:
    for name, role in of_type("AWS::IAM::Role").items():
        attached = {text(arn).rsplit("/", 1)[1] for arn in role.get("ManagedPolicyArns", [])}
        assert attached <= MANAGED, name


def test_only_its_bucket_may_announce_to_the_queue(of_type: OfType) -> None:
    (policy,) = of_type("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    condition = statement["Condition"]
    assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    bucket = of_type("AWS::S3::Bucket")["LandingBucket"]["BucketName"]["Fn::Sub"]
    assert text(condition["ArnEquals"]["aws:SourceArn"]) == f"arn:${{AWS::Partition}}:s3:::{bucket}"
