"""By the index a page is what it is without: whatever was delivered, compacted, indexed and forgotten before."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.living_lake import (
    ADDRESSES,
    DAY,
    KEYS,
    MIDNIGHT,
    NAMES,
    NOW,
    REGIONS,
    SECOND,
    SERVICES,
    USERS,
    LivingLake,
    Record,
    make_record,
    records,
)  # fmt: skip
from trailkeep.events.event import Event
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Rejected
from trailkeep.events.records import Record as Text
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import to_micros
from trailkeep.index import cube_writer, postings_writer, recent_rows
from trailkeep.index.publishing import publish_index
from trailkeep.index.root import ROOT
from trailkeep.lake.partitions import EVENTS
from trailkeep.lookup import narrowing
from trailkeep.lookup import page as page_module
from trailkeep.lookup.candidates import Page
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.filters import FILTERS, Filter, make_filter
from trailkeep.lookup.page import read_page, visible_before
from trailkeep.lookup.question import Question
from trailkeep.lookup.sensitive import LIST

VALUES: dict[str, tuple[str, ...]] = {
    "eventId": ("id-1", "id-7", "id-300", "none"),
    "serviceName": (*SERVICES, "oss.aliyuncs.com"),
    "eventName": (*NAMES, "Nothing"),
    "eventRW": ("Read", "Write"),
    "user": (*USERS, "mallory"),
    "accessKeyId": KEYS,
    "accountId": ("1", "2"),
    "resourceName": ("i-0", "i-4", "i-100"),
    "resourceType": ("ACS::ECS::Instance",),
    "sourceIpAddress": (*ADDRESSES, "192.0.2.0/24", "192.0.2.1/32", "::ffff:192.0.2.0/120", "::/0"),
    "errorCode": ("Forbidden", "NoPermission"),
    "sensitive": ("true", "false"),
}


MAPPED = int(ipaddress.ip_address("::ffff:0:0"))


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    name = draw(st.sampled_from(sorted(VALUES)))
    values = draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=3))
    if name in ("eventName", "user", "accountId", "sourceIpAddress") and draw(st.booleans()):
        values += [f"no-{number}" for number in range(10)]  # too many to be looked up just so
    return make_filter(name + draw(st.sampled_from(["", "", "", "!"])), tuple(values), FILTERS)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    start, end = MIDNIGHT - 3 * DAY, MIDNIGHT + 3 * DAY
    if draw(st.booleans()):
        edges = st.integers(-2, 2).map(lambda seconds: MIDNIGHT + seconds * SECOND) | st.integers(
            MIDNIGHT - DAY, MIDNIGHT + DAY
        )
        start, end = sorted([draw(edges), draw(edges)])
    return Question(
        start=start,
        end=end,
        regions=tuple(draw(st.sets(st.sampled_from([*REGIONS, "mars"]), max_size=2))),
        newest_first=draw(st.booleans()),
        max_results=draw(st.integers(1, 6) | st.just(1000)),
        filters=tuple(draw(st.lists(filters(), max_size=3))),
    )


dense = st.sampled_from([1, postings_writer.DENSE])
"""How often a value must be at least for its rows not to be listed: in lakes as small as these that is soon."""

deliveries = st.tuples(st.just("deliver"), st.lists(records(), min_size=1, max_size=25))
others = st.sampled_from([("compact", None), ("compact some", None), ("publish", None), ("wait", 1), ("wait", 70)])
lives = st.lists(deliveries | others, max_size=10)


def live(lake: LivingLake, life: list[tuple[str, object]]) -> list[Record]:
    """Let a lake live; gives what was delivered."""
    delivered: list[Record] = []
    for what, detail in life:
        if what == "deliver":
            assert isinstance(detail, list)
            lake.deliver(detail)
            delivered += detail
        elif what == "wait":
            assert isinstance(detail, int)
            lake.wait(minutes=detail)
        elif what == "publish":
            publish_index(lake.bucket, lake.now)
            lake.wait(seconds=2)
        else:
            lake.compact(*(() if what == "compact" else (0, 2)))
    return delivered


def indexed_lake(*batches: list[Record]) -> LivingLake:
    """A lake that is at rest: everything is compacted and indexed."""
    lake = LivingLake()
    for batch in batches:
        lake.deliver(batch)
    lake.wait(hours=2)
    lake.compact()
    publish_index(lake.bucket, lake.now)
    lake.wait(seconds=2)
    return lake


def event_of(record: Record) -> Event:
    arrival = Arrival("objects", to_micros(NOW), RegionRules("cn-hangzhou", "ap-southeast-1"))
    result = normalise(Text(0, json.dumps(record, ensure_ascii=False).encode()), arrival)
    assert not isinstance(result, Rejected)
    return result[0]


def holds(condition: Filter, event: Event) -> bool:
    found = False
    for column in condition.columns:
        value = getattr(event, column)
        for text in value if isinstance(value, list) else [value]:
            found = found or any(means(condition.parameter, asked, text) for asked in condition.values)
    if condition.parameter == "sensitive":
        found = ("true" if is_listed(event) else "false") in condition.values
    return found != condition.excludes


def means(parameter: str, asked: str, text: str | None) -> bool:
    """What a value of a filter means for one text."""
    if parameter == "sourceIpAddress" and text is not None and (here := span(text)) and (there := span(asked)):
        return is_ipv4(here) == is_ipv4(there) and there[0] <= here[0] <= there[1]
    return text == asked


def span(text: str) -> tuple[int, int] | None:
    """The first and the last address of a range as numbers of IPv6, where IPv4 is a small part of."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    offset = MAPPED if network.version == 4 else 0
    return offset + int(network[0]), offset + int(network[-1])


def is_ipv4(addresses: tuple[int, int]) -> bool:
    return addresses[0] >= MAPPED and addresses[1] < MAPPED + (1 << 32)


def is_listed(event: Event) -> bool:
    """Whether the operation is one of the list, read anew."""
    called = (event.service_name, event.event_source)
    services = {*called, *(f"{name}.amazonaws.com" for name in called)}
    return any(
        service in services and event.event_name in names and event.user_name in group.get("users", [event.user_name])
        for group in json.loads(LIST.read_bytes())
        for service, names in group["operations"].items()
    )


def full_scan(delivered: list[Record], question: Question) -> list[tuple[int, bytes, str]]:
    """The answer in plain Python."""
    found = {
        (event.event_time, event.uid, event.event)
        for event in map(event_of, delivered)
        if question.start <= event.event_time < question.end
        and (not question.regions or event.region in question.regions)
        and all(holds(condition, event) for condition in question.filters)
    }
    return sorted(found, reverse=question.newest_first)


def pages(lake: LivingLake, question: Question) -> Iterator[Page]:
    as_of = visible_before(to_micros(lake.now))
    behind: Position | None = None
    for _ in range(1000):
        page = read_page(lake.lake, EVENTS, question, behind, as_of, lake.now)
        yield page
        if page.ended_at is None:
            return
        assert page.ended_at != behind
        behind = page.ended_at
    pytest.fail("there is no end")


def answers(lake: LivingLake, question: Question) -> list[tuple[int, bytes, str]]:
    answered = list(pages(lake, question))
    assert not [page.reading.failures for page in answered if page.reading.failures]
    assert all(len(page.rows) == question.max_results for page in answered[:-1])
    assert all(page.rows for page in answered[1:])
    return [(row.time, row.uid, row.event) for page in answered for row in page.rows]


@settings(max_examples=150, deadline=None)
@given(lives, st.lists(questions(), min_size=1, max_size=4))
def test_any_question_after_any_life(life: list[tuple[str, object]], asked: list[Question]) -> None:
    lake = LivingLake()
    delivered = live(lake, life)
    lake.wait(seconds=2)

    for question in asked:
        assert answers(lake, question) == full_scan(delivered, question)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(records(), min_size=1, max_size=60), min_size=1, max_size=4),
    st.lists(questions(), min_size=1, max_size=6),
    dense,
)
def test_any_question_of_a_lake_that_is_indexed(batches: list[list[Record]], asked: list[Question], every: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings_writer, "DENSE", every)
        lake = indexed_lake(*batches)
        patch.setattr(page_module, "list_page", None)  # the index alone must know
        for question in asked:
            assert answers(lake, question) == full_scan([each for batch in batches for each in batch], question)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(records(), min_size=1, max_size=60),
    st.lists(questions(), min_size=1, max_size=4),
    st.sampled_from([0, 1, 3, 500]),
    st.sampled_from([1, 20_000]),
    dense,
)
def test_any_question_that_has_more_values_than_are_looked_up(
    batch: list[Record], asked: list[Question], most: int, most_counted: int, every: int
) -> None:
    """Which of them are there is asked first, if that was counted; of many that are, columns are read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings_writer, "DENSE", every)
        patch.setattr(cube_writer, "MOST_VALUES", most_counted)
        lake = indexed_lake(batch)
        patch.setattr(page_module, "list_page", None)
        patch.setattr(narrowing, "MOST_KEYS", 1)
        patch.setattr(narrowing, "MOST_PRESENT", most)
        for question in asked:
            assert answers(lake, question) == full_scan(batch, question)


def test_an_address_among_many_is_found_in_its_other_spelling() -> None:
    batch = [
        {**make_record(n, MIDNIGHT + n * SECOND), "eventId": f"id-{n}", "sourceIpAddress": address}
        for n, address in enumerate(["::ffff:192.0.2.1", "192.0.2.7", "2001:DB8:0:0::1", "198.51.100.1"], 1)
    ]
    lake = indexed_lake(batch)
    many = ("192.0.2.1", "::FFFF:192.0.2.7", "2001:db8::1", *(f"203.0.113.{n}" for n in range(20)))
    question = Question(0, MIDNIGHT + DAY, (), True, 50, (make_filter("sourceIpAddress", many, FILTERS),))

    assert [json.loads(text)["eventId"] for _, _, text in answers(lake, question)] == ["id-3", "id-2", "id-1"]


@pytest.mark.parametrize("name", ["user", "resourceName", "eventId", "errorCode"])
def test_what_looks_like_an_address_elsewhere_is_a_text_like_others(name: str) -> None:
    """Other spellings of it are other values."""
    texts = ["2001:DB8::1", "2001:db8::1", "::ffff:192.0.2.1", "192.0.2.1"]
    batch = [
        {**make_record(n, MIDNIGHT + n * SECOND), "eventId": f"id-{n}", name: text, "userIdentity": {"userName": text}}
        for n, text in enumerate(texts, 1)
    ]
    lake = indexed_lake(batch)

    for number, text in enumerate(texts, 1):
        question = Question(0, MIDNIGHT + DAY, (), True, 50, (make_filter(name, (text,), FILTERS),))
        assert [time for time, _, _ in answers(lake, question)] == [MIDNIGHT + number * SECOND], text


@pytest.mark.parametrize("newest_first", [True, False])
def test_sensitive_operations_are_found_without_reading_columns(
    newest_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the hundreds of names on the list those are looked up that are there at all, and then pages are read."""
    monkeypatch.setattr(recent_rows, "MOST_ROWS", 16)
    ordinary = {"eventName": "ListUsers", "serviceName": "Ecs", "acsRegion": "us-east-1"}
    batch = [{**make_record(n, MIDNIGHT + n * SECOND), **ordinary, "eventId": f"id-{n}"} for n in range(1, 400)]
    for number in (7, 200):
        batch[number] |= {"eventName": "DeleteBucket", "serviceName": "Oss"}
    batch[300] |= {"eventName": "DeleteBucket", "serviceName": "Ecs"}
    lake = indexed_lake(batch)
    asked: list[tuple[str, str]] = []
    lake.bucket.before_call = lambda operation, key: asked.append((operation, key))  # type: ignore[method-assign]
    question = Question(0, MIDNIGHT + 10 * DAY, (), newest_first, 50, (make_filter("sensitive", ("true",), FILTERS),))

    assert answers(lake, question) == full_scan(batch, question)
    assert [key.partition("/")[0] for operation, key in asked if operation == "range"] == ["index", "index", "events"]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("most_present", [1, 64])
@pytest.mark.parametrize("asked", [{"sensitive": "true"}, {"user": "rare", "eventName": "DeleteBucket"}])
def test_what_only_may_be_an_answer_makes_no_page_that_is_empty(
    newest_first: bool, most_present: int, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows at both ends are looked up, and are none."""
    monkeypatch.setattr(recent_rows, "MOST_ROWS", 1)
    monkeypatch.setattr(narrowing, "MOST_KEYS", 1)
    monkeypatch.setattr(narrowing, "MOST_PRESENT", most_present)
    ordinary = {"eventName": "ListUsers", "serviceName": "Ecs", "acsRegion": "us-east-1"}
    batch = [{**make_record(n, MIDNIGHT + n * SECOND), **ordinary, "eventId": f"id-{n}"} for n in range(1, 800)]
    for number, service in ((5, "Ecs"), (300, "Oss"), (301, "Oss"), (700, "Ecs")):
        name = "DeleteBucket" if service == "Oss" or "sensitive" in asked else "PutObject"
        batch[number] |= {"eventName": name, "serviceName": service, "userIdentity": {"userName": "rare"}}
    lake = indexed_lake(batch)
    many = ("ListUsers", *(f"no-{number}" for number in range(10)))
    filters = tuple(
        make_filter(name, (value, *many) if name == "eventName" else (value,), FILTERS) for name, value in asked.items()
    )
    question = Question(0, MIDNIGHT + 10 * DAY, (), newest_first, 2, filters)

    answered = list(pages(lake, question))

    assert [len(page.rows) for page in answered] == [2]
    assert answers(lake, question) == full_scan(batch, question)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(records(), min_size=1, max_size=60),
    st.lists(records(), max_size=5),
    st.lists(questions(), min_size=1, max_size=4),
    st.data(),
)
def test_a_damaged_index_changes_no_answer(
    batch: list[Record], late: list[Record], asked: list[Question], data: st.DataObject
) -> None:
    lake = indexed_lake(batch)
    if late:
        lake.deliver(late)
    for key in sorted(key for key in lake.bucket.objects if key.startswith("index/")):
        body = bytearray(lake.bucket.objects[key][0])
        how = data.draw(st.sampled_from(["whole", "flip", "cut", "gone", "other"]))
        if how == "gone":
            del lake.bucket.objects[key]
        elif how != "whole":
            place = data.draw(st.integers(0, len(body) - 1))
            body[place] ^= data.draw(st.integers(1, 255))
            lake.bucket.put(key, {"flip": bytes(body), "cut": bytes(body[:place]), "other": b"other"}[how])

    for question in asked:
        assert answers(lake, question) == full_scan([*batch, *late], question)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(records(), min_size=1, max_size=60),
    st.lists(st.lists(records(), min_size=1, max_size=8), max_size=3),
    st.lists(questions(), min_size=1, max_size=4),
    st.integers(0, 49),
)
def test_an_old_index_changes_no_answer(
    batch: list[Record], late: list[list[Record]], asked: list[Question], minutes: int
) -> None:
    """The root is of before, while parts come, are compacted, and what they replaced is deleted."""
    lake = indexed_lake(batch)
    root = lake.bucket.objects[ROOT]
    for each in late:
        lake.deliver(each)
    lake.wait(minutes=minutes)
    lake.compact()
    lake.bucket.objects[ROOT] = root

    for question in asked:
        assert answers(lake, question) == full_scan([*batch, *(record for each in late for record in each)], question)
    lake.wait(hours=2)
    lake.compact()
    for question in asked:
        assert answers(lake, question) == full_scan([*batch, *(record for each in late for record in each)], question)


def test_pages_go_on_while_the_lake_is_compacted_and_indexed() -> None:
    lake = LivingLake()
    batch = [make_record(number, MIDNIGHT + number % 7 * SECOND) for number in range(1, 120)]
    for start in range(0, len(batch), 20):
        lake.deliver(batch[start : start + 20])
    lake.wait(seconds=2)
    question = Question(MIDNIGHT - DAY, MIDNIGHT + DAY, (), True, 10, ())
    as_of = visible_before(to_micros(lake.now))
    steps = iter([lake.compact, lambda: publish_index(lake.bucket, lake.now), lambda: lake.wait(hours=2), lake.compact])
    found: list[str] = []
    behind = None
    while True:
        page = read_page(lake.lake, EVENTS, question, behind, as_of, lake.now)
        found += [row.event for row in page.rows]
        behind = page.ended_at
        if behind is None:
            break
        lake.deliver([make_record(1000 + len(found), MIDNIGHT + 3 * SECOND)])
        next(steps, lambda: None)()

    assert found == [text for _, _, text in full_scan(batch, question)]
