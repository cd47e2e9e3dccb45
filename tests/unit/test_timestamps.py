"""Times are read as RFC 3339 says, kept to the microsecond, and written so that they read the same again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.events.timestamps import (
    EPOCH,
    date_of,
    format_micros,
    format_time,
    from_micros,
    parse_micros,
    to_micros,
    utc_date,
)

FIRST = to_micros(datetime.min.replace(tzinfo=UTC))
LAST = to_micros(datetime.max.replace(tzinfo=UTC))

moments = st.integers(FIRST, LAST) | st.integers(0, 4_000_000_000_000_000)
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments)
def test_a_time_is_read_as_it_was_written(micros: int) -> None:
    assert parse_micros(format_micros(micros)) == micros
    assert to_micros(from_micros(micros)) == micros
    assert format_time(from_micros(micros)) == format_micros(micros)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=offsets))  # noqa: DTZ001
def test_an_offset_names_the_same_moment(moment: datetime) -> None:
    micros = parse_micros(moment.isoformat())

    assert micros == to_micros(moment)
    assert from_micros(micros) == moment
    assert format_time(moment) == format_micros(micros)
    assert date_of(micros) == moment.astimezone(UTC).date().isoformat()


@given(moments)
def test_the_date_is_that_of_utc(micros: int) -> None:
    assert date_of(micros) == format_micros(micros)[:10] == utc_date((from_micros(micros) - EPOCH).days)


@given(st.lists(moments, min_size=2))
def test_dates_keep_the_order_of_times(times: list[int]) -> None:
    dates = [date_of(micros) for micros in sorted(times)]

    assert dates == sorted(dates)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-03-09T00:00:00Z", "2026-03-09T00:00:00Z"),
        ("2026-03-09t00:00:00z", "2026-03-09T00:00:00Z"),
        ("2026-03-09 00:00:00Z", "2026-03-09T00:00:00Z"),
        ("2026-03-09T08:00:00+08:00", "2026-03-09T00:00:00Z"),
        ("2026-03-08T19:30:00-04:30", "2026-03-09T00:00:00Z"),
        ("2026-03-09T00:00:00-00:00", "2026-03-09T00:00:00Z"),
        ("2026-03-09T00:00:00.5Z", "2026-03-09T00:00:00.500000Z"),
        ("2026-03-09T00:00:00.123456789Z", "2026-03-09T00:00:00.123456Z"),
        ("2026-03-09T00:00:00.000000999Z", "2026-03-09T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ("2017-01-01T07:59:60.5+08:00", "2016-12-31T23:59:59.999999Z"),
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_forms_of_a_time(text: str, written: str) -> None:
    assert format_micros(parse_micros(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-03-09", "2026-03-09T00:00:00", "2026-03-09T00:00Z", "2026-03-09T00:00:00.Z",
        "2026-03-09T00:00:00+0800", "2026-03-09T00:00:00+08", "2026-03-09T00:00:00+24:00",
        "2026-03-09T00:00:00+08:60", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-32T00:00:00Z",
        "2026-03-09T24:00:00Z", "2026-03-09T00:60:00Z", "2026-03-09T00:00:61Z", "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "2026-03-09T00:00:00.1234567890Z", "٢٠٢٦-03-09T00:00:00Z",
        "2026-03-09T00:00:00Z\n", " 2026-03-09T00:00:00Z", "1773014400", "2026-03-09T00:00:00ZZ",
    ],
)  # fmt: skip
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_micros(text)


@given(st.text(max_size=40) | st.from_regex(r"\A\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,10})?(Z|[+-]\d\d:\d\d)?\Z"))
def test_no_text_ends_in_another_error(text: str) -> None:
    try:
        micros = parse_micros(text)
    except ValueError:
        return

    day = 86_400_000_000
    assert FIRST - day < micros < LAST + day


def test_an_offset_may_lead_out_of_the_calendar() -> None:
    assert parse_micros("9999-12-31T23:59:59-00:01") > LAST
    assert parse_micros("0001-01-01T00:00:00+00:01") < FIRST
    with pytest.raises(OverflowError):
        from_micros(parse_micros("9999-12-31T23:59:59-00:01"))
