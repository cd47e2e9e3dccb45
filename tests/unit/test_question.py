"""Questions: every parameter is checked, and what is wrong is named."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.errors import InvalidParameter, InvalidTimeRange
from trailkeep.events.timestamps import format_micros, parse_micros, to_micros
from trailkeep.lookup.filters import FILTERS
from trailkeep.lookup.question import MAX_VALUES, Question, parse_question

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = 86_400_000_000
LAST = 253_402_300_799_999_999
Parameters = dict[str, list[str]]


def question(parameters: Parameters | None = None, *, insights: bool = False) -> Question:
    return parse_question(parameters or {}, NOW, insights=insights)[0]


def test_nothing_asked_is_the_last_week_of_everything_newest_first() -> None:
    asked, token = parse_question({}, NOW)

    assert (asked.start, asked.end) == (to_micros(NOW) - 7 * DAY, to_micros(NOW))
    assert (asked.regions, asked.filters, asked.newest_first, asked.max_results) == ((), (), True, 50)
    assert (asked.asked_window, token) == ((None, None), None)


def test_all_that_can_be_asked() -> None:
    asked, token = parse_question(
        {
            "startTime": ["2026-03-01T00:00:00Z"],
            "endTime": ["2026-03-02T08:00:00+08:00"],
            "region": ["cn-hangzhou", "us-east-1"],
            "direction": ["FORWARD"],
            "maxResults": ["7"],
            "nextToken": ["t"],
            "user": ["alice", "bob"],
            "eventName!": ["GetObject"],
        },
        NOW,
    )

    assert asked.start == asked.asked_window[0] == parse_micros("2026-03-01T00:00:00Z")
    assert asked.end == asked.asked_window[1] == parse_micros("2026-03-02T00:00:00Z")
    assert asked.regions == ("cn-hangzhou", "us-east-1")
    assert (asked.newest_first, asked.max_results, token) == (False, 7, "t")
    assert [(f.parameter, f.values, f.excludes) for f in asked.filters] == [
        ("eventName", ("GetObject",), True),
        ("user", ("alice", "bob"), False),
    ]


def test_a_default_start_lies_a_week_before_the_end_that_was_asked_for() -> None:
    asked = question({"endTime": ["2026-01-08T00:00:00Z"]})

    assert (asked.start, asked.end) == (parse_micros("2026-01-01T00:00:00Z"), parse_micros("2026-01-08T00:00:00Z"))
    assert asked.asked_window == (None, asked.end)


@pytest.mark.parametrize("regions", [["*"], ["cn-hangzhou", "*"], ["*", "*"]])
def test_a_star_is_every_region(regions: list[str]) -> None:
    assert question({"region": regions}).regions == ()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("1960-01-01T00:00:00Z", "1970-01-01T00:00:01Z", (0, 1_000_000)),
        ("1960-01-01T00:00:00Z", "1961-01-01T00:00:00Z", (0, 0)),
        ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", (0, LAST)),
        ("9999-12-31T23:59:59-23:58", "9999-12-31T23:59:59-23:59", (LAST, LAST)),
    ],
)
def test_a_window_is_cut_at_the_times_there_are(start: str, end: str, expected: tuple[int, int]) -> None:
    asked = question({"startTime": [start], "endTime": [end]})

    assert (asked.start, asked.end) == expected


@pytest.mark.parametrize(
    "parameters",
    [
        {"startTime": ["2026-03-02T00:00:00Z"], "endTime": ["2026-03-01T00:00:00Z"]},
        {"startTime": ["2026-03-01T00:00:00Z"], "endTime": ["2026-03-01T00:00:00Z"]},
        {"startTime": ["2026-03-01T08:00:00+08:00"], "endTime": ["2026-03-01T00:00:00Z"]},
        {"startTime": ["2026-03-10T12:00:00Z"]},
        {"startTime": ["2030-01-01T00:00:00Z"]},
    ],
)
def test_a_window_that_holds_nothing_is_refused(parameters: Parameters) -> None:
    with pytest.raises(InvalidTimeRange):
        question(parameters)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("startTime", ["yesterday"]),
        ("startTime", ["2026-03-01"]),
        ("endTime", ["2026-03-01T00:00:00"]),
        ("endTime", ["2026-02-30T00:00:00Z"]),
        ("endTime", ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]),
        ("region", ["../../x"]),
        ("region", ["cn-hangzhou", "CN-HANGZHOU"]),
        ("region", ["x" * 33]),
        ("direction", ["backward"]),
        ("direction", ["BACKWARD", "FORWARD"]),
        ("maxResults", ["0"]),
        ("maxResults", ["1001"]),
        ("maxResults", ["-1"]),
        ("maxResults", ["1e2"]),
        ("maxResults", ["٥"]),
        ("maxResults", ["99999"]),
        ("maxResults", ["5 "]),
        ("maxResults", ["5", "5"]),
        ("nextToken", ["a", "b"]),
        ("nextToken", [""]),
        ("user", [""]),
        ("user!", ["alice", ""]),
        ("user", [f"user-{n}" for n in range(MAX_VALUES + 1)]),
        ("eventRW", ["read"]),
        ("sourceIpAddress", ["10.0.0.0/99"]),
        ("sensitive", ["yes"]),
        ("sensitive!", ["true", "TRUE"]),
        ("view", ["table"]),
        ("view", ["operator", "operator"]),
        ("view", [""]),
    ],
)
def test_what_is_wrong_is_named(name: str, values: list[str]) -> None:
    with pytest.raises(InvalidParameter, match=f"^{name} "):
        question({name: values})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("eventname", "eventName"),
        ("eventNames", "eventName"),
        ("username", "user"),
        ("starttime", "startTime"),
        ("region!", "region"),
        ("user!!", "user"),
        ("maxresults", "maxResults"),
        ("sensitve", "sensitive"),
        ("veiw", "view"),
    ],
)
def test_for_an_unknown_parameter_the_nearest_is_told(name: str, near: str) -> None:
    with pytest.raises(InvalidParameter, match="unknown parameter") as refused:
        question({name: ["x"]})

    assert refused.value.hint == f"Did you mean {near}?"


@pytest.mark.parametrize("name", ["", "!", "xyzzy", "日志", "x" * 100_000, "\ud800"])
def test_an_unknown_parameter_like_none_is_told_those_that_there_are(name: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        question({name: ["x"]})

    assert refused.value.hint.startswith("Known are startTime, endTime, ")
    assert len(refused.value.message.encode()) < 500


@pytest.mark.parametrize("name", ["insightType", "insightObject", "state", "state!"])
def test_insights_are_asked_for_more(name: str) -> None:
    assert question({name: ["x"]}, insights=True).filters[0].values == ("x",)
    with pytest.raises(InvalidParameter):
        question({name: ["x"]})


def test_sensitive_is_a_filter_and_the_view_is_none() -> None:
    asked = question({"sensitive!": ["true"], "view": ["operator"]})

    assert [(f.parameter, f.values, f.excludes) for f in asked.filters] == [("sensitive", ("true",), True)]
    assert asked.is_operator_view
    assert not question().is_operator_view
    assert question({"sensitive": ["true"]}, insights=True).filters
    with pytest.raises(InvalidParameter, match="unknown parameter view"):
        question({"view": ["operator"]}, insights=True)


def test_the_order_of_parameters_and_values_makes_no_other_question() -> None:
    """A client may build its next request in another order: the cursor is bound to the question."""
    parameters: Parameters = {
        "user": ["a", "b"],
        "user!": ["a", "b"],
        "region": ["us-east-1", "cn-hangzhou"],
        "sourceIpAddress": ["10.0.0.0/8", "192.0.2.0/24"],
    }
    first = question(parameters)

    for names in permutations(parameters):
        assert repr(question({name: parameters[name][::-1] for name in names})) == repr(first)


_names = st.sampled_from(
    ["startTime", "endTime", "region", "direction", "maxResults", "nextToken", "view", "sensitive", *FILTERS]
)
_values = (
    st.text(st.characters(codec=None), max_size=12)  # half characters too
    | st.sampled_from(["*", "true", "operator", "cn-hangzhou", "FORWARD", "50", "Read", "10.0.0.0/8", "::1"])
    | st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
    | st.from_regex(r"\A\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z")
)


@given(
    st.dictionaries(
        _names | _names.map("{}!".format) | st.text(max_size=12), st.lists(_values, min_size=1, max_size=3), max_size=4
    ),
    st.booleans(),
)
def test_any_parameters_are_a_question_or_one_of_two_errors(parameters: Parameters, insights: bool) -> None:
    try:
        asked, _ = parse_question(parameters, NOW, insights=insights)
    except (InvalidParameter, InvalidTimeRange):
        return
    assert 0 <= asked.start <= asked.end <= LAST
    assert 1 <= asked.max_results <= 1000


@given(st.integers(0, LAST - 1), st.integers(1, 10**15))
def test_any_window_is_taken_as_it_is(start: int, length: int) -> None:
    end = min(start + length, LAST)
    asked = question({"startTime": [format_micros(start)], "endTime": [format_micros(end)]})

    assert (asked.start, asked.end) == (start, end)
