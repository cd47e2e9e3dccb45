"""What Athena writes as the result of a query is read as what it was."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa

from trailkeep.athena.results import read_result
from trailkeep.sql.kinds import BIGINT, BOOLEAN, DATE, DOUBLE, JSON, TIMESTAMP, VARCHAR, Kind, array_of


def read(body: str, *kinds: Kind) -> list[tuple[object, ...]]:
    outputs = [(f"c{place}", kind) for place, kind in enumerate(kinds)]
    header = ",".join(f'"{name}"' for name, _ in outputs)
    table = read_result(f"{header}\n{body}".encode(), outputs)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_every_kind_of_value_is_read_as_what_it_is() -> None:
    kinds = (BOOLEAN, BIGINT, DOUBLE, VARCHAR, TIMESTAMP, DATE, JSON)
    body = '"true","-9223372036854775808","1.0E-7","a","2026-01-02 03:04:05.678","2026-01-02","{""a"":1}"\n'
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000)  # noqa: DTZ001
    assert read(body, *kinds) == [(True, -(2**63), 1e-7, "a", moment, date(2026, 1, 2), '{"a":1}')]


def test_nothing_and_an_empty_text_are_told_apart() -> None:
    assert read('"1",\n"2",""\n', VARCHAR, VARCHAR) == [("1", None), ("2", "")]
    assert read(",\n", BIGINT, array_of(VARCHAR)) == [(None, None)]
    assert read('"a"\n\n"b"\n', VARCHAR) == [("a",), (None,), ("b",)]


def test_texts_may_hold_all_that_texts_hold() -> None:
    assert read('"a,b\r\nc ""d"" \\"\n"NULL"\n"nan"\n', VARCHAR) == [('a,b\r\nc "d" \\',), ("NULL",), ("nan",)]


def test_arrays_are_lists_of_what_is_in_them() -> None:
    numbers_and_more = '"[1,9223372036854775807]","[1.5,""NaN""]","[true]","[""2026-01-02 03:04:05.000""]","[[1],[]]"'
    body = f'"[""a,"",null,""[b]""]",{numbers_and_more}\n'
    kinds = (*map(array_of, (VARCHAR, BIGINT, DOUBLE, BOOLEAN, TIMESTAMP)), array_of(array_of(BIGINT)))
    ((texts, numbers, doubles, truths, moments, lists),) = read(body, *kinds)
    assert (texts, numbers, truths) == (["a,", None, "[b]"], [1, 2**63 - 1], [True])
    assert str(doubles) == "[1.5, nan]"
    assert moments == [datetime(2026, 1, 2, 3, 4, 5)]  # noqa: DTZ001
    assert lists == [[1], []]


def test_a_result_without_rows_still_has_its_columns() -> None:
    table = read_result(b'"one","two"\n', (("one", BIGINT), ("two", array_of(VARCHAR))))
    assert table.schema == pa.schema([("one", pa.int64()), ("two", pa.list_(pa.string()))])
    assert table.num_rows == 0


def test_names_may_be_there_twice() -> None:
    table = read_result(b'"a","a"\n"1","2"\n', (("a", BIGINT), ("a", BIGINT)))
    assert [column.to_pylist() for column in table.columns] == [[1], [2]]
