"""What masking makes of an event is known to the byte: expected texts are written beside those that are masked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailkeep.events import masking
from trailkeep.events.mask_rules import MASK, NAME_KEYS, SECRET_NAMES, SECRET_SUFFIXES, VALUE_KEYS
from trailkeep.events.mask_text import hide_in_text
from trailkeep.events.masking import Masked, mask

SECRET = "hunter2-mask-me"


def masked(value: Any) -> Any:
    """A value as it comes out of the masker."""
    return json.loads(mask(json.dumps(value).encode()).text)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A secret's name in any case, with separators anywhere, words before a suffix and a number at the end."""
    name = draw(st.sampled_from(sorted(SECRET_NAMES | set(SECRET_SUFFIXES))))
    before = draw(st.sampled_from(["", "master", "db_", "AWS_", "x-"])) if name in SECRET_SUFFIXES else ""
    letters = [draw(st.sampled_from([letter, letter.upper()])) for letter in name]
    separators = [draw(st.sampled_from(["", "", "", "_", "-", " ", "."])) for _ in name]
    number = draw(st.sampled_from(["", "", "2", "_10"]))
    return before + "".join(map("".join, zip(separators, letters, strict=True))) + number


@st.composite
def key_texts(draw: st.DrawFn, names: st.SearchStrategy[str]) -> str:
    r"""A name as JSON string, some of its letters as ``\u`` escapes."""
    return '"' + "".join(f"\\u{ord(letter):04x}" if draw(st.booleans()) else letter for letter in draw(names)) + '"'


# --- whole documents


@dataclass(frozen=True)
class Leaf:
    """A scalar as JSON text, and what it becomes where its name says nothing."""

    text: str
    open: str

    def write(self, hide: bool | None) -> str:
        if hide is None:
            return self.text
        has_nothing = not self.text.strip('"*') or self.text in ("true", "false", "null")
        return f'"{MASK}"' if hide and not has_nothing else (self.text if hide else self.open)


@dataclass(frozen=True)
class Branch:
    """A list, or with keys an object; ``blank`` stands between all tokens."""

    children: tuple[Leaf | Branch, ...]
    keys: tuple[tuple[str, bool], ...] | None
    blank: str

    def write(self, hide: bool | None) -> str:
        """As JSON text: unmasked (None), masked (False), or everything in it masked (True)."""
        parts = []
        for position, child in enumerate(self.children):
            key, secret = self.keys[position] if self.keys is not None else ("", False)
            value = child.write(None if hide is None else hide or secret)
            parts.append(f"{key}{self.blank}:{self.blank}{value}" if self.keys is not None else value)
        inside = f"{self.blank},{self.blank}".join(parts)
        opening, closing = "[]" if self.keys is None else "{}"
        return f"{opening}{self.blank}{inside}{self.blank}{closing}"


KEPT = (
    '""', '"***"', "true", "false", "null", "-0", "1.0", "1E5", "1e-400", "12345678901234567890.10",
    "9007199254740993", r'"\u0041\/"', '"\\"password\\""', '"AKIAIOSFODNN7EXAMPLE"', '"é😀"',
    '"{\\"a\\":1.0, \\"a\\":2}"', '"[1, 2.50 ,3]"', '"192.0.2.1"', '"a:b"', '"password"', '"secret\\n"', '"},{"',
    '"arn:aws:iam::1:user/token"',
)  # fmt: skip
CHANGED = (
    ('"token=abc1&a=1.0"', '"token=***&a=1.0"'),
    ('"{\\"pwd\\" : \\"x1\\", \\"n\\": 1.00}"', '"{\\"pwd\\" : \\"***\\", \\"n\\": 1.00}"'),
    ('"https://u:p1@h/"', '"https://u:***@h/"'),
    ('"Bearer abcdef0123456789"', '"Bearer ***"'),
    ('"basic+dXNlcjpwdw=="', '"basic+***"'),
    ('"ghp_a1a1a1a1a1a1a1a1a1a1a1a1"', '"***"'),
    ('"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln"', '"***"'),
)
PLAIN_NAMES = ("id", "userName", "accessKeyId", "secretName", "nextToken", "tokenCount", "passwordPolicy", " é", "")

leaves = st.sampled_from([*(Leaf(text, text) for text in KEPT), *(Leaf(*pair) for pair in CHANGED)])
blanks = st.sampled_from(["", "", " ", "\n  ", "\t\r\n"])
plain_keys = st.tuples(key_texts(st.sampled_from(PLAIN_NAMES)), st.just(False))
keys = plain_keys | st.tuples(key_texts(spellings()), st.just(True))


def branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Branch]:
    objects = st.builds(
        lambda members, blank: Branch(tuple(node for _, node in members), tuple(key for key, _ in members), blank),
        st.lists(st.tuples(keys, inner), max_size=4),
        blanks,
    )
    return objects | st.builds(Branch, st.lists(inner, max_size=3).map(tuple), st.none(), blanks)


@given(branches(st.recursive(leaves, branches, max_leaves=8)))
@example(Branch((Leaf('"Bearer abcdef0123456789"', '"Bearer ***"'),), None, ""))
def test_masking_replaces_the_secrets_and_no_other_byte(document: Branch) -> None:
    expected = document.write(False)

    result = mask(document.write(None).encode())

    assert result.text.decode() == expected
    assert mask(result.text) == Masked(result.text, 0), "masking again changes nothing"


@pytest.mark.parametrize(("text", "hidden"), CHANGED)
def test_a_secret_that_stands_alone_in_an_event_is_found(text: str, hidden: str) -> None:
    """Nothing else in the event makes the masker look closer."""
    assert mask(f'{{"agent":{text}}}'.encode()).text.decode() == f'{{"agent":{hidden}}}'


# --- lists of name and value


@given(spellings(), st.sampled_from(sorted(NAME_KEYS)), st.sampled_from(sorted(VALUE_KEYS)), st.booleans())
@example("pwd", "name", "value", False)
@example("otp", "Key", "Value", True)
@example("pass", "name", "value", False)
def test_a_pair_of_name_and_value_is_masked_in_either_order(
    name: str, name_key: str, value_key: str, value_first: bool
) -> None:
    pair = {name_key: name, value_key: SECRET}
    if value_first:
        pair = dict(reversed(pair.items()))

    result = masked([{"name": "Accept", "value": "json"}, pair])

    assert result == [{"name": "Accept", "value": "json"}, {**pair, value_key: MASK}]


def test_one_pair_says_nothing_of_its_neighbours() -> None:
    pairs = [{"name": "password", "value": "x"}, {"name": "user", "value": "kept", "inner": {"value": "kept"}}]

    assert masked(pairs) == [{"name": "password", "value": MASK}, pairs[1]]


# --- keys that hold secrets themselves


@pytest.mark.parametrize(
    ("key", "hidden", "names_a_secret"),
    [
        ("password=hunter2&user", "password=***&user", False),
        ("password=hunter2&token", "password=***&token", True),
        ("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----", MASK, False),
        ("password ghp_a1a1a1a1a1a1a1a1a1a1a1a1", "password ***", True),
    ],
)
def test_a_key_is_searched_as_text_and_still_names_its_value(key: str, hidden: str, names_a_secret: bool) -> None:
    result = masked({key: SECRET})

    assert result == {hidden: MASK if names_a_secret else SECRET}
    assert masked(result) == result


# --- texts


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA1%2F2&X-Amz-Signature=", "&X-Amz-Date=1"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Security-Token=", "&X-Amz-Date=1"),
        ("https://b.oss-cn-hangzhou.aliyuncs.com/k?OSSAccessKeyId=LTAI1&Signature=", ""),
        ("https://b.oss-cn-hangzhou.aliyuncs.com/k?x-oss-signature=", "&x-oss-signature-version=OSS4-HMAC-SHA256"),
        ("https://b.oss-cn-hangzhou.aliyuncs.com/k?security-token=", "&x-oss-date=1"),
        ("a=1&client_secret=", "&grant_type=refresh"),
        ("Server=h;Password=", ";Timeout=30"),
    ],
)
def test_of_a_signed_url_or_a_form_only_the_secret_goes(before: str, behind: str) -> None:
    text, hidden = f"{before}5ec2e7%2F%3D{behind}", f"{before}{MASK}{behind}"

    assert masked({"a": text, "b": [json.dumps({"c": text})]}) == {"a": hidden, "b": [json.dumps({"c": hidden})]}


# --- the fast way, against a search that looks at each string

FRAGMENTS = (
    "password", "Passwd", "pwd", "token", "secret", "Signature", "cookie", "userdata", "authorization", "nextToken",
    "name", "value", "key", "a", "é", "user", "otp", "code", "api", "=", ":", ": ", " ", "  ", "&", "'", '"', '\\"',
    "\\", "/", "://", "@", "%", "%3D", "%26", "%22", "%20", ";", ",", "\n", "\r\n", "{", "}", "[", "]", "--", "-",
    "_", ".", "=>", "*", "***", "x1", "hunter2", "Bearer ", "Basic ", "abcdef0123456789", "eyJ", "eyJhbGciOi",
    ".eyJzdWI", "ghp_" + "a1" * 18, "12345", "0", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----",
    "null", "true", "https://u:p@h", '{"password":"x1"}', "\u2028", "ﬁ", "ｐwd", "ewo", "dXNlcjpwdw==",
)  # fmt: skip
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)
events = st.recursive(
    fragments | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fragments, inner, max_size=3),
    max_leaves=6,
)


def outcome(text: bytes) -> Masked | str:
    try:
        return mask(text)
    except ValueError as refusal:  # two keys would become one
        return str(refusal)


@given(events, st.booleans(), st.integers(0, 2))
@example({"password ghp_" + "a1" * 18: "x"}, False, 0)
def test_the_fast_way_finds_what_a_search_of_every_string_finds(value: Any, escape: bool, nested: int) -> None:
    for _ in range(nested):
        value = {"a": json.dumps(value, ensure_ascii=escape)}
    text = json.dumps(value, ensure_ascii=escape).encode()

    with (
        patch.object(masking, "is_innocent", return_value=False),
        patch.object(masking, "may_hold_a_secret", return_value=True),
    ):
        every_string = outcome(text)
    found = outcome(text)

    assert found == every_string
    assert isinstance(found, str) or mask(found.text) == Masked(found.text, 0)


@given(fragments)
def test_hiding_what_is_hidden_in_a_text_changes_nothing(text: str) -> None:
    once = hide_in_text(text)

    assert hide_in_text(once) == once
