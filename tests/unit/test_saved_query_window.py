"""When a saved query looks, by the time at which it is run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trailkeep.errors import InvalidParameter, InvalidTimeRange
from trailkeep.saved_queries.saved_query import Definition
from trailkeep.saved_queries.window import check_window, window_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def window(start: str | None, end: str | None) -> tuple[str | None, str | None]:
    check_window(start, end, NOW)
    return window_of(Definition(name="n", mode="custom", query="*", start_time=start, end_time=end), NOW)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (None, None)),
        ("-15m", None, ("2026-03-10T11:45:00Z", None)),
        ("-24h", "-1h", ("2026-03-09T12:00:00Z", "2026-03-10T11:00:00Z")),
        ("-7d", None, ("2026-03-03T12:00:00Z", None)),
        ("-2w", None, ("2026-02-24T12:00:00Z", None)),
        (None, "-1d", (None, "2026-03-09T12:00:00Z")),
        (
            "2026-03-01T00:00:00+08:00",
            "2026-03-02T00:00:00.5Z",
            ("2026-02-28T16:00:00Z", "2026-03-02T00:00:00.500000Z"),
        ),
        ("2026-03-01T00:00:00Z", "-1h", ("2026-03-01T00:00:00Z", "2026-03-10T11:00:00Z")),
        # Before the first time there is, and behind the last.
        ("-999999w", None, ("1970-01-01T00:00:00Z", None)),
        ("1960-01-01T00:00:00Z", None, ("1970-01-01T00:00:00Z", None)),
        ("-1d", "9999-12-31T23:59:59-23:59", ("2026-03-09T12:00:00Z", "9999-12-31T23:59:59Z")),
    ],
)
def test_a_window_is_at_times_or_relative_to_the_run(
    start: str | None, end: str | None, expected: tuple[str | None, str | None]
) -> None:
    assert window(start, end) == expected


@pytest.mark.parametrize(
    "moment", ["", "7d", "-7", "-7y", "-07d", "-1000000d", "--7d", "-7 d", "now", "2026-03-01", "-７d"]
)
def test_what_is_no_time_is_refused_by_name(moment: str) -> None:
    with pytest.raises(InvalidParameter, match="startTime must be"):
        window(moment, None)
    with pytest.raises(InvalidParameter, match="endTime must be"):
        window(None, moment)


@pytest.mark.parametrize(
    ("start", "end"),
    [("-1d", "-1d"), ("-1d", "-2d"), ("2026-03-10T12:00:00Z", None), ("2030-01-01T00:00:00Z", None), ("-1h", "-2h")],
)
def test_an_end_before_its_start_is_refused(start: str, end: str | None) -> None:
    with pytest.raises(InvalidTimeRange):
        window(start, end)
