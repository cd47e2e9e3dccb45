"""What runs in the emulator's own environment: MiniStack, made safe to kill.

Started as `<python of .venv/stack> emulator_process.py <home>` with a pipe as standard input; imports nothing of ours,
since that environment holds only the emulator. It adds five things to MiniStack:

- It lives no longer than the command that started it. When that ends, however it ends, the pipe closes and the
  emulator shuts down cleanly, so that nothing stays behind and the state is on disk.
- Its state on disk is replaced as a whole or not at all. MiniStack writes a file per service; killed between two of
  them it would come back with, say, the functions of the new deployment and the stack of the old one.
- An object overwritten at the moment of a kill has its new bytes and its old description: that is put right.
- A deployment under way is never saved: no later start could finish it. The state before it stays.
- Requests count as encrypted: they never leave the machine, and so the template's policies that demand TLS hold as
  they are.
"""

import fcntl
import hashlib
import importlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOCK_PATIENCE_SECONDS = 15.0
# How the emulator ends the name of the file that describes an object.
DESCRIPTION = ".meta.json"


def main() -> None:
    """Run the emulator of one home until it is told to stop or its parent is gone."""
    home = Path(sys.argv[1])
    lock, was_killed = _hold(home / "emulator.lock")
    state, previous = home / "state", home / "state.previous"
    _settle(state, previous)
    if was_killed:
        _mend(home / "s3")
    threading.Thread(target=_end_with_parent, args=(home,), name="end-with-parent", daemon=True).start()

    sys.argv = ["ministack"]
    emulator: Any = importlib.import_module("ministack.app")
    emulator.save_all = _as_a_whole(emulator.save_all, state, previous)
    pin = emulator.pin_request_origin
    emulator.pin_request_origin = lambda source_ip, secure: pin(source_ip, True)
    emulator.main()
    os.ftruncate(lock, 0)


def _hold(path: Path) -> tuple[int, bool]:
    """Take the emulator's lock for the life of this process, and leave our process number in it while we live.

    A number that is there already is that of an emulator that was killed.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"another emulator still uses {path.parent}")
            time.sleep(0.05)
    was_killed = bool(os.pread(lock, 1, 0))
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock, was_killed


def _end_with_parent(home: Path) -> None:
    """Wait for the pipe to close, then ask ourselves to stop as an operator would."""
    while os.read(0, 1024):
        pass
    # A command that ended in good order has withdrawn the addresses already; one that was killed has not.
    (home / "stack.json").unlink(missing_ok=True)
    os.kill(os.getpid(), signal.SIGTERM)


def _settle(state: Path, previous: Path) -> None:
    """Undo a save that was cut short: the copy made before it is the last state known to be whole."""
    if previous.is_dir():
        shutil.rmtree(state, ignore_errors=True)
        previous.rename(state)
    state.mkdir(exist_ok=True)


def _mend(objects: Path) -> None:
    """Let the descriptions of objects tell the truth about their bytes, which are written first."""
    for description in objects.rglob(f"*{DESCRIPTION}"):
        content = description.with_name(description.name.removesuffix(DESCRIPTION))
        if not content.is_file():
            continue
        told = json.loads(description.read_text())
        newer = content.stat().st_mtime_ns > description.stat().st_mtime_ns
        if told.get("is_delete_marker") or not (newer or told.get("size") != content.stat().st_size):
            continue
        body = content.read_bytes()
        told |= {"size": len(body), "etag": f'"{hashlib.md5(body).hexdigest()}"', "checksums": {}}
        draft = description.with_name(f"{description.name}.tmp")
        draft.write_text(json.dumps(told))
        draft.replace(description)


def _as_a_whole(save_all: Callable[..., None], state: Path, previous: Path) -> Callable[..., None]:
    """Wrap MiniStack's save so that a kill in its midst loses nothing of the last one."""

    def save(services: dict[str, Callable[[], Any]]) -> None:
        if _deploying(services):
            return
        unfinished = previous.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        # Links cost nothing, and the save replaces files instead of writing into them.
        shutil.copytree(state, unfinished, copy_function=os.link)
        unfinished.rename(previous)
        save_all(services)
        # Renamed first: a half-removed copy must not be taken for a whole one.
        previous.rename(unfinished)
        shutil.rmtree(unfinished)

    return save


def _deploying(services: dict[str, Callable[[], Any]]) -> bool:
    """Whether a CloudFormation stack is in the middle of an operation."""
    formation = services.get("cloudformation")
    return formation is not None and "_IN_PROGRESS'" in repr(
        [record.get("StackStatus") for record in formation()["stacks"]._data.values()]
    )


if __name__ == "__main__":
    main()
