"""Tokens: their form, their checksum, and that only a hash of them is kept."""

from __future__ import annotations

import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from trailkeep.access import tokens
from trailkeep.access.principal import SCOPES, Principal, from_context
from trailkeep.access.tokens import IssuedToken, authenticate, issue
from trailkeep.errors import AccessDenied, Conflict, InvalidParameter, StorageUnavailable, Unauthenticated

PEPPER = b"p" * 64
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def made(lake: MemoryBucket, scopes: list[str] | None = None, name: str = "ops") -> IssuedToken:
    return issue(lake, PEPPER, name, ["view"] if scopes is None else scopes, NOW)


def stored(lake: MemoryBucket) -> dict[str, Any]:
    """The one token that is stored."""
    (key,) = lake.objects
    record: dict[str, Any] = json.loads(lake.get(key))
    return record


def change(lake: MemoryBucket, **fields: object) -> None:
    (key,) = lake.objects
    lake.put(key, json.dumps({**stored(lake), **fields}).encode())


def who(lake: MemoryBucket, token: str, *, pepper: bytes = PEPPER, now: datetime = NOW) -> Principal:
    return authenticate(lake, pepper, f"Bearer {token}", now)


def is_refused(lake: MemoryBucket, header: str) -> bool:
    try:
        authenticate(lake, PEPPER, header, NOW)
    except Unauthenticated as refusal:
        # One set of words for every reason: it must not tell what was wrong.
        return refusal.message == "the token is not valid"
    return False


# Issuing


def test_the_form_of_a_token() -> None:
    issued = made(MemoryBucket(), ["view", "admin", "view"])

    assert re.fullmatch(r"tk_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}", issued.token)
    assert issued.token.split("_")[1] == issued.token_id
    assert issued.scopes == ("admin", "view")


def test_what_is_stored_holds_no_secret() -> None:
    lake = MemoryBucket()
    issued = made(lake)
    secret = issued.token.split("_")[2][:32]

    assert list(lake.objects) == [f"state/tokens/{issued.token_id}.json"]
    assert stored(lake) == {
        "tokenId": issued.token_id,
        "name": "ops",
        "scopes": ["view"],
        "accounts": ["*"],
        "regions": ["*"],
        "scanBytesPerDay": None,
        "createdAt": "2026-03-10T12:00:00Z",
        "expiresAt": None,
        "hash": hmac.new(PEPPER, f"{issued.token_id}.{secret}".encode(), sha256).hexdigest(),
    }
    assert secret not in json.dumps(stored(lake))


def test_no_two_tokens_are_alike() -> None:
    lake = MemoryBucket()
    several = [made(lake) for _ in range(50)]

    for part in (lambda t: t.token_id, lambda t: t.token.split("_")[2][:32], lambda t: t.token):
        assert len({part(issued) for issued in several}) == 50
    assert {len(issued.token) for issued in several} == {3 + 12 + 1 + 32 + 6}


def test_characters_are_drawn_evenly() -> None:
    drawn = tokens._random(62 * 200)

    assert set(drawn) == set(ALPHABET)
    assert max(drawn.count(character) for character in ALPHABET) < 2 * 200


def test_an_id_that_is_taken_is_never_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    lake = MemoryBucket()
    monkeypatch.setattr(tokens, "_random", lambda length: "x" * length)
    made(lake)
    before = dict(lake.objects)

    with pytest.raises(Conflict):
        made(lake, ["admin"])
    assert lake.objects == before


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_can_be_given(scope: str) -> None:
    lake = MemoryBucket()

    assert who(lake, made(lake, [scope]).token).scopes == {scope}


@pytest.mark.parametrize(
    "scopes", [[], ["root"], ["view", "*"], ["View"], [""], "admin", None, {"admin": 1}, [["admin"]], [5]]
)
def test_scopes_that_cannot_be(scopes: Any) -> None:
    lake = MemoryBucket()
    with pytest.raises(InvalidParameter, match=r"^scopes "):
        issue(lake, PEPPER, "ops", scopes, NOW)
    assert not lake.objects


@pytest.mark.parametrize("name", ["first admin", "ci/deploy", "ops@example.com", "日志", "a" * 64, "a.b:c+d-e_f"])
def test_names_that_can_be(name: str) -> None:
    lake = MemoryBucket()

    assert who(lake, made(lake, name=name).token).name == name


@pytest.mark.parametrize("name", ["", "a" * 65, "a\nb", "a\n", '"', "<b>", "a\0", None, 5, ["ops"]])
def test_names_that_cannot_be(name: Any) -> None:
    lake = MemoryBucket()
    with pytest.raises(InvalidParameter, match=r"^name "):
        issue(lake, PEPPER, name, ["view"], NOW)
    assert not lake.objects


@pytest.mark.parametrize("budget", [-1, 2**53, 1.5, "5", True, [5], {}])
def test_budgets_that_cannot_be(budget: Any) -> None:
    lake = MemoryBucket()
    with pytest.raises(InvalidParameter, match=r"^scanBytesPerDay "):
        issue(lake, PEPPER, "ops", ["view"], NOW, budget)
    assert not lake.objects


@pytest.mark.parametrize("budget", [None, 0, 1, 2**53 - 1])
def test_a_token_has_the_budget_that_it_was_issued_with(budget: int | None) -> None:
    lake = MemoryBucket()

    assert who(lake, issue(lake, PEPPER, "ops", ["view"], NOW, budget).token).scan_budget == budget


# Authenticating


def test_a_token_is_known_again() -> None:
    lake = MemoryBucket()
    issued = made(lake, ["view", "ingest"])

    assert who(lake, issued.token) == Principal(issued.token_id, "ops", frozenset({"view", "ingest"}))


def test_a_token_is_narrowed_as_its_record_says() -> None:
    lake = MemoryBucket()
    issued = made(lake)
    change(lake, accounts=["1", "2"], regions=["cn-hangzhou"])

    principal = who(lake, issued.token)

    assert (principal.accounts, principal.regions) == (("1", "2"), ("cn-hangzhou",))


def test_every_character_of_a_token_counts() -> None:
    lake = MemoryBucket()
    token = made(lake).token
    for place, character in enumerate(token):
        other = ALPHABET[(ALPHABET.index(character) + 1) % 62] if character in ALPHABET else "-"
        assert is_refused(lake, f"Bearer {token[:place]}{other}{token[place + 1 :]}"), place
        assert is_refused(lake, f"Bearer {token[:place]}{token[place + 1 :]}"), place
    assert not is_refused(lake, f"Bearer {token}")


def test_a_typing_error_is_told_without_asking_the_store() -> None:
    lake = MemoryBucket()
    token = made(lake).token
    asked: list[str] = []
    lake.before_call = lambda operation, key: asked.append(key)  # type: ignore[method-assign]

    swapped = token[:20] + token[21] + token[20] + token[22:]
    if swapped != token:
        assert is_refused(lake, f"Bearer {swapped}")
    assert is_refused(lake, f"Bearer {token[:-1]}{'0' if token[-1] != '0' else '1'}")
    assert asked == []


@given(st.text(ALPHABET, min_size=12, max_size=12), st.text(ALPHABET, min_size=32, max_size=32))
@example("0" * 12, "0" * 32)
def test_a_checksum_does_not_make_a_token(token_id: str, secret: str) -> None:
    """Whoever reads this source can make sums, not tokens: of an ID that is known, or of none."""
    lake = MemoryBucket()
    known = made(lake).token_id

    for each in (token_id, known):
        assert is_refused(lake, f"Bearer tk_{each}_{secret}{tokens._checksum(each, secret)}")


def test_a_token_under_another_pepper_is_refused() -> None:
    lake = MemoryBucket()
    token = made(lake).token

    for pepper in (b"", b"P" * 64, PEPPER[:-1]):
        with pytest.raises(Unauthenticated):
            who(lake, token, pepper=pepper)


def test_the_hash_of_one_token_is_not_that_of_another() -> None:
    lake = MemoryBucket()
    first, second = made(lake), made(lake)
    record = lake.get(f"state/tokens/{second.token_id}.json")
    lake.put(f"state/tokens/{first.token_id}.json", record)

    assert is_refused(lake, f"Bearer {first.token}")


def test_a_token_that_is_gone_is_refused() -> None:
    lake = MemoryBucket()
    token = made(lake).token
    lake.objects.clear()

    assert is_refused(lake, f"Bearer {token}")


@pytest.mark.parametrize(("seconds", "valid"), [(1, True), (0, False), (-1, False)])
def test_a_token_expires(seconds: int, valid: bool) -> None:
    lake = MemoryBucket()
    token = made(lake).token
    change(lake, expiresAt=(NOW + timedelta(seconds=seconds)).isoformat())

    assert is_refused(lake, f"Bearer {token}") is not valid


def test_a_store_that_fails_refuses_nobody() -> None:
    """An outage must not look like a token that was revoked."""
    lake = MemoryBucket()
    token = made(lake).token

    def fail(operation: str, key: str) -> None:
        raise StorageUnavailable("down")

    lake.before_call = fail  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable):
        who(lake, token)


@given(st.text() | st.text().map("Bearer {}".format) | st.from_regex(r"Bearer tk_\w{12}_\w{38}", fullmatch=True))
@example("")
@example("Bearer")
@example("Bearer ")
@example("Bearer " + "x" * 100_000)
@example("Bearer tk_../../../../x_" + "0" * 38)
@example("Basic dXNlcjpwYXNz")
def test_any_other_header_is_refused(header: str) -> None:
    lake = MemoryBucket()

    assert is_refused(lake, header)


# Principals


@given(
    st.sets(st.sampled_from(SCOPES)).map(frozenset),
    st.lists(st.from_regex(r"\A[a-z0-9-]+\Z"), min_size=1, max_size=3).map(tuple),
)
def test_a_principal_is_handed_on_as_it_is(scopes: frozenset[str], narrowed: tuple[str, ...]) -> None:
    principal = Principal("TokenA", "ops", scopes, narrowed, narrowed)

    assert from_context(principal.context()) == principal
    assert all(isinstance(value, str) for value in principal.context().values())


@pytest.mark.parametrize("context", [None, {}, {"tokenId": ""}, {"scopes": "admin"}])
def test_a_request_without_a_principal_is_refused(context: dict[str, str] | None) -> None:
    with pytest.raises(Unauthenticated):
        from_context(context)


def test_a_principal_without_anything_may_do_and_see_nothing() -> None:
    principal = from_context({"tokenId": "TokenA"})

    assert (principal.scopes, principal.accounts, principal.regions) == (frozenset(), (), ())


@pytest.mark.parametrize("held", SCOPES)
@pytest.mark.parametrize("needed", SCOPES)
def test_no_scope_contains_another(held: str, needed: str) -> None:
    principal = Principal("TokenA", "ops", frozenset({held}))

    if held == needed:
        principal.require(needed)
    else:
        with pytest.raises(AccessDenied, match=needed):
            principal.require(needed)
