"""Insights are told to an event bus and a topic, ten at a time, and what these refuse is noticed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.errors import InvalidBody, StorageUnavailable
from trailkeep.insights.telling import event_bus, topic
from trailkeep.insights.telling.evaluation_orders import EvaluationOrder, order_later, ordered_evaluation
from trailkeep.insights.telling.event_bus import EventBus
from trailkeep.insights.telling.messages import MOST_BYTES, text_of
from trailkeep.insights.telling.notification import notifiers
from trailkeep.insights.telling.publication import Notifier
from trailkeep.insights.telling.topic import Topic, subject_of

ARN = "arn:aws:sns:us-east-1:111122223333:insights"


def insight(number: int = 0, **details: Any) -> dict[str, Any]:
    context = {"attributions": [], "events": [], "series": [], **details.pop("insightContext", {})}
    return {
        "eventId": f"id-{number}",
        "eventTime": "2026-03-10T12:00:00Z",
        "recipientAccountId": details.pop("account", "1000000000000001"),
        "insightDetails": {
            "state": "Start",
            "insightType": "IpInsight",
            "insightObject": "203.0.113.9",
            "insightContext": context,
            **details,
        },
    }


class Service:
    """EventBridge and SNS as far as they are called, but for those of some numbers."""

    def __init__(self, refused: Sequence[int] = (), error: Exception | None = None) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self._refused = {f"id-{number}" for number in refused}
        self._error = error

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self._take(Entries)
        refusal = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        answers = [{"EventId": "x"} if self._takes(entry["Detail"]) else refusal for entry in Entries]
        return {"FailedEntryCount": answers.count(refusal), "Entries": answers}

    def publish_batch(self, *, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert TopicArn == ARN
        entries = PublishBatchRequestEntries
        self._take(entries)
        assert len({entry["Id"] for entry in entries}) == len(entries)
        taken = [{"Id": entry["Id"], "MessageId": "x"} for entry in entries if self._takes(entry["Message"])]
        return {"Successful": taken, "Failed": []} if taken else {}

    def _take(self, entries: list[dict[str, Any]]) -> None:
        if self._error is not None and self.batches:
            raise self._error
        assert 1 <= len(entries) <= 10
        assert sum(len(json.dumps(entry)) for entry in entries) < 300_000
        self.batches.append(entries)

    def _takes(self, text: str) -> bool:
        return json.loads(text)["eventId"] not in self._refused


@pytest.fixture(params=["bus", "topic"])
def channel(request: pytest.FixtureRequest) -> Notifier:
    return EventBus("default") if request.param == "bus" else Topic(ARN)


def connect(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    for module in (event_bus, topic):
        monkeypatch.setattr(module, "_client", lambda: service)


def test_insights_are_sent_ten_at_a_time_in_their_order(monkeypatch: pytest.MonkeyPatch, channel: Notifier) -> None:
    connect(monkeypatch, service := Service())

    taken = list(channel.send([insight(number) for number in range(23)]))

    assert [len(batch) for batch in service.batches] == [10, 10, 3]
    assert taken == [f"id-{number}" for number in range(23)]


def test_none_are_sent_without_a_call(monkeypatch: pytest.MonkeyPatch, channel: Notifier) -> None:
    connect(monkeypatch, service := Service())

    assert list(channel.send([])) == []
    assert service.batches == []


def test_those_that_were_refused_are_told_apart(monkeypatch: pytest.MonkeyPatch, channel: Notifier) -> None:
    connect(monkeypatch, Service(refused=[0, 4, 11]))

    taken = list(channel.send([insight(number) for number in range(12)]))

    assert taken == [f"id-{number}" for number in range(12) if number not in (0, 4, 11)]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied"}}, "PutEvents"),
        EndpointConnectionError(endpoint_url="https://events.example"),
    ],
)
def test_what_was_sent_before_a_channel_failed_is_known(
    monkeypatch: pytest.MonkeyPatch, channel: Notifier, error: Exception
) -> None:
    connect(monkeypatch, Service(error=error))
    taken: list[str] = []

    with pytest.raises(StorageUnavailable, match="no Insights"):
        taken.extend(channel.send([insight(number) for number in range(15)]))

    assert taken == [f"id-{number}" for number in range(10)]


def test_the_bus_gets_the_event_as_it_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, service := Service())

    list(EventBus("insights-bus").send([insight()]))

    ((entry,),) = service.batches
    assert entry == {
        "Source": "trailkeep",
        "DetailType": "Insight",
        "Detail": json.dumps(insight()),
        "EventBusName": "insights-bus",
    }


def test_the_topic_gets_it_with_a_subject_and_what_subscriptions_filter_by(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, service := Service())

    list(Topic(ARN).send([insight()]))

    ((entry,),) = service.batches
    assert json.loads(entry["Message"]) == insight()
    assert entry["Subject"] == "Trailkeep: IpInsight began in 1000000000000001: 203.0.113.9"
    assert {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()} == {
        "insightType": "IpInsight",
        "state": "Start",
        "accountId": "1000000000000001",
    }


@pytest.mark.parametrize(("state", "said"), [("Start", "began"), ("End", "ended"), ("Withdrawn", "was withdrawn")])
def test_a_subject_says_what_happened(state: str, said: str) -> None:
    assert f" {said} in " in subject_of(insight(state=state))


@given(st.text(), st.text())
def test_no_name_is_one_that_sns_refuses(subject: str, account: str) -> None:
    event = insight(insightObject=subject, account=account)

    attributes = topic._attributes(event)

    assert subject_of(event).isascii()
    assert subject_of(event).isprintable()
    assert 0 < len(subject_of(event)) < 100
    assert all(value["StringValue"].isprintable() and value["StringValue"] for value in attributes.values())
    assert text_of(event).isascii()


def test_large_insights_are_sent_in_more_calls(monkeypatch: pytest.MonkeyPatch, channel: Notifier) -> None:
    connect(monkeypatch, service := Service())
    large = [insight(number, insightContext={"series": ["x" * 100_000]}) for number in range(5)]

    assert len(list(channel.send(large))) == 5
    assert [len(batch) for batch in service.batches] == [2, 2, 1]


def test_one_that_is_too_large_is_sent_without_its_details(monkeypatch: pytest.MonkeyPatch, channel: Notifier) -> None:
    connect(monkeypatch, service := Service())
    context = {"series": ["x" * 150_000], "events": ["y" * 150_000], "score": 7.0}

    list(channel.send([insight(insightContext=context)]))

    ((entry,),) = service.batches
    sent = json.loads(entry.get("Detail") or entry["Message"])
    assert sent["insightDetails"]["insightContext"] == {
        "attributions": [], "series": [], "events": context["events"], "score": 7.0,
    }  # fmt: skip
    assert len(json.dumps(sent)) < MOST_BYTES


def test_without_a_topic_there_is_the_bus_alone() -> None:
    assert [type(each) for each in notifiers({})] == [EventBus]
    assert [type(each) for each in notifiers({"INSIGHTS_TOPIC_ARN": ""})] == [EventBus]
    assert [type(each) for each in notifiers({"INSIGHTS_TOPIC_ARN": ARN})] == [EventBus, Topic]


# Orders


def test_an_order_names_an_account_and_the_dates_that_changed() -> None:
    order = ordered_evaluation('{"account": "1", "dates": ["2026-03-10", "2026-03-09"]}')

    assert order.account == "1"
    assert [str(each) for each in order.dates] == ["2026-03-10", "2026-03-09"]
    assert order.put_off == 0
    assert ordered_evaluation('{"account": "1"}').dates == []


def test_an_order_that_is_put_off_says_how_often() -> None:
    sent: list[str] = []

    def send(bodies: Sequence[str]) -> list[bool]:
        sent.extend(bodies)
        return [True] * len(bodies)

    order = ordered_evaluation('{"account": "1", "dates": ["2026-03-10", "2026-02-01"]}')
    for _ in range(2):
        order_later(send, order, order.dates[1:])
        order = ordered_evaluation(sent[-1])
        order = EvaluationOrder("1", [*order.dates, date(2026, 3, 10)][::-1], order.put_off)

    assert json.loads(sent[1]) == {"account": "1", "dates": ["2026-02-01"], "putOff": 2}
    with pytest.raises(StorageUnavailable):
        order_later(lambda bodies: [False], order, order.dates)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '"x"', '{"account": ""}', '{"account": 1}', '{"account": "1", "dates": ["2026-13-01"]}',
     '{"account": "1", "dates": 3}', '{"account": "1", "dates": [3]}', "[" * 100_000,
     '{"account": "1", "putOff": "x"}'],
)  # fmt: skip
def test_what_nobody_ordered_is_refused(body: str) -> None:
    with pytest.raises(InvalidBody):
        ordered_evaluation(body)
