"""The examples of docs/query-language.md find what stands beside them."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from trailkeep.errors import InvalidQuery
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.records import Record, split
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import parse_micros
from trailkeep.lookup.filters import FILTERS, INSIGHT_FILTERS
from trailkeep.search.document import Document
from trailkeep.search.evaluation import meets
from trailkeep.search.language import parse_query

TEXT = (Path(__file__).parents[2] / "docs" / "query-language.md").read_text()
EXAMPLES = re.findall(r"^\| `+ ?(.+?) ?`+ \| (none|\d(?:, \d)*) \|$", TEXT, re.MULTILINE)
REFUSALS = re.findall(r"^\| `(.+)` \| ((?:expected|unknown) .+) \|$", TEXT, re.MULTILINE)
AT_A_GLANCE = re.findall(r"^\| `(.+?)`(?:, or nothing)? \| (?:with|where|by|all)\b", TEXT, re.MULTILINE)
ARRIVAL = Arrival("objects", parse_micros("2026-03-03T00:00:00Z"), RegionRules("cn-hangzhou", "ap-southeast-1"))

RECORDS = [
    part for part in split([TEXT.partition("```json")[2].partition("```")[0].encode()]) if isinstance(part, Record)
]


def documents() -> dict[str, Document]:
    """The events of the page by their IDs, with the columns that a delivery gives them."""
    found = {}
    for record in RECORDS:
        normalised = normalise(record, ARRIVAL)
        assert isinstance(normalised, tuple)
        columns = asdict(normalised[0])
        found[columns["event_id"]] = Document(columns["event"], columns)
    return found


def test_the_page_has_events_and_examples() -> None:
    assert list(documents()) == ["1", "2", "3", "4", "5", "6"]
    assert len(EXAMPLES) > 75
    assert len(REFUSALS) == 4
    assert len(AT_A_GLANCE) == 14


@pytest.mark.parametrize(("query", "numbers"), EXAMPLES)
def test_an_example_finds_what_stands_beside_it(query: str, numbers: str) -> None:
    condition = parse_query(query).condition
    found = [number for number, document in documents().items() if meets(condition, document)]

    assert ", ".join(found) == numbers.replace("none", "")


@pytest.mark.parametrize(("query", "message"), REFUSALS)
def test_a_query_that_cannot_be_read_is_refused_as_the_page_says(query: str, message: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse_query(query)
    assert refused.value.message == message


@pytest.mark.parametrize("query", AT_A_GLANCE)
def test_what_stands_at_a_glance_can_be_asked(query: str) -> None:
    parse_query(query)


def test_the_page_names_every_parameter_of_lookups_that_is_a_field() -> None:
    section = TEXT.partition("There are: the parameters of lookups (")[2].partition(")")[0]

    assert set(re.findall(r"`(\w+)`", section)) == {*FILTERS, *INSIGHT_FILTERS}


def test_the_first_query_of_the_page_has_sql() -> None:
    parsed = parse_query(TEXT.partition("```\n")[2].partition("```")[0])

    assert parsed.sql is not None
    assert parsed.sql.startswith("select ")
