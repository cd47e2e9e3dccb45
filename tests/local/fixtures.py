"""Stacks for tests: one shared by a session, or one per test for those that kill and change it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.local.emulator import free_port
from tests.local.home import Home, NotRunning
from tests.local.stack import LocalStack
from tests.local.up import PROJECT, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of this session's own: for tests that leave it as it was, but for events that they alone look for."""
    with running_stack(Home(tmp_path_factory.mktemp("stack")), port=0) as running:
        yield running


def stack_home(stack: LocalStack) -> Path:
    """The folder to name in TRAILKEEP_HOME for commands that shall find a stack."""
    return stack.home.path


class Command:
    """`up` as a process of its own, so that it can be killed."""

    def __init__(self, home: Home, port: int) -> None:
        self.home = home
        self.log = home.path.with_suffix(".log")
        self.environment = {**os.environ, "TRAILKEEP_HOME": str(home.path), "TRAILKEEP_PORT": str(port)}
        # The test run itself may have been started by make; `up` here was not.
        self.environment.pop("MAKELEVEL", None)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to start the stack."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.line("up"), env=self.environment, cwd=PROJECT, stdout=log, stderr=log)

    def up(self, patience: float = 90.0) -> LocalStack:
        """Start the stack and return when it answers."""
        # What a killed one left there would answer for this one.
        self.home.withdraw_stack()
        self.start()
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return LocalStack.connect(self.home)
            except NotRunning:
                time.sleep(0.05)
        raise AssertionError(f"up did not come up: {self.log.read_text()}")

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The running `up`."""
        assert self._process is not None
        return self._process

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run another command on the same home to its end."""
        return subprocess.run(
            self.line(*arguments), env=self.environment, cwd=PROJECT, capture_output=True, text=True, timeout=90
        )

    @staticmethod
    def line(*arguments: str) -> list[str]:
        """The command line of a command."""
        return [sys.executable, "-m", "tests.local", *arguments]


@contextmanager
def commands(folder: Path) -> Iterator[Command]:
    """Commands on a home of their own; whatever still runs at the end is stopped."""
    command = Command(Home(folder / "home"), free_port())
    command.home.create()
    try:
        yield command
    finally:
        command.run("down")
