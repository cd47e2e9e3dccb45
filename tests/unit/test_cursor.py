"""Cursors are given back as they were given, for the question they were given for; anything else is refused."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailkeep.access.seals import seal
from trailkeep.errors import InvalidNextToken
from trailkeep.lookup.cursor import CursorSigner, Position
from trailkeep.lookup.question import Question, parse_question

KEY = b"k" * 64
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ASKED = {
    "startTime": ["2026-03-01T00:00:00Z"],
    "endTime": ["2026-03-02T00:00:00Z"],
    "region": ["cn-hangzhou"],
    "direction": ["FORWARD"],
    "user": ["alice"],
    "sourceIpAddress": ["10.0.0.0/8"],
    "maxResults": ["7"],
}
POSITION = Position(1_772_323_200_000_001, bytes(range(16)))
AS_OF = 1_773_144_000_000_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def question(parameters: dict[str, list[str]] | None = None, now: datetime = NOW) -> Question:
    return parse_question(ASKED if parameters is None else parameters, now)[0]


def signer(key: bytes = KEY, token_id: str = "TokenA", dataset: str = "events") -> CursorSigner:
    return CursorSigner(key, token_id, dataset)


TOKEN = signer().write(question(), POSITION, AS_OF)


def is_refused(token: str, asked: Question | None = None, by: CursorSigner | None = None) -> bool:
    try:
        (by or signer()).read(token, asked or question())
    except InvalidNextToken:
        return True
    return False


def raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def spelled(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@given(
    time=st.integers(0, 253_402_300_799_999_999),
    uid=st.binary(min_size=16, max_size=17) | st.just(b""),
    as_of=st.integers(0, 253_402_300_799_999_999),
)
def test_a_cursor_is_read_as_it_was_written(time: int, uid: bytes, as_of: int) -> None:
    token = signer().write(question(), Position(time, uid), as_of)

    assert signer().read(token, question()) == (question(), Position(time, uid), as_of)


def test_a_cursor_may_stand_in_an_address_and_gives_away_no_uid_but_the_last() -> None:
    assert set(TOKEN) <= set(ALPHABET)
    assert len(TOKEN) < 256


def test_a_default_window_stays_that_of_the_first_page() -> None:
    """The default window moves with the clock; the cursor keeps it."""
    first = question({}, NOW)
    token = signer().write(first, POSITION, AS_OF)
    later = question({}, NOW + timedelta(hours=3))

    assert later.end != first.end
    assert signer().read(token, later)[0] == first


def test_a_cursor_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailkeep.lookup.cursor._VERSION", 2)
    of_the_next_release = signer().write(question(), POSITION, AS_OF)
    monkeypatch.undo()

    with pytest.raises(InvalidNextToken, match="version"):
        signer().read(of_the_next_release, question())


def test_the_page_size_may_change() -> None:
    asked = question({**ASKED, "maxResults": ["1000"]})

    read, position, as_of = signer().read(TOKEN, asked)

    assert (read, position, as_of) == (asked, POSITION, AS_OF)
    assert read.max_results == 1000


@pytest.mark.parametrize(
    "changed",
    [
        {"startTime": ["2026-03-01T08:00:00+08:00"]},
        {"endTime": ["2026-03-02T00:00:00.000Z"]},
        {"user": ["alice", "alice"]},
        {"view": ["operator"]},
    ],
)
def test_the_same_question_in_other_words_is_the_same(changed: dict[str, list[str]]) -> None:
    assert not is_refused(TOKEN, question({**ASKED, **changed}))


@pytest.mark.parametrize(
    "changed",
    [
        {"startTime": ["2026-03-01T00:00:00.000001Z"]},
        {"endTime": ["2026-03-03T00:00:00Z"]},
        {"startTime": None},
        {"endTime": None},
        {"region": ["us-east-1"]},
        {"region": ["cn-hangzhou", "us-east-1"]},
        {"region": ["*"]},
        {"region": None},
        {"direction": ["BACKWARD"]},
        {"direction": None},
        {"user": ["bob"]},
        {"user": ["alice", "bob"]},
        {"user": None},
        {"user": None, "user!": ["alice"]},
        {"user": None, "roleName": ["alice"]},
        {"user!": ["bob"]},
        {"eventRW": ["Read"]},
        {"sensitive": ["true"]},
        {"sensitive": ["false"]},
        {"sourceIpAddress": ["10.0.0.0/9"]},
        {"sourceIpAddress": None},
    ],
    ids=str,
)
def test_another_question_is_refused(changed: dict[str, list[str] | None]) -> None:
    asked = {name: values for name, values in {**ASKED, **changed}.items() if values is not None}

    assert is_refused(TOKEN, question(asked))


@pytest.mark.parametrize("asked", [{"endTime": ["2026-03-10T12:00:00Z"]}, {"startTime": ["2026-03-03T12:00:00Z"]}])
def test_a_window_that_happens_to_be_the_default_one_is_another_question(asked: dict[str, list[str]]) -> None:
    assert question(asked).start == question({}).start
    assert is_refused(signer().write(question({}), POSITION, AS_OF), question(asked))


@pytest.mark.parametrize(
    "other",
    [
        signer(key=b"K" * 64),
        signer(token_id="TokenB"),
        signer(token_id=""),
        signer(dataset="insights"),
        signer(token_id="TokenA\0events", dataset=""),
    ],
)
def test_a_cursor_of_another_principal_dataset_or_key_is_refused(other: CursorSigner) -> None:
    assert is_refused(TOKEN, by=other)


def test_every_bit_counts() -> None:
    content = bytearray(raw(TOKEN))
    for place in range(len(content)):
        for bit in range(8):
            content[place] ^= 1 << bit
            assert is_refused(spelled(bytes(content))), (place, bit)
            content[place] ^= 1 << bit
    assert not is_refused(spelled(bytes(content)))


def test_every_character_counts() -> None:
    for place, character in enumerate(TOKEN):
        other = ALPHABET[(ALPHABET.index(character) + 1) % len(ALPHABET)]
        assert is_refused(TOKEN[:place] + other + TOKEN[place + 1 :]), place


def test_every_character_is_needed() -> None:
    for length in range(len(TOKEN)):
        assert is_refused(TOKEN[:length]), length
        assert is_refused(TOKEN[length + 1 :]), length


@pytest.mark.parametrize("uid", [bytes(length) for length in range(14, 18)])
def test_only_one_spelling_is_taken(uid: bytes) -> None:
    """Stray bits behind the last byte, padding, the other alphabet and blanks would all decode to the same bytes."""
    token = signer().write(question(), Position(10**15, uid), AS_OF)

    assert not is_refused(token)
    for last in ALPHABET:
        if last != token[-1]:
            assert is_refused(token[:-1] + last)
    for other in (
        f"{token}=",
        f"{token}==",
        f" {token}",
        f"{token}\n",
        f"{token[:5]}\n{token[5:]}",
        f"{token}A",
        f"{token}é",
    ):
        assert is_refused(other)


def test_the_other_alphabet_is_refused() -> None:
    tokens = (signer().write(question(), Position(time, bytes(16)), AS_OF) for time in range(10**15, 10**15 + 50))
    other = next(token for token in tokens if "-" in token or "_" in token)

    assert not is_refused(other)
    assert is_refused(other.replace("-", "+").replace("_", "/"))


@given(st.text() | st.text(ALPHABET) | st.binary().map(spelled))
@example("")
@example("A" * 100_000)
@example("=" * 24)
@example("A" * 1024)
@example("\ud800")
def test_anything_else_is_refused(token: str) -> None:
    assert is_refused(token)


def test_a_payload_that_only_another_version_could_have_signed_is_refused() -> None:
    for payload in (b"{}", b"[2]", b"null", b'[1,0,"",0,0,0,0]', b'[1,"0","",0,0,0]', b"\xff", b'[1,0,"=",0,0,0]'):
        assert is_refused(seal(KEY, signer()._bound(question()), payload)), payload


def test_the_signature_is_a_keyed_hash() -> None:
    """An attacker who knows everything but the key cannot make one."""
    payload = raw(TOKEN)[16:]
    for guess in (sha256(payload).digest(), hmac.new(b"", payload, sha256).digest()):
        assert is_refused(spelled(guess[:16] + payload))


def test_a_question_with_another_page_size_is_not_changed_by_reading() -> None:
    asked = replace(question(), max_results=3)

    assert signer().read(TOKEN, asked)[0] == asked
