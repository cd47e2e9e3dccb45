"""docs/exports.md says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa

from tests.unit.test_export_job import Office
from trailkeep.exports.columns import OPERATOR_LOG
from trailkeep.exports.formats import CONTENT_TYPES
from trailkeep.exports.inert import inert
from trailkeep.exports.request import parse_export

DOCS = (Path(__file__).parents[2] / "docs" / "exports.md").read_text()


def section(title: str) -> str:
    """What stands under a heading."""
    return re.split(r"^#+ ", DOCS.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def first_column(text: str) -> list[str]:
    """The names in the first column of a table, several in one cell one after another."""
    cells = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_the_members_that_are_explained_are_those_that_are_known() -> None:
    samples = {"lookup": {}, "query": "*", "startTime": "2026-03-01T00:00:00Z", "endTime": "2026-03-02T00:00:00Z"}
    samples |= {"regions": ["cn-hangzhou"], "direction": "FORWARD", "format": "csv", "gzip": True, "view": "operator"}
    samples |= {"byteOrderMark": True}
    explained = first_column(section("What to send"))

    assert sorted(explained) == sorted(samples)
    now = Office(0).now
    parse_export({name: value for name, value in samples.items() if name != "lookup"}, now)
    parse_export({"lookup": {}, "format": "csv"}, now)


def test_the_formats_and_the_columns_of_the_view_are_those_there_are() -> None:
    assert first_column(section("What comes")) == list(CONTENT_TYPES)
    assert first_column(section("Columns of the operator's view")) == OPERATOR_LOG.names


def test_every_character_that_is_said_to_make_a_formula_does_and_an_apostrophe_undoes_it() -> None:
    text = section("CSV").split("**Formulas.**")[1]
    named = {*re.findall(r"`([=+\-@])`", text), *re.search(r"`(＝＋－＠)`", text)[1], "\t", "\n", "\r", "\0", "'"}  # type: ignore[index]
    assert len(named) == 13
    texts = [
        before + character + "1" for character in sorted(named) for before in ("", *([" "] if character != "'" else []))
    ]

    guarded = inert(pa.array(texts)).to_pylist()

    assert guarded == ["'" + text for text in texts]
    assert inert(pa.array(["a=1", "1-2", " '", None, ""])).to_pylist() == ["a=1", "1-2", " '", None, ""]


def test_the_manifest_has_the_members_that_are_shown() -> None:
    shown = json.loads(re.search(r"```json\n(.+?)```", section("The manifest"), re.DOTALL)[1])  # type: ignore[index]
    office = Office(3)

    manifest = office.manifest(office.finished(office.asked(format="csv")))

    assert list(manifest) == list(shown)
    assert [list(file) for file in manifest["files"]] == [list(shown["files"][0])]
    assert {name: list(manifest[name]) for name in ("createdBy", "within", "window")} == {
        name: list(shown[name]) for name in ("createdBy", "within", "window")
    }
