"""Where a search runs, by what it may have to read."""

from __future__ import annotations

import pytest

from trailkeep.errors import EngineUnavailable
from trailkeep.search.engines import Thresholds, choose

THRESHOLDS = Thresholds(request_bytes=100, job_bytes=1000)


@pytest.mark.parametrize(
    ("asked", "size", "has_athena", "chosen"),
    [
        ("auto", 100, True, "request"),
        ("auto", 101, True, "job"),
        ("auto", 1000, True, "job"),
        ("auto", 1001, True, "athena"),
        ("auto", 1001, False, "job"),
        ("embedded", 100, True, "request"),
        ("embedded", 1001, True, "job"),
        ("athena", 1, True, "athena"),
    ],
)
def test_sql_runs_where_its_size_asks_for(asked: str, size: int, has_athena: bool, chosen: str) -> None:
    assert choose(asked, size, THRESHOLDS, has_sql=True, has_athena=has_athena) == chosen


@pytest.mark.parametrize("asked", ["auto", "embedded"])
def test_without_sql_a_search_of_any_size_is_answered_page_by_page(asked: str) -> None:
    assert choose(asked, 10**15, THRESHOLDS, has_sql=False, has_athena=True) == "request"


@pytest.mark.parametrize("has_sql", [True, False])
def test_athena_that_is_not_there_is_not_replaced_by_another_engine(has_sql: bool) -> None:
    with pytest.raises(EngineUnavailable):
        choose("athena", 1, THRESHOLDS, has_sql=has_sql, has_athena=False)
