"""Killed at any moment, whichever process it is, the stack comes back by itself: nothing lost, nothing twice."""

import hashlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.trail import Event, events, found, ids, log_object, wait_for
from tests.local import processes
from tests.local.fixtures import Command, commands
from tests.local.home import holder
from tests.local.stack import LocalStack

pytestmark = pytest.mark.thorough


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    with commands(tmp_path) as command:
        yield command


def kill(command: Command, *, emulator: bool, up: bool) -> None:
    pid = holder(command.home.emulator_lock)
    assert pid is not None
    if up:
        command.process.kill()
    if emulator:
        os.kill(pid, signal.SIGKILL)
    command.process.wait(20)


@pytest.mark.parametrize(
    ("emulator", "up"), [(True, False), (False, True), (True, True)], ids=["emulator", "command", "both"]
)
def test_killed_during_delivery(command: Command, emulator: bool, up: bool) -> None:
    stack = command.up()
    landed: dict[str, list[Event]] = {}
    for number in range(40):
        user = f"user-{number % 4}"
        content = events(10, user)
        landed.setdefault(user, []).extend(content)
        stack.put_landing(f"{number:03}.json.gz", log_object(content))
        if number == 25:
            time.sleep(0.3)
    kill(command, emulator=emulator, up=up)

    resumed = command.up()
    assert resumed.admin_token == stack.admin_token
    assert wait_for(lambda: all(len(found(resumed, user)) >= len(rows) for user, rows in landed.items()))
    for user, rows in landed.items():
        assert ids(found(resumed, user)) == ids(rows)


def test_a_killed_command_leaves_nothing_running(command: Command) -> None:
    command.up()
    pid = holder(command.home.emulator_lock)
    assert pid is not None
    command.process.kill()
    command.process.wait()
    assert processes.gone(pid, 10.0)
    assert wait_for(lambda: processes.workers_of(command.home.scratch) == [], 10.0)


def test_a_cursor_outlives_a_kill(command: Command) -> None:
    stack = command.up()
    landed = events(60, "reader")
    stack.put_landing("reader.json.gz", log_object(landed))
    assert wait_for(lambda: len(found(stack, "reader")) == 60)
    first = page(stack, {"user": "reader", "maxResults": 25})
    kill(command, emulator=True, up=True)
    resumed = command.up()
    second = page(resumed, {"user": "reader", "maxResults": 25, "nextToken": first["nextToken"]})
    third = page(resumed, {"user": "reader", "maxResults": 25, "nextToken": second["nextToken"]})
    assert ids(first["events"] + second["events"] + third["events"]) == ids(landed)


def test_killed_while_starting(command: Command) -> None:
    for delay in (0.3, 0.8, 1.2, 1.6):
        command.start()
        time.sleep(delay)
        command.process.kill()
        pid = holder(command.home.emulator_lock)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        command.process.wait()
    stack = command.up()
    stack.put_landing("at-last.json.gz", log_object(events(3, "at-last")))
    assert wait_for(lambda: len(found(stack, "at-last")) == 3)


def test_killed_while_saving(command: Command) -> None:
    stack = command.up()
    stack.put_landing("early.json.gz", log_object(events(3, "early")))
    command.run("down")
    # As a kill between two of the emulator's files leaves it: the copy made before, and a state with a hole.
    home = command.home
    shutil.copytree(home.state, home.path / "state.previous")
    (home.state / "cloudformation.json").unlink()
    (home.state / "secretsmanager.json").write_text("{")
    resumed = command.up()
    assert resumed.admin_token == stack.admin_token
    assert not (home.path / "state.previous").exists()
    assert wait_for(lambda: len(found(resumed, "early")) == 3)


def test_killed_while_overwriting(command: Command) -> None:
    stack = command.up()
    stack.s3.put_object(Bucket=stack.lake_bucket, Key="state/probe.json", Body=b"old")
    kill(command, emulator=True, up=True)
    # The emulator writes an object's bytes first and its description, with the length, second.
    (path,) = command.home.objects.glob(f"*/{stack.lake_bucket}/state/probe.json")
    path.write_bytes(b"new and longer")
    answer = command.up().s3.get_object(Bucket=stack.lake_bucket, Key="state/probe.json")
    assert answer["Body"].read() == b"new and longer"
    assert answer["ETag"] == f'"{hashlib.md5(b"new and longer").hexdigest()}"'


def page(stack: LocalStack, query: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    answer = stack.api("GET", "/v1/events", token=stack.admin_token, query=query)
    assert answer.status == 200, answer.body
    content: dict[str, list[dict[str, object]]] = answer.json
    return content
