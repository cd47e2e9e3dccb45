"""The layers as the functions of a local stack see them.

On AWS a layer is unpacked below /opt once. Here it is unpacked once below `.venv/layers`, and the layer's archive only
leads there: the emulator unpacks a layer anew for every worker that it starts, and with 150 MB each (and no compiled
modules in them) a cold start would take seconds. Layers are built for the Python that runs the functions locally, from
the same pins as for AWS; folders are named for what went into them, so that nothing is built twice and a running stack
never changes under its feet.
"""

import hashlib
import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.local.errors import LocalStackError

REQUIREMENTS = "requirements.txt"


class LayerFailed(LocalStackError):
    """The packages of a layer could not be installed."""


@dataclass(frozen=True)
class Interpreter:
    """The Python that runs the functions of the local stack."""

    program: Path
    # Such as "3.11" and "cp311-linux-x86_64".
    version: str
    platform: str

    @classmethod
    def of(cls, program: Path) -> "Interpreter":
        """Ask a Python who it is."""
        question = "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_platform())"
        answer = subprocess.run([str(program), "-c", question], capture_output=True, text=True, check=True).stdout
        version, platform = answer.split()
        return cls(program, version, f"cp{version.replace('.', '')}-{platform}")


class LayerStore:
    """Unpacked layers, below one folder."""

    def __init__(self, folder: Path, interpreter: Interpreter) -> None:
        self._folder = folder
        self._interpreter = interpreter

    def archive(self, source: Path) -> bytes:
        """The archive to deploy for a layer folder (its pins and its own packages), made ready to be imported."""
        folders = [*self._own_packages(source), self._third_party(source / REQUIREMENTS)]
        # A line of a .pth file may be a statement. The layer has to come before the emulator's own packages.
        lines = "".join(f"import sys; sys.path.insert(0, {str(folder)!r})\n" for folder in reversed(folders))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            place = f"python/lib/python{self._interpreter.version}/site-packages/{source.name}.pth"
            archive.writestr(zipfile.ZipInfo(place), lines)
        return buffer.getvalue()

    def _third_party(self, requirements: Path) -> Path:
        """The pinned packages, installed."""
        name = f"{requirements.parent.name}-packages-{self._interpreter.platform}-{digest([requirements])}"

        def install(folder: Path) -> None:
            command = [str(self._interpreter.program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--compile"]
            command += ["--target", str(folder), "--requirement", str(requirements)]
            result = subprocess.run(command, capture_output=True, text=True)
            if result.returncode != 0:
                raise LayerFailed(f"pip could not install {requirements}:\n{result.stderr.strip()}")

        return _made_once(self._folder / name, install)

    def _own_packages(self, source: Path) -> list[Path]:
        """The layer's own packages if it has some, copied: later edits are for the next deployment."""
        packages = sorted(folder.parent for folder in source.glob("*/__init__.py"))
        files = sorted(path for package in packages for path in package.rglob("*") if is_source(path))

        def copy(folder: Path) -> None:
            for path in files:
                place = folder / path.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)

        return [_made_once(self._folder / f"{source.name}-{digest(files, source)}", copy)] if files else []


def digest(files: Iterable[Path], root: Path | None = None) -> str:
    """A short name for the content of files (and, below a root, for their places)."""
    found = hashlib.sha256()
    for path in files:
        name = str(path.relative_to(root)) if root else ""
        content = path.read_bytes()
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()[:16]


def is_source(path: Path) -> bool:
    """Whether a file is part of a package, not a by-product of running it."""
    return path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"


def _made_once(target: Path, make: Callable[[Path], None]) -> Path:
    """A folder that is complete as soon as it exists, whoever else is making it at the same time."""
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            make(draft)
            draft.chmod(0o755)
            draft.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target
