"""The functions of the template in this process, on emulated buckets, queue and secrets."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse

from tests.functions.answers import Answer
from tests.functions.clock import Clock
from trailkeep.access.keys import secret_key
from trailkeep.insights.telling import event_bus
from trailkeep.jobs.starting import _functions
from trailkeep.lake.capability import PROBE
from trailkeep.lake.watermark import WATERMARKS

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY / "events"
LANDING, LAKE = "trailkeep-landing", "trailkeep-lake"
HOME_ACCOUNT = "111122223333"
HOME_REGION, GLOBAL_REGION = "cn-hangzhou", "ap-southeast-1"
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "LANDING_BUCKET": LANDING,
    "LAKE_BUCKET": LAKE,
    "HOME_REGION": HOME_REGION,
    "GLOBAL_EVENTS_REGION": GLOBAL_REGION,
    "HOME_ACCOUNT": HOME_ACCOUNT,
    "SWEEP_MINIMUM_AGE_SECONDS": "300",
    "CURSOR_KEY_SECRET": "trailkeep-cursor-key",
    "TOKEN_PEPPER_SECRET": "trailkeep-token-pepper",
    "RUN_JOB_FUNCTION": "trailkeep-run-job",
    "INSIGHTS_PATIENCE_SECONDS": "0",
    "POWERTOOLS_SERVICE_NAME": "trailkeep",
    "POWERTOOLS_METRICS_NAMESPACE": "Trailkeep",
}
ALL_SCOPES: dict[str, str] = {
    "tokenId": "TokenOfAdmin",
    "name": "admin",
    "scopes": "admin download ingest view",
    "accounts": "*",
    "regions": "*",
}
"""What the authorizer hands to the functions for an unnarrowed token."""


def sample(path: str) -> dict[str, Any]:
    """An invocation event of the repository's samples."""
    event: dict[str, Any] = json.loads(_text(path))
    return event


@lru_cache
def _text(path: str) -> str:
    return (SAMPLES / path).read_text()


def context(remaining_milliseconds: int) -> SimpleNamespace:
    """What the runtime passes beside the event."""
    return SimpleNamespace(
        function_name="function",
        memory_limit_in_mb=1769,
        invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:function",
        aws_request_id="6f1d2c3b-0000-4000-8000-00000000000a",
        get_remaining_time_in_millis=lambda: remaining_milliseconds,
    )


@lru_cache
def client(service: str) -> Any:
    """A client of an emulated service; one for all tests, since making one takes longer than a test."""
    return boto3.client(service)


class Deployment:
    """Everything that the template deploys, ready to be used: put objects, invoke functions, ask the API."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.s3 = client("s3")
        self.sqs = client("sqs")
        for bucket in (LANDING, LAKE):
            self.s3.create_bucket(Bucket=bucket)
        self.queue_url = self.sqs.create_queue(QueueName="trailkeep-delivery")["QueueUrl"]
        self.compaction_queue_url = self.sqs.create_queue(QueueName="trailkeep-compaction")["QueueUrl"]
        self.counting_queue_url = self.sqs.create_queue(QueueName="trailkeep-counting")["QueueUrl"]
        self.evaluation_queue_url = self.sqs.create_queue(QueueName="trailkeep-evaluation")["QueueUrl"]
        self.topic_arn = client("sns").create_topic(Name="trailkeep-insights")["TopicArn"]
        secrets = client("secretsmanager")
        secrets.create_secret(Name=SETTINGS["CURSOR_KEY_SECRET"], SecretString="c" * 64)
        secrets.create_secret(Name=SETTINGS["TOKEN_PEPPER_SECRET"], SecretString="p" * 64)
        self.called: list[dict[str, Any]] = []
        """What functions were called with by others that do not wait for them; not invoked by itself."""
        self.on_bus: list[dict[str, Any]] = []
        """What functions have put on the event bus."""
        self._functions: dict[str, ModuleType] = {}

    def restart(self) -> None:
        """Forget all processes: the next invocation of each function is a cold start."""
        self._functions.clear()
        secret_key.cache_clear()

    def function(self, name: str) -> ModuleType:
        """The module of a function, loaded as the runtime would, its clock set to this deployment's."""
        if name not in self._functions:
            spec = importlib.util.spec_from_file_location(f"{name}.app", REPOSITORY / "functions" / name / "app.py")
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            if hasattr(module, "datetime"):
                module.__dict__["datetime"] = self.clock
            self._functions[name] = module
        return self._functions[name]

    def invoke(self, name: str, event: dict[str, Any], remaining_milliseconds: int = 900_000) -> Any:
        return self.function(name).handler(event, context(remaining_milliseconds))

    # Delivery

    def land(self, key: str, body: bytes | str) -> str:
        """Put an object into the landing bucket; gives its key."""
        self.s3.put_object(Bucket=LANDING, Key=key, Body=body.encode() if isinstance(body, str) else body)
        return key

    def deliver(self, *keys: str) -> list[str]:
        """One batch that announces each key in a message of its own; gives the IDs of the messages that failed."""
        return self.deliver_messages([notification(key) for key in keys])

    def deliver_messages(self, bodies: Iterable[str], remaining_milliseconds: int = 900_000) -> list[str]:
        records = [
            {**sample("deliver_events/sqs_object_created.json")["Records"][0], "messageId": f"m-{number}", "body": body}
            for number, body in enumerate(bodies)
        ]
        answer = self.invoke("deliver_events", {"Records": records}, remaining_milliseconds)
        assert set(answer) == {"batchItemFailures"}
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def land_and_deliver(self, key: str, body: bytes | str) -> None:
        assert self.deliver(self.land(key, body)) == []
        self.settle()

    def settle(self) -> None:
        """Let the time pass after which what stands in the lake is in answers."""
        self.clock.forward(seconds=3)

    # The API

    def get(self, path: str, parameters: Mapping[str, Any] | None = None, who: Any = ALL_SCOPES) -> Answer:
        """GET from the function that answers this path; ``who`` is the authorizer's context, None for none."""
        function = "report_health" if path == "/v1/health" else "query_events"
        return self._request(function, "GET", path, parameters, who)

    def manage(
        self, method: str, path: str, body: object = None, parameters: Mapping[str, Any] | None = None, **more: Any
    ) -> Answer:
        """A request to /v1/retention or /v1/holds; a body that is no text is sent as JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        request = {"body": text, "isBase64Encoded": more.pop("is_base64", False)}
        who, headers = more.pop("who", ALL_SCOPES), more.pop("headers", None)
        return self._request("manage_retention", method, path, parameters, who, headers, request)

    def post(
        self, body: str | None, headers: Mapping[str, str] | None = None, who: Any = ALL_SCOPES, **more: Any
    ) -> Answer:
        """POST /v1/events; ``more`` replaces other fields of the request."""
        return self._request("ingest_events", "POST", "/v1/events", None, who, headers, {"body": body, **more})

    def job(self, method: str, path: str, who: Any = ALL_SCOPES, **parameters: Any) -> Answer:
        """A request to /v1/jobs."""
        return self._request("manage_jobs", method, path, parameters, who)

    def export(self, body: object, headers: Mapping[str, str] | None = None, who: Any = ALL_SCOPES) -> Answer:
        """POST /v1/exports; a body that is no text is sent as JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        return self._request("export_events", "POST", "/v1/exports", None, who, headers, {"body": text})

    def search(self, body: object, headers: Mapping[str, str] | None = None, who: Any = ALL_SCOPES) -> Answer:
        """POST /v1/search; a body that is no text is sent as JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        return self._request("search_events", "POST", "/v1/search", None, who, headers, {"body": text})

    def run_saved_query(self, query_id: str, body: object, who: Any = ALL_SCOPES) -> Answer:
        """POST /v1/saved-queries/{id}/run."""
        path = f"/v1/saved-queries/{query_id}/run"
        return self._request("search_events", "POST", path, None, who, None, {"body": json.dumps(body)})

    def saved_queries(
        self, method: str, path: str = "", body: object = None, parameters: Mapping[str, Any] | None = None, **more: Any
    ) -> Answer:
        """A request to /v1/saved-queries, or what is below it; a body that is no text is sent as JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        who, headers = more.pop("who", ALL_SCOPES), more.pop("headers", None)
        place = f"/v1/saved-queries{path}"
        return self._request("manage_saved_queries", method, place, parameters, who, headers, {"body": text, **more})

    def insights(
        self, method: str, path: str, body: object = None, parameters: Mapping[str, Any] | None = None, **more: Any
    ) -> Answer:
        """A request to what is below /v1/insights; a body that is no text is sent as JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        request = {"body": text, "isBase64Encoded": more.pop("is_base64", False)}
        return self._request("manage_insights", method, path, parameters, more.pop("who", ALL_SCOPES), None, request)

    def pages(
        self, parameters: Mapping[str, Any], path: str = "/v1/events", who: Any = ALL_SCOPES, most: int = 2000
    ) -> Iterator[Answer]:
        """Every page of a question, each of them answered."""
        asked = dict(parameters)
        for _ in range(most):
            page = self.get(path, asked, who)
            assert page.status == 200, page.text
            yield page
            if "nextToken" not in page.body:
                return
            asked["nextToken"] = page.body["nextToken"]
        raise AssertionError(f"paging does not end after {most} pages")

    def all_events(self, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The events of every page, from 1970 on if no time is given."""
        asked = {"startTime": "1970-01-01T00:00:00Z", "maxResults": "1000", **(parameters or {})}
        return [event for page in self.pages(asked) for event in page.body["events"]]

    def _request(
        self,
        function: str,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None,
        who: Any,
        headers: Mapping[str, str] | None = None,
        request: Mapping[str, Any] | None = None,
    ) -> Answer:
        event = sample("query_events/lookup.json")
        several = {
            name: [value] if isinstance(value, str) else list(value) for name, value in (parameters or {}).items()
        }
        event |= {
            "httpMethod": method,
            "path": path,
            "resource": path,
            "queryStringParameters": {name: values[-1] for name, values in several.items()} or None,
            "multiValueQueryStringParameters": several or None,
            "headers": {**event["headers"], **(headers or {})},
            "body": None,
            **(request or {}),
        }
        event["requestContext"] |= {"path": f"/live{path}", "resourcePath": path, "httpMethod": method}
        event["requestContext"]["authorizer"] = who
        if who is None:
            del event["requestContext"]["authorizer"]
        answer = self.invoke(function, event)
        headers_out = {name: values[-1] for name, values in (answer.get("multiValueHeaders") or {}).items()}
        text = answer["body"]
        return Answer(answer["statusCode"], json.loads(text) if text else None, text, headers_out)

    # The buckets

    def keys(self, prefix: str = "", bucket: str = LAKE) -> list[str]:
        """The keys under a prefix, but for the probe of the store, which many functions leave, and the watermark."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Key"] != PROBE]
        return [key for key in found if prefix == WATERMARKS or not key.startswith(WATERMARKS)]

    def body(self, key: str, bucket: str = LAKE) -> bytes:
        content: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def objects(self, prefix: str = "", bucket: str = LAKE) -> dict[str, bytes]:
        return {key: self.body(key, bucket) for key in self.keys(prefix, bucket)}

    def documents(self, prefix: str) -> list[dict[str, Any]]:
        """The JSON objects under a prefix of the lake bucket, in the order of their keys."""
        return [json.loads(body) for body in self.objects(prefix).values()]

    def commit_of(self, key: str) -> dict[str, Any]:
        """The one commit of a landing object."""
        (commit,) = [commit for commit in self.documents("state/commits/") if commit["key"] == key]
        return commit

    def quarantine_of(self, key: str) -> dict[str, Any]:
        """The one quarantine object of a landing object."""
        (entry,) = [entry for entry in self.documents("quarantine/") if entry["object"] == key]
        return entry

    def download(self, prefix: str, folder: Path) -> Path:
        """The lake's objects under ``prefix`` as files, for readers that know no emulator."""
        for key, body in self.objects(prefix).items():
            target = folder / key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)
        return folder


def notification(key: str, bucket: str = LANDING) -> str:
    """S3's message about a new object: the key is form-encoded, a blank is a plus."""
    record = json.loads(sample("deliver_events/sqs_object_created.json")["Records"][0]["body"])["Records"][0]
    record["s3"]["bucket"] |= {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}
    record["s3"]["object"] |= {"key": quote_plus(key, safe="/")}
    return json.dumps({"Records": [record]})


@contextmanager
def deployed(clock: Clock | None = None) -> Iterator[Deployment]:
    """A fresh deployment for the time of the block."""
    clock = clock or Clock()
    with mock_aws(config={"core": {"reset_boto3_session": False}}), pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setattr("moto.s3.models.utcnow", clock.utcnow)
        deployment = Deployment(clock)
        patch.setenv("DELIVERY_QUEUE_URL", deployment.queue_url)
        patch.setenv("COMPACTION_QUEUE_URL", deployment.compaction_queue_url)
        patch.setenv("COUNTING_QUEUE_URL", deployment.counting_queue_url)
        patch.setenv("EVALUATION_QUEUE_URL", deployment.evaluation_queue_url)
        patch.setenv("INSIGHTS_TOPIC_ARN", deployment.topic_arn)
        secret_key.cache_clear()
        with _calls_of_functions(deployment.called), _listening_to_the_bus(deployment.on_bus):
            yield deployment
        secret_key.cache_clear()


@contextmanager
def _calls_of_functions(called: list[dict[str, Any]]) -> Iterator[None]:
    """Take the place of Lambda where a function calls another one and does not wait."""

    def take(request: Any, **_: Any) -> AWSResponse:
        called.append(json.loads(request.body))
        return AWSResponse(request.url, 202, HTTPHeaders(), MockRawResponse(b""))

    events = _functions().meta.events
    events.register_first("before-send.lambda.Invoke", take)
    try:
        yield
    finally:
        events.unregister("before-send.lambda.Invoke", take)


@contextmanager
def _listening_to_the_bus(heard: list[dict[str, Any]]) -> Iterator[None]:
    """Hear what is put on the event bus; the emulation takes it as well, and keeps nothing."""

    def hear(request: Any, **_: Any) -> None:
        heard.extend(json.loads(entry["Detail"]) for entry in json.loads(request.body)["Entries"])

    events = event_bus._client().meta.events
    events.register_first("before-send.events.PutEvents", hear)
    try:
        yield
    finally:
        events.unregister("before-send.events.PutEvents", hear)
