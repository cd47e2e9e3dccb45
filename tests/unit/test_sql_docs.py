"""docs/sql.md says what the code says, and its examples give what it shows."""

import json
import re
from pathlib import Path

import pytest

from tests.unit.sql_world import EVENTS, ask
from trailkeep.sql.calls import GROUPS
from trailkeep.sql.columns import COLUMNS, COMPUTED, MEANINGS, STAR, TABLES
from trailkeep.sql.functions.casts import CASTS
from trailkeep.sql.functions.literals import LITERALS, MOST_CHARACTERS
from trailkeep.sql.kinds import UNKNOWN
from trailkeep.sql.place import MAX_DEPTH
from trailkeep.sql.reading import MAX_BRACKETS, MAX_CHARACTERS
from trailkeep.sql.sandbox import Limits
from trailkeep.sql.statement import parse_statement

TEXT = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
EXAMPLES = re.findall(r"```sql\n(.*?)```\n\n```json\n(.*?)```", TEXT, re.DOTALL)


def section(title: str) -> str:
    return TEXT.partition(f"\n{title}\n")[2].partition("\n## ")[0].partition("\n### ")[0]


def rows(text: str) -> list[tuple[str, ...]]:
    """The cells of the tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [tuple(re.split(r" (?<!\\)\| ", line[2:-2])) for line in lines]
    return [tuple(cell.replace("\\|", "|") for cell in line) for line in cells]


def test_the_tables_are_those_that_there_are() -> None:
    assert [row for row in rows(section("## Tables and columns")) if len(row) == 2][1:] == [
        (f"`{name}`", meaning) for name, meaning in TABLES.items()
    ]


def test_the_columns_are_those_that_there_are() -> None:
    documented = [row for row in rows(section("## Tables and columns")) if len(row) == 3][1:]
    kinds = {**COLUMNS, **{name: parse_statement(f"select {name}").outputs[0][1] for name in COMPUTED}}
    assert documented == [(f"`{name}`", str(kinds[name]), meaning) for name, meaning in MEANINGS.items()]


def test_the_star_stands_for_what_it_says() -> None:
    said = re.search(r"`\*` stands for (.*?)\.", TEXT, re.DOTALL)
    assert said is not None
    assert set(re.findall(r"`(\w+)`", said[1])) == set(STAR)


@pytest.mark.parametrize("group", GROUPS)
def test_the_functions_are_those_that_there_are(group: str) -> None:
    documented = rows(section(f"### {group}"))[1:]
    assert documented == [(f"`{each.signature}`", each.meaning, f"`{each.example}`") for each in GROUPS[group]]


def test_the_casts_are_those_that_there_are() -> None:
    documented = [(given, kind) for given, kinds in rows(section("## Kinds"))[1:] for kind in kinds.split(", ")]
    assert documented == [(str(given), str(wanted)) for given, wanted in CASTS if given != UNKNOWN]


def test_what_is_to_be_written_out_is_named() -> None:
    said = section("## Functions")
    assert set(LITERALS) <= set(re.findall(r"`(\w+)`", said))
    assert f"`width` (up to {MOST_CHARACTERS:,})" in said


def test_the_limits_are_those_that_there_are() -> None:
    said = section("## Limits")
    limits = Limits(memory=0, seconds=0)
    assert f"{MAX_CHARACTERS:,} characters. {MAX_BRACKETS} brackets" in said
    assert f"expressions stand {MAX_DEPTH} deep" in said
    assert f"{limits.most_rows:,} rows, and {limits.most_bytes >> 20} MB" in said


def test_the_events_of_the_examples_are_these() -> None:
    (shown,) = re.findall(r"puts it there\):\n\n```json\n(.*?)```", TEXT, re.DOTALL)
    assert [json.loads(line) for line in shown.splitlines()] == list(EVENTS)


@pytest.mark.parametrize(("sql", "shown"), EXAMPLES, ids=[sql.split("\n")[0] for sql, _ in EXAMPLES])
def test_an_example_gives_what_it_shows(sql: str, shown: str) -> None:
    assert ask(sql) == [json.loads(line) for line in shown.splitlines()]


@pytest.mark.parametrize("sql", re.findall(r"`(select .*?)`", TEXT))
def test_a_short_example_may_be_said(sql: str) -> None:
    parse_statement(sql)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8
