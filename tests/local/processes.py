"""Ending processes that belong to a local stack, and only those."""

import os
import signal
import subprocess
import time
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether a process runs (one that has ended but was not waited for does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def end(pid: int, *, patience: float) -> None:
    """Ask a process to stop, and kill it when it has not after some seconds."""
    for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        if gone(pid, seconds):
            return


def gone(pid: int, seconds: float) -> bool:
    """Wait for a process to end; False when it has not."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def workers_of(scratch: Path) -> list[int]:
    """The emulator's function workers: they run a script from the home's scratch folder, which no other stack has."""
    marker = f"{scratch}/ministack-lambda-"
    return [pid for pid, command in _commands() if marker in command and pid != os.getpid()]


def kill_workers(scratch: Path) -> int:
    """Kill the workers an emulator left behind; returns how many there were."""
    pids = workers_of(scratch)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for pid in pids:
        gone(pid, 5.0)
    return len(pids)


def _commands() -> list[tuple[int, str]]:
    """Every process with its command line: from /proc where there is one (slim images have no `ps`), else from `ps`."""
    proc = Path("/proc/self/cmdline")
    if proc.exists():
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    found.append((int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
                except (OSError, UnicodeDecodeError):
                    continue
        return found
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
    rows = (line.strip().partition(" ") for line in listing.splitlines())
    return [(int(pid), command) for pid, _, command in rows]
