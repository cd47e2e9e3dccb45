"""A running local stack as its callers see it: addresses, clients, API, functions."""

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from botocore.config import Config
from botocore.exceptions import ConnectionError as UnreachableEndpoint

from tests.local.clients import ACCESS_KEY, SECRET_KEY, client
from tests.local.errors import LocalStackError
from tests.local.home import Home, NotRunning

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# A function may run for five minutes, and is not to be called twice because nobody waited.
PATIENT = Config(read_timeout=320, retries={"max_attempts": 0})


class FunctionFailed(LocalStackError):
    """An invoked function raised an error."""


class UnknownFunction(LocalStackError):
    """No function of the stack has this logical ID."""


@dataclass(frozen=True)
class Answer:
    """What the HTTP API said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class LocalStack:
    """Everything a caller does with the stack that runs in a home, given what its stack.json says."""

    def __init__(self, home: Home, content: Mapping[str, Any]) -> None:
        self.home = home
        self.content = content
        self.landing_bucket: str = content["landing_bucket"]
        self.lake_bucket: str = content["lake_bucket"]
        self.admin_token: str = content["admin_token"]
        self.functions: Mapping[str, str] = content["functions"]

    @classmethod
    def connect(cls, home: Home) -> "LocalStack":
        """The stack that runs in a home."""
        return cls(home, home.read_stack())

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client with the emulator's root credentials."""
        return client(self.content["aws_endpoint_url"], self.content["region"], service, config)

    @cached_property
    def s3(self) -> "S3Client":
        """Buckets and objects."""
        s3: S3Client = self.client("s3")
        return s3

    @cached_property
    def sqs(self) -> "SQSClient":
        """Queues."""
        sqs: SQSClient = self.client("sqs")
        return sqs

    @cached_property
    def functions_api(self) -> Any:
        """The Lambda API."""
        return self.client("lambda", PATIENT)

    @property
    def environment(self) -> dict[str, str]:
        """What the aws command line and SDKs need to find this stack."""
        return {
            "AWS_ENDPOINT_URL": self.content["aws_endpoint_url"],
            "AWS_REGION": self.content["region"],
            "AWS_DEFAULT_REGION": self.content["region"],
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def put_landing(self, key: str, body: bytes) -> None:
        """Land a log object as a cloud's delivery does."""
        self.s3.put_object(Bucket=self.landing_bucket, Key=key, Body=body)

    def api(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 40.0,
    ) -> Answer:
        """Call the HTTP API as a plain client: a token makes the header, bytes go as they are, all else as JSON."""
        address = urlsplit(self.content["api_url"])
        target = address.path + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(address.netloc, timeout=timeout)
        try:
            connection.request(method, target, body=body, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def invoke(self, logical_id: str, event: Any) -> Any:
        """Call a function with an event, as its trigger would, and return its answer."""
        name = self._name_of(logical_id)
        try:
            response = self.functions_api.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        except UnreachableEndpoint:
            raise NotRunning("the stack does not answer: start it with `make up`") from None
        answer = json.loads(response["Payload"].read() or b"null")
        if response.get("FunctionError"):
            raise FunctionFailed(_explain(answer, response.get("LogResult", "")))
        return answer

    def trigger(self, logical_id: str, event: Any) -> None:
        """Call a function without waiting for its answer, as a schedule does."""
        self.functions_api.invoke(
            FunctionName=self._name_of(logical_id), InvocationType="Event", Payload=json.dumps(event)
        )

    def _name_of(self, logical_id: str) -> str:
        try:
            return self.functions[logical_id]
        except KeyError:
            known = ", ".join(sorted(self.functions))
            raise UnknownFunction(f"no function {logical_id!r}; known: {known}") from None


def _explain(answer: Any, log: str) -> str:
    """A function's error, after what it logged: the emulator keeps tracebacks there."""
    said = base64.b64decode(log).decode(errors="replace").strip()
    error = f"{answer.get('errorType', 'Error')}: {answer.get('errorMessage', answer)}" if answer else "no answer"
    return f"{said}\n{error}".strip()
