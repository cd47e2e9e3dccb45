"""What an export writes is read back by readers of others: the same rows, whatever is in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.exports import parquet_file, slices
from trailkeep.exports.formats import CONTENT_TYPES, Format
from trailkeep.exports.json_file import Texts, objects, originals
from trailkeep.exports.slices import SLICE_BYTES, SLICE_ROWS
from trailkeep.schema import EVENTS

csv.field_size_limit(1 << 30)

EVERY_FORMAT = [Format(name, gzip=packed) for name in CONTENT_TYPES for packed in (False, True)]


def chunks_of(form: Format, tables: list[pa.Table], texts: Texts = objects) -> Iterator[bytes]:
    """A file in the pieces in which it is written."""
    file = form.open(tables[0].schema, texts)
    yield file.begin()
    for table in tables:
        yield from file.rows(table)
    yield file.end()


def written(form: Format, tables: list[pa.Table], texts: Texts = objects) -> bytes:
    body = b"".join(chunks_of(form, tables, texts))
    return gzip.decompress(body) if form.gzip else body


def cells_in(body: bytes) -> list[list[str]]:
    """CSV as Python's reader has it; strict, so that a quote out of place is an error."""
    return list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))


def unguarded(cell: str) -> str:
    """As docs/exports.md says to undo the guard."""
    return cell.removeprefix("'")


texts = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "=1+1",
        " =x",
        "'",
        "'=x",
        "a,b",
        'a"b',
        "a\r\nb",
        "a;b",
        "\x00",
        "\ufeff@",
        "＝x",
        "null",
        "日志😀",
        "\\u0000",
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> list[pa.Table]:
    """Some tables of one schema of texts, each as DuckDB or the lake may give it."""
    kinds = draw(st.lists(st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]), min_size=1, max_size=4))
    schema = pa.schema([(f"column {number}", kind) for number, kind in enumerate(kinds)])
    rows = st.lists(st.tuples(*(st.none() | texts for _ in kinds)), max_size=6)
    return [
        pa.table([pa.array([row[place] for row in group], kind) for place, kind in enumerate(kinds)], schema=schema)
        for group in draw(st.lists(rows, min_size=1, max_size=3))
    ]


def values_of(made: list[pa.Table]) -> list[list[Any]]:
    return [[row[name] for name in table.column_names] for table in made for row in table.to_pylist()]


# CSV


@given(tables())
def test_csv_is_read_back_cell_by_cell(made: list[pa.Table]) -> None:
    head, *rows = cells_in(written(Format("csv"), made))

    assert head == made[0].column_names
    expected = [["" if cell is None else cell.replace("\0", "\\u0000") for cell in row] for row in values_of(made)]
    assert [[unguarded(cell) for cell in row] for row in rows] == expected


@given(texts)
def test_no_cell_begins_as_a_formula_does_however_it_is_trimmed(text: str) -> None:
    (_, (cell,)) = cells_in(written(Format("csv"), [pa.table({"c": [text]})]))

    assert not cell.strip().strip("\ufeff\u200b").startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not cell.startswith(("\t", "\r", "\n", "\0"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("\0x", "'\\u0000x"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠1", "'＠1"),
        ("   =1", "'   =1"),
        ("\u00a0\u3000=1", "'\u00a0\u3000=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u200b=1", "'\u200b=1"),
        ("'quoted'", "''quoted'"),
        ("a=1", "a=1"),
        ("arn:aws:iam::1:user/x", "arn:aws:iam::1:user/x"),
        ("192.0.2.1", "192.0.2.1"),
        ("(1)", "(1)"),
    ],
)
def test_formulas_get_an_apostrophe_and_nothing_else_does(text: str, cell: str) -> None:
    assert cells_in(written(Format("csv"), [pa.table({"c": [text]})]))[1] == [cell]


def test_names_of_columns_are_guarded_as_cells_are() -> None:
    assert cells_in(written(Format("csv"), [pa.table({'=HYPERLINK("x")': [1], "b": [2]})]))[0] == [
        '\'=HYPERLINK("x")',
        "b",
    ]


def test_numbers_and_times_are_written_plainly_and_stay_negative() -> None:
    table = pa.table(
        {
            "integer": pa.array([-5, None], pa.int64()),
            "double": pa.array([-1.5, 1e300]),
            "decimal": pa.array([Decimal("-12345678901234567890.10"), None], pa.decimal128(38, 2)),
            "truth": [True, False],
            "time": pa.array([0, 1_500_000], pa.timestamp("us", tz="UTC")),
            "nanoseconds": pa.array([0, 1], pa.timestamp("ns")),
            "date": pa.array([0, None], pa.date32()),
        }
    )

    assert written(Format("csv"), [table]).decode().split("\r\n")[1:] == [
        '-5,-1.5,-12345678901234567890.10,true,"1970-01-01T00:00:00Z","1970-01-01T00:00:00","1970-01-01"',
        ',1e+300,,false,"1970-01-01T00:00:01.500000Z","1970-01-01T00:00:00.000000001",',
        "",
    ]


def test_lists_and_objects_are_json_and_bytes_are_digits() -> None:
    table = pa.table(
        {
            "list": pa.array([["=a", 'b"', None], [], None], pa.list_(pa.string())),
            "object": pa.array([{"n": 1}, {"n": None}, None], pa.struct([("n", pa.int64())])),
            "uid": pa.array([b"\x00\xff", b"\x01\x02", None], pa.binary(2)),
            "often": pa.array(["=x", "y", None]).dictionary_encode(),
        }
    )

    assert cells_in(written(Format("csv"), [table]))[1:] == [
        ['["=a","b\\"",null]', '{"n":1}', "00ff", "'=x"],
        ["[]", '{"n":null}', "0102", "y"],
        ["", "", "", ""],
    ]


def test_null_is_nothing_and_an_empty_text_is_quoted() -> None:
    assert written(Format("csv"), [pa.table({"a": [None, ""], "b": ["", None]})]) == b'"a","b"\r\n,""\r\n"",\r\n'


def test_a_row_of_one_column_without_a_value_is_no_empty_line() -> None:
    assert cells_in(written(Format("csv"), [pa.table({"a": pa.array([None, "x"])})])) == [["a"], [""], ["x"]]


def test_a_cell_of_a_million_characters_is_one_cell() -> None:
    huge = '=",\r\n;' * 200_000

    assert cells_in(written(Format("csv"), [pa.table({"a": [huge], "b": ["x"]})]))[1] == ["'" + huge, "x"]


def test_a_byte_order_mark_is_there_where_it_is_wanted() -> None:
    table = pa.table({"a": ["é"]})

    assert written(Format("csv", byte_order_mark=True), [table]) == b"\xef\xbb\xbf" + written(Format("csv"), [table])


# JSON


blanks = st.text(" \t\r\n", max_size=3)
scalars = st.sampled_from(
    ["null", "true", "-0", "1.50", "1E400", "12345678901234567890.10", '"a"', '"\\n\\u2028"', '"\u2028日志"', '""']
)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """An object as a source may write it: numbers that no double holds, blanks and line breaks wherever they may be."""

    def around(text: str) -> str:
        return f"{draw(blanks)}{text}{draw(blanks)}"

    values = [draw(scalars | st.just("[1,\r\n 2.0]") | st.just('{\n"b" :1e2}')) for _ in range(draw(st.integers(0, 4)))]
    members = ",".join(f"{around(json.dumps(f'k{n}'))}:{around(value)}" for n, value in enumerate(values))
    return around("{" + (members or draw(blanks)) + "}")


def exactly(text: str | bytes) -> Any:
    """What a JSON text says, numbers as they are written and members in their order."""
    keep: Callable[[str], Any] = lambda digits: ("number", digits)  # noqa: E731 - four arguments of one kind
    return json.loads(
        text, parse_int=keep, parse_float=keep, parse_constant=keep, object_pairs_hook=lambda pairs: pairs
    )


def events_of(originals: list[str]) -> list[pa.Table]:
    return [pa.table({"event": pa.array(group, pa.string())}) for group in (originals[:2], originals[2:])]


@given(st.lists(json_texts(), max_size=5))
def test_json_is_one_list_of_the_originals_verbatim(events: list[str]) -> None:
    body = written(Format("json"), events_of(events), originals).decode()

    assert exactly(body) == [exactly(event) for event in events]
    assert body == ("[\n" + ",\n".join(events) + "\n]\n" if events else "[\n]\n")


@given(st.lists(json_texts(), max_size=5))
def test_ndjson_is_one_line_an_original_with_the_same_values(events: list[str]) -> None:
    body = written(Format("ndjson"), events_of(events), originals).decode()

    assert body == "" or body.endswith("\n")
    lines = body.split("\n")[:-1]
    assert [exactly(line) for line in lines] == [exactly(event) for event in events]
    assert [len(line) for line in lines] == [len(event) for event in events]
    assert not set(body) & {"\r"}


@given(tables())
def test_rows_are_objects_of_their_columns(made: list[pa.Table]) -> None:
    expected = [dict(zip(made[0].column_names, row, strict=True)) for row in values_of(made)]

    assert json.loads(written(Format("json"), made)) == expected
    assert [json.loads(line) for line in written(Format("ndjson"), made).splitlines()] == expected


def test_values_of_every_kind_have_their_form_in_json() -> None:
    table = pa.table(
        {
            "time": pa.array([1], pa.timestamp("us", tz="UTC")),
            "date": pa.array([0], pa.date32()),
            "decimal": pa.array([Decimal("12345678901234567890.10")], pa.decimal128(38, 2)),
            "double": [1.5],
            "list": [["a", None]],
            "bytes": pa.array([b"\xff"], pa.binary()),
            "nothing": pa.array([None], pa.null()),
        }
    )

    assert written(Format("ndjson"), [table]) == (
        b'{"time":"1970-01-01T00:00:00.000001Z","date":"1970-01-01","decimal":12345678901234567890.10,'
        b'"double":1.5,"list":["a",null],"bytes":"ff","nothing":null}\n'
    )


# Parquet


@given(tables())
def test_parquet_has_the_schema_and_the_rows(made: list[pa.Table]) -> None:
    read = pq.read_table(io.BytesIO(written(Format("parquet"), made)))

    assert read.column_names == made[0].column_names
    assert [list(row.values()) for row in read.to_pylist()] == values_of(made)


def test_parquet_of_the_lakes_columns_has_their_types_and_field_numbers() -> None:
    file = pq.ParquetFile(io.BytesIO(written(Format("parquet"), [EVENTS.empty_table()])))

    assert file.schema_arrow.equals(EVENTS)
    assert [field.metadata[b"PARQUET:field_id"] for field in file.schema_arrow] == [
        str(number).encode() for number in range(1, len(EVENTS) + 1)
    ]


def test_row_groups_are_written_as_they_are_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_ROWS", 7)
    monkeypatch.setattr(parquet_file, "ROW_GROUP_ROWS", 20)
    tables = [pa.table({"n": list(range(start, start + 10))}) for start in range(0, 100, 10)]

    pieces = list(chunks_of(Format("parquet"), tables))

    assert len(pieces) > 4
    file = pq.ParquetFile(io.BytesIO(b"".join(pieces)))
    assert file.num_row_groups > 3
    assert max(file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)) < 30
    assert file.read()["n"].to_pylist() == list(range(100))
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


# All of them


@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.suffix)
def test_an_empty_export_is_a_valid_file(form: Format) -> None:
    body = written(form, [pa.table({"a": pa.array([], pa.string())})])

    match form.name:
        case "csv":
            assert body == b'"a"\r\n'
        case "json":
            assert json.loads(body) == []
        case "ndjson":
            assert body == b""
        case _:
            assert pq.read_table(io.BytesIO(body)).num_rows == 0


@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.suffix)
def test_the_same_rows_are_the_same_bytes(form: Format) -> None:
    """An interrupted export is written once more, and finds what it wrote."""
    tables = [
        pa.table({"event": [f'{{"n":{n}}}' for n in range(1000)], "t": [datetime(2026, 1, 1, tzinfo=UTC)] * 1000})
    ]

    assert b"".join(chunks_of(form, tables)) == b"".join(chunks_of(form, tables))


@pytest.mark.parametrize("form", EVERY_FORMAT, ids=lambda form: form.suffix)
def test_memory_does_not_grow_with_the_rows(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted where Python and Arrow take it, so it holds on every machine."""
    monkeypatch.setattr(parquet_file, "ROW_GROUP_BYTES", 1 << 20)
    event = json.dumps({"text": "x" * 900})

    def most(times: int) -> int:
        """The most that is held while a file of so many tables is written."""
        tracemalloc.start()
        before, held = pa.total_allocated_bytes(), 0
        file = form.open(pa.schema([("id", pa.string()), ("event", pa.string())]), objects)
        file.begin()
        for _ in range(times):
            table = pa.table({"id": [f"id-{n}" for n in range(1_000)], "event": [event] * 1_000})
            largest = max(map(len, file.rows(table)), default=0)
            held = max(held, pa.total_allocated_bytes() - before + largest)
        file.end()
        traced = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held + traced

    most(4)
    assert most(24) < most(8) * 1.25


@given(st.lists(st.integers(0, 3 << 20), max_size=12), st.integers(0, 2))
def test_slices_are_all_rows_in_order_and_small(sizes: list[int], start: int) -> None:
    table = pa.table({"n": list(range(len(sizes))), "text": ["x" * size for size in sizes]}).slice(start)

    pieces = list(slices.slices(table))

    assert [n for piece in pieces for n in piece["n"].to_pylist()] == table["n"].to_pylist()
    assert all(1 <= piece.num_rows <= SLICE_ROWS for piece in pieces)
    assert all(piece.num_rows == 1 or piece.nbytes <= SLICE_BYTES for piece in pieces)


def test_names_and_types_of_files() -> None:
    assert [(form.suffix, form.content_type) for form in EVERY_FORMAT] == [
        (".json", "application/json"),
        (".json.gz", "application/gzip"),
        (".ndjson", "application/x-ndjson"),
        (".ndjson.gz", "application/gzip"),
        (".csv", "text/csv; charset=utf-8"),
        (".csv.gz", "application/gzip"),
        (".parquet", "application/vnd.apache.parquet"),
        (".parquet.gz", "application/gzip"),
    ]
