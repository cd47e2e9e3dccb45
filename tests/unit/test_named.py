"""What requests name is known, or refused with what is near it; and lists come in pages."""

from __future__ import annotations

import pytest

from trailkeep.errors import InvalidParameter
from trailkeep.named import parse_page, refuse_unknown


def test_what_is_known_passes() -> None:
    refuse_unknown(["days", "name"], ("name", "days"))
    refuse_unknown([], ())


@pytest.mark.parametrize(
    ("name", "known", "message", "hint"),
    [
        ("dayz", ("days", "name"), "unknown field dayz", "Did you mean days?"),
        ("x", ("days", "name"), "unknown field x", "Known are days, name."),
        ("x", (), "unknown field x", "No field is known here."),
        ("", ("days",), "unknown field ", "Known are days."),
        ("x" * 65, ("days",), "unknown field " + "x" * 64, "Known are days."),
        ("\udc80", ("days",), "unknown field ?", "Known are days."),
    ],
)
def test_what_is_not_is_named_beside_what_is_near(name: str, known: tuple[str, ...], message: str, hint: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        refuse_unknown([name], known)

    assert (refusal.value.message, refusal.value.hint) == (message, hint)


def test_the_kind_and_the_place_of_a_name_are_told() -> None:
    with pytest.raises(InvalidParameter, match=r"unknown parameter conditions\[0\]\.feild"):
        refuse_unknown(["feild"], ("field",), kind="parameter", where="conditions[0].")


def test_a_page_is_asked_for_by_its_parameters() -> None:
    assert parse_page({}) == (50, None)
    assert parse_page({"maxResults": ["1000"], "nextToken": ["x"]}) == (1000, "x")
    assert parse_page({"name": ["a"], "maxResults": ["1"]}, "name") == (1, None)


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"maxResults": ["0"]}, "maxResults"),
        ({"maxResults": ["1001"]}, "maxResults"),
        ({"maxResults": ["-1"]}, "maxResults"),
        ({"maxResults": ["1.5"]}, "maxResults"),
        ({"maxResults": ["x"]}, "maxResults"),
        ({"maxResults": ["１０"]}, "maxResults"),
        ({"maxResults": ["1", "2"]}, "maxResults"),
        ({"maxResults": ["9" * 5_000]}, "maxResults"),
        ({"nextToken": [""]}, "nextToken"),
        ({"state": ["running"]}, "state"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_page_that_there_cannot_be_is_refused_by_name(parameters: dict[str, list[str]], named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        parse_page(parameters)
