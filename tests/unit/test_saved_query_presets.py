"""Presets find what they are named for, in events of both clouds, and leave alone what is only like it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.unit.preset_events import CASES, Case, Event
from trailkeep import saved_queries
from trailkeep.events.columns import row_of
from trailkeep.events.event import Event as Normalised
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.saved_queries.presets import CATEGORIES, PREFIX, presets
from trailkeep.saved_queries.resolve import resolve
from trailkeep.saved_queries.validity import check_query
from trailkeep.search.document import Document
from trailkeep.search.evaluation import meets
from trailkeep.search.fields import COLUMNS
from trailkeep.search.language import parse_query

ARRIVAL = Arrival("objects", 1_800_000_000_000_000, RegionRules("cn-hangzhou", "ap-southeast-1"))
SUCCESSES: list[dict[str, Any]] = [
    {"errorCode": "null"},
    {"errorCode": ""},
    {"errorCode": None},
    {"errorCode": "success", "errorMessage": "success"},
]
"""As events say that nothing went wrong, beside saying nothing."""


def document(event: Event) -> Document:
    """An event as the lake holds it."""
    found = normalise(Record(0, json.dumps(event).encode()), ARRIVAL)
    assert isinstance(found, tuple), found
    return Document(found[0].event, columns(found[0]))


def columns(event: Normalised) -> dict[str, Any]:
    row = row_of(event)
    named = {name for several in COLUMNS.values() for name in several}
    return {name: getattr(event, name) for name in named if hasattr(event, name)} | {
        "resource_types": list(row.target.resource_types),
        "resource_names": list(row.target.resource_names),
    }


def finds(preset: str, event: Event, arguments: dict[str, str]) -> bool:
    return meets(parse_query(resolve(presets()[preset], arguments)).condition, document(event))


def test_every_preset_is_tried_on_events() -> None:
    assert CASES.keys() == presets().keys()


@pytest.mark.parametrize(("preset", "case"), CASES.items(), ids=CASES)
def test_a_preset_finds_what_it_is_for(preset: str, case: Case) -> None:
    missed = [event for event in case.finds if not finds(preset, event, case.arguments)]
    assert missed == []


@pytest.mark.parametrize(("preset", "case"), CASES.items(), ids=CASES)
def test_a_preset_leaves_alone_what_is_only_like_it(preset: str, case: Case) -> None:
    taken = [event for event in case.leaves if finds(preset, event, case.arguments)]
    assert taken == []


@pytest.mark.parametrize(("preset", "case"), CASES.items(), ids=CASES)
def test_success_is_success_however_it_is_written(preset: str, case: Case) -> None:
    plain = [(event, True) for event in case.finds] + [(event, False) for event in case.leaves]
    for event, expected in plain:
        if not event.keys() & {"errorCode", "errorMessage"}:
            for success in SUCCESSES:
                assert finds(preset, {**event, **success}, case.arguments) is expected, (event, success)


@pytest.mark.parametrize(("preset", "case"), CASES.items(), ids=CASES)
def test_case_does_not_matter_nor_does_what_an_event_lacks(preset: str, case: Case) -> None:
    for event in case.finds:
        category = {name: value for name, value in event.items() if name not in ("eventCategory", "userAgent")}
        assert finds(preset, category, case.arguments), event
        if "serviceName" in event:
            assert finds(preset, {**event, "serviceName": event["serviceName"].upper()}, case.arguments), event


@pytest.mark.parametrize("preset", presets())
def test_a_preset_is_a_saved_query_that_could_be_saved(preset: str) -> None:
    found = presets()[preset]

    check_query(found)
    assert found.id == preset
    assert preset.startswith(PREFIX)
    assert preset.replace("-", "").isalnum()
    assert (found.mode, found.preset, found.shared) == ("custom", True, True)
    assert 0 < len(found.name) <= 64
    assert found.description.endswith(".")
    assert found.category in CATEGORIES
    assert found.start_time is not None
    assert (found.created_at, found.created_by, found.updated_at, found.updated_by) == (None, None, None, None)
    for parameter in found.parameters:
        assert parameter.description.endswith("."), parameter
        assert parameter.default is not None or case_gives(preset, parameter.name), parameter


def case_gives(preset: str, name: str) -> bool:
    return name in CASES[preset].arguments


def test_the_file_says_nothing_that_nobody_reads() -> None:
    written = tomllib.loads((Path(saved_queries.__path__[0]) / "presets.toml").read_text())
    assert written.keys() == {"preset"}
    for preset in written["preset"]:
        assert preset.keys() - {"parameters"} == {"id", "category", "name", "description", "startTime", "query"}
        for parameter in preset.get("parameters", []):
            assert parameter.keys() - {"kind", "default"} == {"name", "description"}
    assert len({preset["id"] for preset in written["preset"]}) == len(written["preset"])


def test_names_are_unique_and_all_categories_are_used() -> None:
    names = [preset.name for preset in presets().values()]
    assert len(set(names)) == len(names) >= 50
    assert {preset.category for preset in presets().values()} == set(CATEGORIES)
