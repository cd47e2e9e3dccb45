"""query_events: every value is a literal, whatever it would mean to a shell, a pattern, SQL, JSON or a URL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import Deployment, deployed
from tests.functions.events import as_array, make_event

TEXTS = [
    "alice",
    "ALICE",
    " alice",
    "alice ",
    "alic",
    "' OR 1=1 --",
    '"; DROP TABLE events; --',
    "%",
    "_",
    "*",
    "a*",
    "?",
    ".*",
    "^alice$",
    "[a-z]+",
    "(a+)+$",
    "\\",
    "a\\",
    "\\u0061lice",
    "%61lice",
    "$(id)",
    "`id`",
    "${jndi:ldap://x}",
    "../../etc/passwd",
    "a\u0000b",
    "a\nb",
    "\r\nX-Other: a=b",
    "<script>",
    "null",
    "true",
    "0",
    "a,b",
    "a;b",
    "e\u0301",
    "é",
    "ﬁ",
    "fi",
    "\u202ealice",
    "😀",
]


@pytest.fixture(scope="module")
def lake() -> Iterator[Deployment]:
    """An event of each of these users, with an ID, an operation and a resource of the same name."""
    with deployed() as deployment:
        events = [
            make_event(
                f"id {text}",
                eventName=text,
                userIdentity={"type": "ram-user", "accountId": "1", "userName": text},
                referencedResources={"ACS::ECS::Instance": [f"i {text}"]},
            )
            for text in TEXTS
        ]
        deployment.land_and_deliver("log.json", as_array(events))
        yield deployment


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_value_finds_what_is_just_so_and_nothing_else(lake: Deployment, text: str) -> None:
    expected = {f"id {text}"}
    for parameters in ({"eventName": text}, {"eventId": f"id {text}"}, {"resourceName": f"i {text.strip()}"}):
        if "resourceName" in parameters and text.strip() != text:
            continue  # names of resources are kept without the blanks around them
        answer = lake.get("/v1/events", parameters)
        assert (answer.status, set(answer.event_ids) & expected) == (200, expected), parameters
        assert len(answer.event_ids) == 1 or "resourceName" in parameters
    others = lake.get("/v1/events", {"eventName!": text}).event_ids
    assert set(others) == {f"id {other}" for other in TEXTS} - expected


@pytest.mark.parametrize("text", [text for text in TEXTS if text != "null"], ids=ascii)
def test_a_user_is_found_by_the_whole_name(lake: Deployment, text: str) -> None:
    assert lake.get("/v1/events", {"user": text}).event_ids == [f"id {text}"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_count_by_name_has_it_as_it_is(lake: Deployment, text: str) -> None:
    parameters = {"field": "eventName", "eventName": text, "startTime": "2026-03-01T00:00:00Z"}

    (bucket,) = lake.get("/v1/histogram", parameters).body["histogram"]

    assert bucket["values"] == {text: 1}


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_where_a_value_cannot_be_it_is_refused_and_not_looked_for(lake: Deployment, text: str) -> None:
    for name in ("startTime", "maxResults", "direction", "nextToken", "eventRW", "sensitive", "view"):
        answer = lake.get("/v1/events", {name: text})
        if (name, text) not in (("sensitive", "true"),):
            assert_error(answer, 400, "InvalidNextToken" if name == "nextToken" else "InvalidParameter")
            assert name in answer.body["message"]


def test_a_text_that_is_none_is_refused_in_the_path_too(lake: Deployment) -> None:
    assert_error(lake.get("/v1/events/a\ud800"), 400, "InvalidParameter")
