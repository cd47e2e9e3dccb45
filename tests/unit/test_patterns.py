"""Regular expressions that every Python since 3.11.0 understands alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "layers" / "core" / "trailkeep"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_group_is_repeated_possessively(path: Path) -> None:
    """Python before 3.11.5 matches too much by ``(?:…)*+``; ``(?>(?:…)*)`` is the same, and right."""
    assert not re.findall(r"(?<!\\)\)[*+?]\+", path.read_text())
