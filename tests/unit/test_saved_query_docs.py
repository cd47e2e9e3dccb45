"""docs/saved-queries.md says what the code says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trailkeep.saved_queries import store
from trailkeep.saved_queries.operators import OPERATORS
from trailkeep.saved_queries.presets import presets
from trailkeep.saved_queries.request import parse_definition
from trailkeep.saved_queries.saved_query import Condition
from trailkeep.saved_queries.simple import text_of_condition

DOCS = (Path(__file__).parents[2] / "docs" / "saved-queries.md").read_text()
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EXAMPLES = re.findall(r"^```json\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
VALUES = {
    "text": "alice",
    "part": "alice",
    "texts": ("alice", "bob"),
    "amount": "5",
    "network": "192.0.2.0/24",
    "nothing": None,
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_can_be_saved(example: str) -> None:
    parse_definition(json.loads(example), NOW)


def test_the_text_of_the_simple_one_is_as_printed() -> None:
    (simple,) = [each for each in map(json.loads, EXAMPLES) if "conditions" in each]
    assert f"This is `{parse_definition(simple, NOW).query}`." in DOCS


def test_the_operators_are_those_of_the_code() -> None:
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \| `(.+?)` \|$", DOCS, re.MULTILINE)

    assert documented == [
        (name, operator.wants, text_of_condition(Condition("user", name, VALUES[operator.wants])))
        for name, operator in OPERATORS.items()
    ]


def test_every_preset_is_listed_with_its_parameters() -> None:
    documented = re.findall(r"^\| `(preset-[\w-]+)` \| \*\*(.+?)\.\*\* (.+?) \|$", DOCS, re.MULTILINE)

    assert documented == [
        (preset.id, preset.name, preset.description + _parameters([each.name for each in preset.parameters]))
        for preset in presets().values()
    ]


def _parameters(names: list[str]) -> str:
    return f" Parameters: {', '.join(f'`{name}`' for name in names)}." if names else ""


def test_the_limit_is_the_one_that_counts() -> None:
    assert f"There may be {store.MOST:,} saved queries" in DOCS
