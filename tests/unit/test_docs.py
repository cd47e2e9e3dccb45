"""The documentation says what the code says."""

import json
import re
from pathlib import Path

import msgspec

from trailkeep.lookup.filters import FILTERS, SENSITIVE
from trailkeep.lookup.operator_view import operator_row
from trailkeep.lookup.sensitive import COLUMNS, read_groups
from trailkeep.schema import EVENTS

DOCS = Path(__file__).parents[2] / "docs"
LAKE = (DOCS / "lake.md").read_text()
LOOKUP = (DOCS / "lookup.md").read_text()


def test_the_columns_in_the_documentation_are_those_of_the_schema() -> None:
    documented = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", LAKE, re.MULTILINE)

    assert documented == [(field.name, str(field.type), field.metadata[b"description"].decode()) for field in EVENTS]


def test_the_filters_in_the_documentation_are_those_that_there_are() -> None:
    section = LOOKUP.partition("\n## Filters\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", section, re.MULTILINE)

    documented = {name: tuple(re.findall(r"`(\w+)`", columns)) for name, columns in rows}
    assert documented == {**FILTERS, SENSITIVE: COLUMNS}


def test_the_example_of_sensitive_operations_is_a_group() -> None:
    (example,) = re.findall(r'```json\n(\{\n  "why".*?)```', LOOKUP, re.DOTALL)

    (group,) = read_groups(f"[{example}]".encode())
    assert group.operations["gateway"] == ("AddRoute", "DeleteConsumer")


def test_the_operators_view_has_the_members_that_are_documented() -> None:
    section = LOOKUP.partition("\n## The operator's view\n")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    (example,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)

    row = msgspec.to_builtins(operator_row(0, example))

    assert list(row) == documented
    assert all(row.values())
    assert row["resourceId"] != row["resourceName"] == json.loads(example)["resourceName"]
