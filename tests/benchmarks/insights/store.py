"""Accounts that were made before are kept, as long as nothing changes that makes them."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

from tests.benchmarks.insights.world import Account, World

_HERE = Path(__file__).parent
_MAKERS = sorted((_HERE / "world.py", *(_HERE / "accounts").glob("*.*"), *(_HERE / "attacks").glob("*.py")))


def account_of(world: World, number: int, folder: Path | None) -> Account:
    """An account of a world: from the folder, or made and kept there."""
    if folder is None:
        return world.account(number)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _MAKERS))
    digest.update(f"{world} {number}".encode())
    path = folder / f"{digest.hexdigest()[:32]}.pickle"
    if path.exists():
        kept: Account = pickle.loads(path.read_bytes())
        return kept
    account = world.account(number)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(account, protocol=5))
    return account
