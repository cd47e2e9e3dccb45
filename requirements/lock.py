"""Write every requirements file anew, with the newest versions that fit together: `make lock`.

One file serves Python 3.11 to 3.13 on every platform, and names no package index: whoever installs brings their own.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The tracing SDK wants botocore, which the Lambda runtime has: a second copy in a layer would weigh 30 MB and shadow
# the runtime's own under its boto3. The layer's Makefile therefore installs with --no-deps.
PROVIDED_BY_RUNTIME = ("botocore", "python-dateutil", "six", "urllib3")
# In this order: the development environment holds what the layers hold, in the same versions.
LOCKS: dict[str, tuple[str, ...]] = {
    "layers/core/requirements.in": PROVIDED_BY_RUNTIME,
    "layers/arrow/requirements.in": (),
    "layers/numpy/requirements.in": (),
    "layers/sql/requirements.in": (),
    "requirements/dev.in": (),
    "requirements/stack.in": (),
    "requirements/sam.in": (),
    "requirements/bench.in": (),
}


def lock(source: Path, excluded: tuple[str, ...]) -> None:
    """Resolve `source` into the .txt beside it."""
    target = source.with_suffix(".txt")
    target.touch()  # a resolution keeps the versions it finds here unless asked to upgrade
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--upgrade"]
    command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-strip-extras"]
    command += ["--no-emit-index-url", "--no-emit-find-links", source.name, "--output-file", target.name]
    command += [part for name in excluded for part in ("--no-emit-package", name)]
    subprocess.run(command, cwd=source.parent, check=True)
    target.write_text(extras_first(target.read_text()))


def extras_first(locked: str) -> str:
    """Put `name[extra]==…` before all others.

    pip before 23.3 does not know that such a pin also binds `name`, and refuses the file where another package's
    wish for plain `name` comes first.
    """
    entries = re.split(r"^(?=[A-Za-z0-9])", locked, flags=re.MULTILINE)
    return "".join(sorted(entries, key=lambda entry: "[" not in entry.split("==")[0]))


if __name__ == "__main__":
    for path, excluded in LOCKS.items():
        lock(ROOT / path, excluded)
        print(path.replace(".in", ".txt"))
