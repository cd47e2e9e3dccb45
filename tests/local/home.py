"""The folder that holds everything of one local stack: data, state, addresses, logs, locks.

Several stacks live side by side when each has a folder and a port of its own. Two locks say who uses a folder: one is
held by the command that runs the stack, one by the emulator itself, so that an emulator which outlived its command
is still found. Locks are kernel locks (flock): they vanish with their process, however it ends.
"""

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.local.errors import LocalStackError

DEFAULT_HOME = ".trailkeep"


class HomeInUse(LocalStackError):
    """Another command runs the stack of this folder."""


class NotRunning(LocalStackError):
    """No stack runs in this folder."""


class Home:
    """Paths and locks of one local stack."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().resolve()
        self.stack_file = self.path / "stack.json"
        self.token_file = self.path / "admin-token"
        self.command_lock = self.path / "command.lock"
        self.emulator_lock = self.path / "emulator.lock"
        self.emulator_log = self.path / "emulator.log"
        self.state = self.path / "state"
        self.objects = self.path / "s3"
        self.scratch = self.path / "tmp"

    @classmethod
    def from_environment(cls) -> "Home":
        """The folder named by TRAILKEEP_HOME, else `.trailkeep` in the working directory."""
        return cls(os.environ.get("TRAILKEEP_HOME") or DEFAULT_HOME)

    def create(self) -> None:
        """Make the folder, readable by its owner alone: it holds unmasked events and a token."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        for folder in (self.state, self.objects, self.scratch):
            folder.mkdir(exist_ok=True)

    def write_stack(self, content: Mapping[str, Any]) -> None:
        """Publish the running stack's addresses and token."""
        _write_private(self.stack_file, json.dumps(content, indent=2) + "\n")

    def read_stack(self) -> dict[str, Any]:
        """Addresses and token of the running stack."""
        try:
            content = json.loads(self.stack_file.read_text())
        except FileNotFoundError:
            raise NotRunning(f"no stack runs in {self.path}: start one with `make up`") from None
        if not isinstance(content, dict):
            raise NotRunning(f"{self.stack_file} is damaged: start the stack again with `make up`")
        return content

    def withdraw_stack(self) -> None:
        """Remove the addresses: they are there only while they answer."""
        self.stack_file.unlink(missing_ok=True)

    def write_token(self, token: str) -> None:
        """Keep the admin token for later starts."""
        _write_private(self.token_file, token + "\n")

    def read_token(self) -> str | None:
        """The admin token of an earlier start, if there was one."""
        try:
            return self.token_file.read_text().strip() or None
        except FileNotFoundError:
            return None

    @contextmanager
    def claim(self, patience: float = 3.0) -> Iterator[None]:
        """Be the one command that runs this folder's stack; wait a little for one that is just stopping."""
        self.create()
        with self.command_lock.open("a+") as handle:
            deadline = time.monotonic() + patience
            while not _try_lock(handle.fileno()):
                if time.monotonic() > deadline:
                    raise HomeInUse(f"{self.path} is used by a running stack (process {holder(self.command_lock)})")
                time.sleep(0.1)
            handle.seek(0)
            handle.truncate()
            handle.write(str(os.getpid()))
            handle.flush()
            try:
                yield
            finally:
                handle.seek(0)
                handle.truncate()


def holder(lock: Path) -> int | None:
    """The process that holds a lock, None when it is free."""
    if not lock.exists():
        return None
    with lock.open("r+") as handle:
        if _try_lock(handle.fileno()):
            return None
        text = handle.read().strip()
    return int(text) if text.isdigit() else None


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise
    return True


def _write_private(path: Path, text: str) -> None:
    """Write a file whole, with mode 600 from its first byte on."""
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    scratch.replace(path)
