"""The README's commands, run as they are printed, answer as it says.

In a `console` block a line with `$ ` is a command, what follows is its output, and `…` stands for anything.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.local.fixtures import stack_home
from tests.local.stack import LocalStack

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()


@dataclass(frozen=True)
class Step:
    """A command of the README and the output printed below it."""

    command: str
    output: str

    def matches(self, said: str) -> bool:
        pattern = ".*".join(re.escape(part) for part in self.output.strip().split("…"))
        return re.fullmatch(pattern, said.strip(), re.DOTALL) is not None


def steps(section: str) -> list[Step]:
    """The commands of a section, in order."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Step(command, output))
    assert found, f"the README has no commands under {section}"
    return found


class Shell:
    """One bash for all commands of a section, since they set variables for each other."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT,
            env=environment,
        )  # fmt: skip

    def run(self, command: str) -> tuple[int, str]:
        """A command's exit code and everything it printed."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\nprintf '\\n=-=%s\\n' $?\n")
        self._bash.stdin.flush()
        said = ""
        for line in self._bash.stdout:
            if line.startswith("=-="):
                return int(line[3:]), said
            said += line
        raise AssertionError(f"the shell ended: {said}")

    def close(self) -> None:
        self._bash.kill()
        self._bash.wait()
        for pipe in (self._bash.stdin, self._bash.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def environment(stack: LocalStack) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE", "MFLAGS"))}
    path = f"{PROJECT}/.venv/bin:{os.environ['PATH']}"
    return {**inherited, "TRAILKEEP_HOME": str(stack_home(stack)), "PATH": path}


@pytest.fixture
def shell(environment: dict[str, str]) -> Iterator[Shell]:
    bash = Shell(environment)
    yield bash
    bash.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's examples use curl, which is not installed")
def test_everything_under_try_it_works_as_printed(shell: Shell) -> None:
    for step in steps("Try it"):
        code, said = shell.run(step.command)
        assert code == 0, f"{step.command}\n{said}"
        assert step.matches(said), f"{step.command}\nanswered\n{said}\nand not\n{step.output}"


def test_the_first_token_is_issued_as_printed(stack: LocalStack, environment: dict[str, str]) -> None:
    (step,) = [step for step in steps("Deploying to AWS") if step.command.startswith("aws lambda invoke")]
    command = step.command.replace("<IssueTokenFunctionName>", stack.functions["IssueTokenFunction"])
    done = subprocess.run(
        ["bash", "-c", command], env={**environment, **stack.environment}, cwd=PROJECT, capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r'"token": ?"tk_\w+"', done.stdout)


@pytest.mark.thorough
@pytest.mark.timeout(420)
def test_the_demo_works_as_printed(tmp_path: Path) -> None:
    (demo,) = [step for step in steps("See it work") if step.command == "make demo"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment |= {"TRAILKEEP_HOME": str(tmp_path / "home"), "TRAILKEEP_PORT": "0"}
    done = subprocess.run(demo.command.split(), env=environment, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert demo.matches(done.stdout), done.stdout


def test_every_make_command_in_the_readme_exists_and_none_is_missing() -> None:
    listed = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^make (\w+)", listed, re.MULTILINE))
    mentioned = set(re.findall(r"`?make (?:-s )?([a-z]+)", README)) - {"that"}
    assert mentioned <= targets
    assert targets - mentioned <= {"lock", "clean"}, "for those who work on Trailkeep itself"


def test_every_file_in_the_readme_exists() -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (PROJECT / path).exists(), path
    for path in re.findall(r"events/[\w./-]+\.json", README):
        assert (PROJECT / path).exists(), path
