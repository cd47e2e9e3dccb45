"""Messages of the evaluation queue: which account is to be looked at, and which of its dates have changed."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from trailkeep.errors import InvalidBody, StorageUnavailable


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """An account, and the dates whose calls are others than before; without any, it is looked at as of now.

    ``put_off`` says how often it was put off, because more seemed to be on the way.
    """

    account: str
    dates: Sequence[date]
    put_off: int = 0


def ordered_evaluation(body: str) -> EvaluationOrder:
    """What a message orders. Raises :class:`InvalidBody` for what counting and planning cannot have sent."""
    try:
        message = json.loads(body)
        account = message["account"]
        dates = [date.fromisoformat(each) for each in message.get("dates", [])]
        put_off = int(message.get("putOff", 0))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidBody("the message does not say which account is to be looked at") from error
    if not isinstance(account, str) or not account:
        raise InvalidBody("the message names no account")
    return EvaluationOrder(account, dates, put_off)


def order_later(send: Callable[[Sequence[str]], Iterable[bool]], order: EvaluationOrder, dates: Sequence[date]) -> None:
    """Put off the look at some dates of an order. Raises :class:`StorageUnavailable` where the queue does not take it.

    ``send`` sends messages that wait before they are given out.
    """
    message = {"account": order.account, "dates": [str(each) for each in dates], "putOff": order.put_off + 1}
    if not all(send([json.dumps(message)])):
        raise StorageUnavailable("the queue did not take what is to be looked at later")
