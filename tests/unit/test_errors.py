"""Errors are a closed list, each of which a caller can be told about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trailkeep import errors
from trailkeep.errors import TrailkeepError


def everyone(root: type[TrailkeepError]) -> Iterator[type[TrailkeepError]]:
    yield root
    for error in root.__subclasses__():
        yield from everyone(error)


EVERY = [error for error in everyone(TrailkeepError) if error.__module__ == errors.__name__]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.__name__)
def test_each_error_has_a_code_a_status_and_a_hint(error: type[TrailkeepError]) -> None:
    told = error("what is wrong")

    assert told.message == str(told) == "what is wrong"
    assert told.code.isidentifier()
    assert told.code == error.__name__ or error is TrailkeepError
    assert 400 <= told.status <= 599
    assert told.hint.endswith(".")
    assert error.__doc__


def test_codes_are_unique() -> None:
    assert len({error.code for error in EVERY}) == len(EVERY) > 10


def test_the_list_is_closed() -> None:
    defined = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)}

    assert defined == set(EVERY)


def test_a_hint_for_this_request_stands_before_the_general_one() -> None:
    assert errors.InvalidParameter("unknown parameter usr", hint="Did you mean user?").hint == "Did you mean user?"
    assert errors.InvalidParameter("region is empty").hint == errors.InvalidParameter.hint
