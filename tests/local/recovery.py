"""When the emulator has forgotten its stack but objects are there: deploy anew, and give the buckets their objects.

CloudFormation does not take over what exists, neither here nor on AWS. So the folders of the buckets step aside while
the stack is created, and come back while the emulator is down. Nothing is ever deleted: objects of a bucket that the
template no longer has stay aside.
"""

import shutil
from collections.abc import Collection
from pathlib import Path

from tests.local.emulator import ACCOUNT
from tests.local.home import Home

# Objects, and earlier versions of objects, as the emulator lays them out.
PARTS = (Path(ACCOUNT), Path(".versions") / ACCOUNT)


def has_objects(home: Home, besides: str) -> bool:
    """Whether any bucket but one holds files on disk."""
    return any(
        any(path.is_file() for path in folder.rglob("*"))
        for folder in _folders(home.objects / ACCOUNT)
        if folder.name != besides
    )


def set_aside(home: Home) -> None:
    """Move the objects of all buckets, and what is left of the state, out of the emulator's sight (it must be down)."""
    broken = home.path / "state.broken"
    shutil.rmtree(broken, ignore_errors=True)
    home.state.rename(broken)
    for part in PARTS:
        for folder in _folders(home.objects / part):
            place = _aside(home) / part / folder.name
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                folder.rename(place)


def waiting(home: Home, buckets: Collection[str]) -> bool:
    """Whether objects of some buckets stand aside, perhaps since a start that was cut short."""
    return any(folder.name in buckets for part in PARTS for folder in _folders(_aside(home) / part))


def bring_back(home: Home, buckets: Collection[str]) -> None:
    """Give buckets the objects that were set aside (the emulator must be down)."""
    for part in PARTS:
        for folder in _folders(_aside(home) / part):
            target = home.objects / part / folder.name
            if folder.name not in buckets:
                continue
            if target.exists():
                shutil.copytree(folder, target, dirs_exist_ok=True)
                shutil.rmtree(folder)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                folder.rename(target)


def _aside(home: Home) -> Path:
    return home.path / "s3.aside"


def _folders(path: Path) -> list[Path]:
    return sorted(folder for folder in path.iterdir() if folder.is_dir()) if path.is_dir() else []
