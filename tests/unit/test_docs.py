"""The documentation says what the code says."""

import re
from pathlib import Path

from trailkeep.schema import EVENTS

LAKE = (Path(__file__).parents[2] / "docs" / "lake.md").read_text()


def test_the_columns_in_the_documentation_are_those_of_the_schema() -> None:
    documented = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", LAKE, re.MULTILINE)

    assert documented == [(field.name, str(field.type), field.metadata[b"description"].decode()) for field in EVENTS]
