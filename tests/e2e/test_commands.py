"""`up`, `down` and `invoke` as a person uses them."""

import json
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.trail import events, found, ids, log_object, wait_for
from tests.local import processes
from tests.local.fixtures import Command, commands
from tests.local.home import holder
from tests.local.up import PROJECT

pytestmark = pytest.mark.thorough


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    with commands(tmp_path) as command:
        yield command


def test_the_life_of_a_stack(command: Command, tmp_path: Path) -> None:
    stack = command.up()
    assert wait_for(lambda: "Ctrl-C stops" in command.log.read_text(), 10.0)
    log = command.log.read_text()

    assert set(stack.content) == {
        "api_url",
        "console_url",
        "actiontrail_endpoint",
        "aws_endpoint_url",
        "region",
        "landing_bucket",
        "lake_bucket",
        "admin_token",
        "functions",
    }
    assert stat.S_IMODE(command.home.stack_file.stat().st_mode) == 0o600
    assert stack.admin_token in log
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in log

    exported = command.run("env").stdout
    assert f"export TOKEN={stack.admin_token}\n" in exported
    assert f"export API={stack.content['api_url']}\n" in exported

    again = command.run("up")
    assert again.returncode == 1
    assert "used by a running stack" in again.stderr
    assert stack.api("GET", "/v1/me", token=stack.admin_token).status == 200

    event = tmp_path / "event.json"
    event.write_text(json.dumps({"name": "second", "scopes": ["view"]}))
    issued = command.run("invoke", "--function", "IssueTokenFunction", "--event", str(event))
    assert issued.returncode == 0, issued.stderr
    assert stack.api("GET", "/v1/me", token=json.loads(issued.stdout)["token"]).json["scopes"] == ["view"]
    event.write_text(json.dumps({"name": "third", "scopes": ["everything"]}))
    failed = command.run("invoke", "--function", "IssueTokenFunction", "--event", str(event))
    assert failed.returncode == 1
    assert "scopes" in failed.stderr
    unknown = command.run("invoke", "--function", "MakeCoffee", "--event", str(event))
    assert unknown.returncode == 1
    assert "IssueTokenFunction" in unknown.stderr

    down = command.run("down")
    assert down.returncode == 0
    assert command.process.wait(10) == 0
    assert not command.home.stack_file.exists()
    assert processes.workers_of(command.home.scratch) == []
    assert holder(command.home.emulator_lock) is None
    assert command.run("down").returncode == 0
    idle = command.run("invoke", "--function", "IssueTokenFunction", "--event", str(event))
    assert idle.returncode == 1
    assert "make up" in idle.stderr


def test_a_clean_stop_keeps_everything(command: Command) -> None:
    stack = command.up()
    landed = events(20, "before")
    stack.put_landing("before.json.gz", log_object(landed))
    assert wait_for(lambda: len(found(stack, "before")) == 20)
    command.process.send_signal(signal.SIGINT)
    assert command.process.wait(20) == 0

    resumed = command.up()
    assert resumed.admin_token == stack.admin_token
    assert resumed.content == stack.content
    assert ids(found(resumed, "before")) == ids(landed)
    resumed.put_landing("after.json.gz", log_object(events(5, "after")))
    assert wait_for(lambda: len(found(resumed, "after")) == 5)


def test_a_taken_port_is_said(command: Command, tmp_path: Path) -> None:
    stack = command.up()
    port = stack.content["aws_endpoint_url"].rpartition(":")[2]
    environment = {**command.environment, "TRAILKEEP_HOME": str(tmp_path / "other")}
    other = subprocess.run(Command.line("up"), env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert other.returncode == 1
    assert f"port {port} is taken" in other.stderr
    assert stack.api("GET", "/v1/me", token=stack.admin_token).status == 200


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="listening sockets are read from /proc")
def test_it_listens_on_this_machine_alone(command: Command) -> None:
    command.up()
    pid = holder(command.home.emulator_lock)
    assert pid is not None
    sockets = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                listening.add(fields[1].partition(":")[0])
    assert listening == {"0100007F"}
