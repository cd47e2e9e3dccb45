"""Starting the stack, keeping it, stopping it: what `make up`, `make demo` and the end-to-end tests share."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.local import recovery
from tests.local.clients import client
from tests.local.deployment import Deployed, deploy, stands
from tests.local.emulator import LOOPBACK, REGION, Emulator
from tests.local.errors import LocalStackError
from tests.local.home import Home
from tests.local.layers import Interpreter, LayerStore
from tests.local.package import package
from tests.local.stack import LocalStack

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 4566
STACK_NAME = "trailkeep"
ARTIFACTS_BUCKET = "trailkeep-artifacts"
# Nobody pays for runs here, and somebody watches: what a cloud does every five minutes is done every minute.
# Notifications arrive at once or, after a kill, never: a sweep need not wait for them.
PARAMETERS = {
    "SweepSchedule": "rate(1 minute)",
    "SweepMinimumAgeSeconds": "1",
    "DetectSchedule": "rate(1 minute)",
    "InsightPatienceSeconds": "75",
    # Each delivery takes a processor.
    "DeliveryConcurrency": str(max(2, min(os.cpu_count() or 2, 10))),
}

Say = Callable[[str], None]


class NotInstalled(LocalStackError):
    """The emulator's virtual environment is missing."""


@contextmanager
def running_stack(
    home: Home,
    port: int = DEFAULT_PORT,
    *,
    say: Say = lambda line: None,
    project: Path = PROJECT,
    stack_python: Path | None = None,
    parameters: Mapping[str, str] = PARAMETERS,
) -> Iterator[LocalStack]:
    """The stack, deployed and answering, for as long as the block runs; port 0 takes a free one."""
    python = stack_python or PROJECT / ".venv" / "stack" / "bin" / "python"
    if not python.exists():
        raise NotInstalled(f"{python} is missing: `make up` and `make demo` install it")
    with home.claim():
        home.withdraw_stack()
        emulator = Emulator(home, port, python)
        try:
            yield _bring_up(home, emulator, python, project, parameters, say)
        finally:
            home.withdraw_stack()
            emulator.stop()


def _bring_up(
    home: Home, emulator: Emulator, python: Path, project: Path, parameters: Mapping[str, str], say: Say
) -> LocalStack:
    say("Layers and functions: packing")
    layers = LayerStore(PROJECT / ".venv" / "layers", Interpreter.of(python))
    packed = package(project / "template.yaml", layers, bucket=ARTIFACTS_BUCKET, region=REGION, parameters=parameters)

    say(f"Emulator: starting on {emulator.url}")
    emulator.start()
    if not stands(_client(emulator, "cloudformation"), STACK_NAME) and recovery.has_objects(home, ARTIFACTS_BUCKET):
        say("The stack was forgotten, its objects were not: keeping them for the new one")
        emulator.kill()
        recovery.set_aside(home)
        emulator.start()

    say("Template: deploying")
    _upload(_client(emulator, "s3"), packed.files)
    template_url = f"{emulator.url}/{ARTIFACTS_BUCKET}/{packed.template_key}"
    deployed = deploy(_client(emulator, "cloudformation"), STACK_NAME, template_url, parameters)
    _clean(_client(emulator, "s3"), packed.files)
    buckets = list(deployed.of_type("AWS::S3::Bucket").values())
    if deployed.changed or recovery.waiting(home, buckets):
        # A clean stop puts the emulator's state on disk: from here on a kill forgets neither stack nor secrets.
        emulator.stop()
        recovery.bring_back(home, buckets)
        emulator.start()

    stack = LocalStack(home, _content(home, emulator, deployed))
    home.write_stack(stack.content)
    # Notifications that were lost with a killed emulator: their objects are found and delivered now.
    stack.trigger("SweepLandingFunction", {})
    return stack


def _client(emulator: Emulator, service: str) -> Any:
    return client(emulator.url, REGION, service)


def _upload(s3: Any, files: Mapping[str, bytes]) -> None:
    """Put the files where the deployment looks for them, unless they are there."""
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ARTIFACTS_BUCKET)
    for key in files.keys() - _present(s3):
        s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=key, Body=files[key])


def _clean(s3: Any, files: Mapping[str, bytes]) -> None:
    """Remove the files of earlier deployments."""
    for key in _present(s3) - files.keys():
        s3.delete_object(Bucket=ARTIFACTS_BUCKET, Key=key)


def _present(s3: Any) -> set[str]:
    return {row["Key"] for row in s3.list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", [])}


def _content(home: Home, emulator: Emulator, deployed: Deployed) -> dict[str, Any]:
    """What stack.json says."""
    (api,) = deployed.of_type("AWS::ApiGateway::RestApi").values()
    (stage,) = deployed.of_type("AWS::ApiGateway::Stage").values()
    content = {
        "api_url": f"http://{LOOPBACK}:{emulator.port}/restapis/{api}/{stage}/_user_request_",
        "console_url": None,
        "actiontrail_endpoint": None,
        "aws_endpoint_url": emulator.url,
        "region": REGION,
        "landing_bucket": deployed.outputs["LandingBucketName"],
        "lake_bucket": deployed.outputs["LakeBucketName"],
        "admin_token": "",
        "functions": deployed.of_type("AWS::Lambda::Function"),
    }
    content["admin_token"] = _admin_token(home, LocalStack(home, content))
    return content


def _admin_token(home: Home, stack: LocalStack) -> str:
    """The admin token of earlier starts while it works, else a new one, issued as on AWS: by invoking the function."""
    token = home.read_token()
    if token is None or stack.api("GET", "/v1/me", token=token).status != 200:
        answer = stack.invoke("IssueTokenFunction", {"name": "local admin"})
        token = str(answer["token"])
        home.write_token(token)
    return token
