"""What the API answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as API Gateway would send it; ``body`` is parsed."""

    status: int
    body: Any
    text: str
    headers: Mapping[str, str]

    @property
    def event_ids(self) -> list[str]:
        return [event.get("eventId") or event.get("eventID") for event in self.body["events"]]


def assert_error(answer: Answer, status: int, code: str) -> None:
    """The answer is this error, in the one form that errors have."""
    assert (answer.status, answer.body.get("code")) == (status, code), answer.text
    assert set(answer.body) == {"code", "message", "hint", "requestId"}
    assert all(isinstance(value, str) and value for value in answer.body.values())
