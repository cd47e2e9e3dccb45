"""The emulator enforces the template's policies: a probe with a function's role gets as far as the policy says."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.local.stack import LocalStack

PROBE = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    try:
        getattr(boto3.client(event["service"]), event["operation"])(**event["arguments"])
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "done"
"""
DENIED = {"AccessDenied", "AccessDeniedException", "403"}

Probe = Callable[..., str]


@pytest.fixture(scope="module")
def probe(stack: LocalStack) -> Iterator[Probe]:
    """Calls an AWS operation under the role of one of the stack's functions; answers "done" or the error's code."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as folder:
        folder.writestr("app.py", PROBE)
    probes: dict[str, str] = {}

    def call(function: str, service: str, operation: str, **arguments: Any) -> str:
        if function not in probes:
            role = stack.functions_api.get_function_configuration(FunctionName=stack.functions[function])["Role"]
            name = probes[function] = f"probe-{uuid.uuid4().hex[:8]}"
            stack.functions_api.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Handler="app.handler",
                Role=role,
                Code={"ZipFile": archive.getvalue()},
            )
        event = {"service": service, "operation": operation, "arguments": arguments}
        response = stack.functions_api.invoke(FunctionName=probes[function], Payload=json.dumps(event))
        assert "FunctionError" not in response, response["Payload"].read()
        return str(json.loads(response["Payload"].read()))

    yield call
    for name in probes.values():
        stack.functions_api.delete_function(FunctionName=name)


@pytest.mark.parametrize(
    "function",
    [
        "IngestEventsFunction",
        "SweepLandingFunction",
        "QueryEventsFunction",
        "ReportHealthFunction",
        "DetectInsightsFunction",
        "CountCallsFunction",
        "EvaluateAccountFunction",
        "PlanCompactionFunction",
        "CompactPartitionFunction",
        "AuthorizeRequestFunction",
        "IssueTokenFunction",
    ],
)
def test_only_delivery_reads_what_landed(stack: LocalStack, probe: Probe, function: str) -> None:
    stack.put_landing("probe", b"[]")
    place = {"Bucket": stack.landing_bucket, "Key": "probe"}
    assert probe(function, "s3", "get_object", **place) in DENIED
    assert probe("DeliverEventsFunction", "s3", "get_object", **place) == "done"


@pytest.mark.parametrize("function", ["QueryEventsFunction", "ReportHealthFunction", "AuthorizeRequestFunction"])
@pytest.mark.parametrize("key", ["events/x", "insights/x", "state/tokens/x", "state/commits/x"])
def test_readers_write_nothing(stack: LocalStack, probe: Probe, function: str, key: str) -> None:
    assert probe(function, "s3", "put_object", Bucket=stack.lake_bucket, Key=key, Body="") in DENIED


@pytest.mark.parametrize("function", ["IngestEventsFunction", "DeliverEventsFunction", "QueryEventsFunction"])
def test_tokens_are_out_of_reach(stack: LocalStack, probe: Probe, function: str) -> None:
    assert probe(function, "s3", "get_object", Bucket=stack.lake_bucket, Key="state/tokens/x") in DENIED
    assert probe(function, "s3", "list_objects_v2", Bucket=stack.lake_bucket, Prefix="state/tokens/") in DENIED


def test_each_secret_is_for_one_purpose(stack: LocalStack, probe: Probe) -> None:
    rows = stack.client("secretsmanager").list_secrets()["SecretList"]
    cursor_key, pepper = (
        next(row["ARN"] for row in rows if part in row["Name"]) for part in ("CursorKey", "TokenPepper")
    )
    expected = {
        "QueryEventsFunction": {cursor_key},
        "AuthorizeRequestFunction": {pepper},
        "IssueTokenFunction": {pepper},
        "DeliverEventsFunction": set(),
        "IngestEventsFunction": set(),
    }
    for function, allowed in expected.items():
        readable = {
            secret
            for secret in (cursor_key, pepper)
            if probe(function, "secretsmanager", "get_secret_value", SecretId=secret) == "done"
        }
        assert readable == allowed, function


DELETES = {
    "events/keep": {"EnforceRetentionFunction", "CompactPartitionFunction"},
    "probe": {"EnforceRetentionFunction"},
}


def test_nobody_deletes_but_who_has_to(stack: LocalStack, probe: Probe) -> None:
    stack.s3.put_object(Bucket=stack.lake_bucket, Key="events/keep", Body=b"")
    for bucket, key in ((stack.lake_bucket, "events/keep"), (stack.landing_bucket, "probe")):
        for function in stack.functions.keys() - DELETES[key]:
            assert probe(function, "s3", "delete_object", Bucket=bucket, Key=key) in DENIED, function
    stack.s3.delete_object(Bucket=stack.lake_bucket, Key="events/keep")


def test_retention_deletes_by_etag(stack: LocalStack, probe: Probe) -> None:
    for bucket, key in ((stack.lake_bucket, "events/expired"), (stack.landing_bucket, "expired")):
        etag = stack.s3.put_object(Bucket=bucket, Key=key, Body=b"[]")["ETag"]
        place = {"Bucket": bucket, "Key": key}
        stale = probe("EnforceRetentionFunction", "s3", "delete_object", **place, IfMatch='"' + "0" * 32 + '"')
        assert stale in {"PreconditionFailed", "412"}
        assert probe("EnforceRetentionFunction", "s3", "delete_object", **place, IfMatch=etag) == "done"


@pytest.mark.parametrize("key", ["state/retention/deletions/x", "state/holds/x", "state/retention.json"])
def test_nobody_deletes_what_was_put_on_record(stack: LocalStack, probe: Probe, key: str) -> None:
    stack.s3.put_object(Bucket=stack.lake_bucket, Key=key, Body=b"{}")
    for function in stack.functions:
        assert probe(function, "s3", "delete_object", Bucket=stack.lake_bucket, Key=key) in DENIED, function
    stack.s3.delete_object(Bucket=stack.lake_bucket, Key=key)


def test_retention_changes_neither_its_settings_nor_holds(stack: LocalStack, probe: Probe) -> None:
    for key in ("state/retention.json", "state/holds/x"):
        place = {"Bucket": stack.lake_bucket, "Key": key}
        assert probe("EnforceRetentionFunction", "s3", "put_object", **place, Body="{}") in DENIED


def test_functions_cannot_call_each_other(stack: LocalStack, probe: Probe) -> None:
    for function in ("IngestEventsFunction", "QueryEventsFunction", "AuthorizeRequestFunction"):
        issue = stack.functions["IssueTokenFunction"]
        assert probe(function, "lambda", "invoke", FunctionName=issue, Payload="{}") in DENIED
