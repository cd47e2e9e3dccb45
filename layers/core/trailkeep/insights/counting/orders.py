"""Messages of the queues of Insights: which hours are to be counted, and which accounts looked at. Safe to repeat."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trailkeep.errors import InvalidBody, StorageUnavailable
from trailkeep.events.regions import is_region
from trailkeep.insights.counting.spans import Span, joined, touched

MOST_SPANS = 48
"""Spans in one message: some minutes of work where dates are large."""

MOST_DATES = 60
"""Dates in one message about an account."""

Send = Callable[[Sequence[str]], Iterable[bool]]
"""Sends messages; says of each whether the queue took it."""


@dataclass(frozen=True, slots=True)
class CountOrder:
    """Hours of a region in which there are new events."""

    region: str
    spans: Sequence[Span]


def ordered_count(body: str) -> CountOrder:
    """What a message orders to be counted. Raises :class:`InvalidBody` for what the planner cannot have sent."""
    try:
        message = json.loads(body)
        region = message["region"]
        spans = joined(touched(each["date"], int(each["first"]), int(each["last"])) for each in message["dates"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidBody("the message does not say what is to be counted") from error
    if not isinstance(region, str) or not is_region(region) or not spans:
        raise InvalidBody("the message names no region, or no dates")
    return CountOrder(region, spans)


def order_counts(send: Send, orders: Iterable[CountOrder]) -> int:
    """Order hours to be counted; gives the number of messages, all of which the queue took.

    Raises :class:`StorageUnavailable` where it did not: some may have been sent.
    """
    return _send(send, [_count(order.region, spans) for order in orders for spans in _portions(order.spans)])


def order_evaluations(send: Send, accounts: Mapping[str, Sequence[str]]) -> int:
    """Order accounts to be evaluated, each with the dates that changed; without any, as of now.

    Gives the number of messages; raises :class:`StorageUnavailable` where the queue did not take all of them.
    """
    return _send(send, [body for account, dates in accounts.items() for body in _evaluations(account, dates)])


def _count(region: str, spans: Sequence[Span]) -> str:
    dates = [{"date": span.date, "first": span.first, "last": span.last} for span in spans]
    return json.dumps({"region": region, "dates": dates})


def _portions(spans: Sequence[Span]) -> Iterator[Sequence[Span]]:
    for start in range(0, len(spans), MOST_SPANS):
        yield spans[start : start + MOST_SPANS]


def _evaluations(account: str, dates: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(dates), MOST_DATES):
        yield json.dumps({"account": account, "dates": dates[start : start + MOST_DATES]})
    if not dates:
        yield json.dumps({"account": account})


def _send(send: Send, bodies: Sequence[str]) -> int:
    if not all(list(send(bodies))):
        raise StorageUnavailable("the queue did not take every message")
    return len(bodies)
