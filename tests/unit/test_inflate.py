"""The text behind an object's bytes is the same however they are cut; what cannot be read is named and bounded."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.json_texts import pieces_of
from trailkeep.events import inflate as module
from trailkeep.events.inflate import PIECE_BYTES, inflate
from trailkeep.events.reasons import Reason, Unreadable

TEXT = b'{"eventName":"RunInstances"}\n' * 400
PACKED = gzip.compress(random.Random(7).randbytes(70_000).hex().encode(), mtime=0)
"""More than one block, of different codes all through."""


def read(chunks: Iterable[bytes]) -> tuple[bytes, Reason | None]:
    """The text that comes out, and the reason for which it ends early."""
    out = bytearray()
    try:
        for piece in inflate(chunks):
            assert 0 < len(piece) <= PIECE_BYTES
            out += piece
    except Unreadable as failure:
        return bytes(out), failure.reason
    return bytes(out), None


@given(st.data(), st.binary(max_size=300).filter(lambda text: not text.startswith(b"\x1f\x8b")))
def test_plain_text_comes_as_it_is(data: st.DataObject, text: bytes) -> None:
    chunks = data.draw(pieces_of(text))

    assert read(chunks) == (text, None)


@given(st.data(), st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 9))
def test_gzip_members_one_after_another_are_one_text(data: st.DataObject, texts: list[bytes], padding: int) -> None:
    members = [gzip.compress(text, data.draw(st.sampled_from([0, 1, 9]))) for text in texts]
    chunks = data.draw(pieces_of(b"".join(members) + bytes(padding)))

    assert read(chunks) == (b"".join(texts), None)


def test_members_may_be_padded_with_zeros_between_them() -> None:
    packed = gzip.compress(b"one") + bytes(512) + gzip.compress(b"two")

    assert read([packed]) == (b"onetwo", None)


def test_members_with_names_times_and_comments_are_read() -> None:
    header = b"\x1f\x8b\x08\x1c\x00\x00\x00\x00\x00\x03" + b"\x04\x00abcd" + b"name\x00" + b"comment\x00"
    packed = header + gzip.compress(TEXT, mtime=0)[10:]

    assert read([packed]) == (TEXT, None)


@given(st.integers(2, len(gzip.compress(TEXT)) - 1), st.integers(1, 40))
def test_a_truncated_stream_gives_everything_before_its_end(length: int, step: int) -> None:
    torn = gzip.compress(TEXT)[:length]

    text, reason = read(torn[start : start + step] for start in range(0, len(torn), step))

    assert reason is Reason.TRUNCATED_GZIP
    assert text == zlib.decompressobj(31).decompress(torn)


@settings(max_examples=20)
@given(st.integers(10, len(PACKED) - 1), st.integers(0, 7), st.sampled_from([1000, 65_536, 400_000]))
@example(len(PACKED) - 8, 0, 1000)  # in the checksum
@example(len(PACKED) - 1, 0, 1000)  # in the length
def test_a_damaged_stream_gives_everything_before_its_damage(position: int, bit: int, step: int) -> None:
    damaged = bytearray(PACKED)
    damaged[position] ^= 1 << bit

    text, reason = read(bytes(damaged[start : start + step]) for start in range(0, len(damaged), step))

    assert reason in (Reason.CORRUPT_GZIP, Reason.TRUNCATED_GZIP)
    assert text == byte_by_byte(bytes(damaged))


def byte_by_byte(packed: bytes) -> bytes:
    """What zlib gives of a stream before it fails, when it sees no byte too early."""
    member = zlib.decompressobj(31)
    text = bytearray()
    try:
        for byte in packed:
            text += member.decompress(bytes([byte]))
    except zlib.error:
        pass
    return bytes(text)


def test_a_wrong_checksum_is_found_and_nothing_is_lost() -> None:
    damaged = bytearray(gzip.compress(TEXT))
    damaged[-6] ^= 1

    assert read([bytes(damaged)]) == (TEXT, Reason.CORRUPT_GZIP)


@pytest.mark.parametrize("behind", [b"x", b"{}", b"\x1f\x8a", b"\x00\x00rest", b"\x1f"])
def test_what_follows_a_gzip_stream_must_be_gzip(behind: bytes) -> None:
    assert read([gzip.compress(TEXT) + behind]) == (TEXT, Reason.CORRUPT_GZIP)


@pytest.mark.parametrize("packed", [b"\x1f\x8b", b"\x1f\x8b\x08\x00", gzip.compress(b"", mtime=0)[:-1]])
def test_a_stream_that_has_hardly_begun_is_truncated(packed: bytes) -> None:
    assert read([packed]) == (b"", Reason.TRUNCATED_GZIP)


def test_something_else_than_deflate_is_damage() -> None:
    assert read([b"\x1f\x8b\x09" + bytes(20)]) == (b"", Reason.CORRUPT_GZIP)


def test_no_bytes_are_no_text() -> None:
    assert read([]) == (b"", None)
    assert read([b"", b""]) == (b"", None)
    assert read([gzip.compress(b"")]) == (b"", None)


def test_an_archive_inside_an_archive_stays_packed() -> None:
    inner = gzip.compress(TEXT)

    assert read([gzip.compress(inner)]) == (inner, None)


def test_a_bomb_ends_and_takes_no_memory() -> None:
    packed = gzip.compress(bytes(4 << 20)) * (2 + module.BOMB_BYTES // (4 << 20))
    given_bytes = 0
    reason = None

    tracemalloc.start()
    try:
        for piece in inflate([packed]):
            given_bytes += len(piece)
    except Unreadable as failure:
        reason = failure.reason
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert reason is Reason.INFLATES_TOO_FAR
    assert given_bytes <= module.BOMB_BYTES
    assert peak < 32 << 20


def test_a_log_that_deflates_well_is_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOMB_BYTES", 1000)
    text = "".join(f'{{"eventName":"RunInstances","eventId":"{number}"}}\n' for number in range(20_000)).encode()
    packed = gzip.compress(text)

    assert len(text) / len(packed) > 10
    assert read([packed]) == (text, None)


def test_an_endless_object_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PLAIN_BYTES", 1 << 20)

    def endless() -> Iterator[bytes]:
        while True:
            yield TEXT

    text, reason = read(endless())

    assert reason is Reason.OBJECT_TOO_LARGE
    assert len(text) <= 1 << 20


def test_many_small_members_are_read_in_a_time_in_proportion_to_their_size() -> None:
    member = gzip.compress(b"x", mtime=0)
    packed = member * 20_000

    assert read([packed]) == (b"x" * 20_000, None)
