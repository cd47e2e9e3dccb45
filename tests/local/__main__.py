"""The commands of the local stack: `python -m tests.local up|down|env|invoke|demo` (see `make help`)."""

import argparse
import json
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType

from tests.local import processes
from tests.local.emulator import EmulatorFailed, clear_leftovers
from tests.local.errors import LocalStackError
from tests.local.home import Home, holder
from tests.local.stack import LocalStack
from tests.local.up import DEFAULT_PORT, running_stack


class Stopped(BaseException):
    """Someone asked this command to end: Ctrl-C, a signal, `down`, or the end of the `make` that runs it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the stack and keep it until Ctrl-C")
    commands.add_parser("down", help="stop the stack of this home, wherever it was started")
    commands.add_parser("env", help="print the running stack's addresses and credentials for a shell to evaluate")
    commands.add_parser("demo", help="start the stack, show what it does, stop it")
    invoke = commands.add_parser("invoke", help="invoke a function of the running stack")
    invoke.add_argument("--function", required=True, metavar="LOGICAL_ID")
    invoke.add_argument("--event", required=True, type=Path, metavar="FILE")
    chosen = parser.parse_args(arguments)

    home = Home.from_environment()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _stop)
    try:
        match chosen.command:
            case "up":
                return up(home)
            case "down":
                return down(home)
            case "env":
                print("\n".join(exports(LocalStack.connect(home))))
                return 0
            case "invoke":
                return invoke_function(home, chosen.function, chosen.event)
            case _:
                return demo(home)
    except LocalStackError as failure:
        print(failure, file=sys.stderr)
        return 1
    except Stopped:
        return 0 if chosen.command == "up" else 130


def up(home: Home) -> int:
    """Run the stack in the foreground."""
    parent = os.getppid() if "MAKELEVEL" in os.environ else None
    with running_stack(home, port(), say=lambda line: print(line, flush=True)) as stack:
        print(_welcome(home, stack), flush=True)
        while True:
            time.sleep(0.3)
            if holder(home.emulator_lock) is None:
                raise EmulatorFailed("the emulator ended by itself, nothing in the buckets is lost: `make up` again")
            if parent is not None and os.getppid() != parent:
                # `make` was killed and nobody is left to press Ctrl-C.
                return 1


def down(home: Home) -> int:
    """Stop the stack of a home; fine when there is none."""
    pid = holder(home.command_lock)
    if pid is not None:
        processes.end(pid, patience=30.0)
    found = clear_leftovers(home) or pid is not None
    home.withdraw_stack()
    print(f"stopped the stack of {home.path}" if found else f"no stack runs in {home.path}")
    return 0


def exports(stack: LocalStack) -> list[str]:
    """The running stack as lines for a shell."""
    own = {"API": stack.content["api_url"], "TOKEN": stack.admin_token, "LANDING": stack.landing_bucket}
    return [f"export {name}={shlex.quote(value)}" for name, value in {**own, **stack.environment}.items()]


def invoke_function(home: Home, logical_id: str, event_file: Path) -> int:
    """Print a function's answer to an event."""
    try:
        event = json.loads(event_file.read_text())
    except (OSError, ValueError) as error:
        print(f"cannot read the event {event_file}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(LocalStack.connect(home).invoke(logical_id, event), indent=2, ensure_ascii=False))
    return 0


def demo(home: Home) -> int:
    """Show the main job on real input: in a home of its own, emptied first, unless one is named."""
    from tests.local.demo import PARAMETERS, run

    if not os.environ.get("TRAILKEEP_HOME"):
        home = Home(home.path / "demo")
        if holder(home.command_lock) is None:
            clear_leftovers(home)
            shutil.rmtree(home.path, ignore_errors=True)
    # A stack of `make up` may be running beside it.
    say = partial(print, flush=True)
    with running_stack(home, port(default=0), say=say, parameters=PARAMETERS) as stack:
        return run(stack)


def port(default: int = DEFAULT_PORT) -> int:
    """The port named by TRAILKEEP_PORT; 0 is any free one."""
    text = os.environ.get("TRAILKEEP_PORT") or str(default)
    if not text.isdigit() or int(text) > 65535:
        raise LocalStackError(f"TRAILKEEP_PORT must be a port number, not {text!r}")
    return int(text)


def _stop(sign: int, frame: FrameType | None) -> None:
    """End in good order, and once: a second Ctrl-C must not interrupt the clean-up."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


def _welcome(home: Home, stack: LocalStack) -> str:
    lines = [
        "",
        f"API            {stack.content['api_url']}",
        f"Console        {stack.content['console_url'] or 'not built yet'}",
        f"Admin token    {stack.admin_token}",
        f"Landing bucket {stack.landing_bucket}",
        f"All of this    {home.stack_file}",
        "",
        'In another terminal (or there: eval "$(make -s env)"):',
        *(f"  {line}" for line in exports(stack)),
        "  aws s3 cp <log object> s3://$LANDING/",
        "",
        "Ctrl-C stops the stack; its data stays.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
