"""Secrets out of an event, before it is written anywhere: the rest of its bytes stay as they are."""

import base64
import json
import re
from dataclasses import dataclass, field

import msgspec

from trailkeep.events.mask_clues import is_innocent, may_hold_a_secret, suspicions_in
from trailkeep.events.mask_keys import KeyKind, kind_of, string_of
from trailkeep.events.mask_names import is_secret_name
from trailkeep.events.mask_rules import ALREADY_HIDDEN, BASE64_OF_JSON, MASK
from trailkeep.events.mask_text import hide_in_text

_NESTED_TEXTS = 4
"""JSON inside a string inside JSON…: real events hold two levels; deeper texts are searched as plain text."""

_TOKEN = re.compile(rb'("(?>(?:[^"\\]++|\\.)*)")(\s*+:)?|[{}\[\]]|[^\s{}\[\]:,"]++', re.DOTALL)
_TEXT, _KEY = 1, 2
_CLOSING = {b"}": b"{", b"]": b"["}
_OPENING = frozenset(_CLOSING.values())
_NOTHING_TO_HIDE = frozenset({b"true", b"false", b"null", *map(msgspec.json.encode, ALREADY_HIDDEN)})
_HIDDEN = msgspec.json.encode(MASK)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SHORTEST = len('"otp=1"')


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its secrets, and how many were masked."""

    text: bytes
    count: int


def mask(text: bytes) -> Masked:
    """Mask the secrets in one valid JSON text. Masking a masked text changes nothing.

    Raises ValueError where the text turns out to be no JSON: such a record must not be stored.
    """
    return Masked(text, 0) if is_innocent(text) else _mask(text, _NESTED_TEXTS)


def mask_members(text: bytes) -> Masked:
    """:func:`mask`, faster, for a JSON object without blanks whose own keys say nothing of secrets.

    Only those of its members are searched in which something looks like one.
    """
    suspicions = suspicions_in(text)
    parts = []
    count = kept = 0
    end = 0
    for name, raw in _members.decode(text).items():
        start = end + len(msgspec.json.encode(name)) + len("{:")
        value = bytes(raw)
        end = start + len(value)
        if may_hold_a_secret(start, end, suspicions) and (masked := _mask(value, _NESTED_TEXTS)).count:
            parts += [text[kept:start], masked.text]
            count += masked.count
            kept = end
    return Masked(b"".join([*parts, text[kept:]]) if parts else text, count)


def _mask(text: bytes, levels: int) -> Masked:
    places = _Search(text, levels).places
    parts = []
    kept = 0
    for start, (end, replacement) in sorted(places.items()):
        parts += [text[kept:start], replacement]
        kept = end
    return Masked(b"".join([*parts, text[kept:]]) if parts else text, len(places))


@dataclass(slots=True)
class _Members:
    """What an object's members say of each other: in ``{"value": "…", "name": "Cookie"}``, either may come first."""

    name_is_secret: bool = False
    values: list[tuple[int, int]] = field(default_factory=list)
    hidden_keys: set[bytes] = field(default_factory=set)


class _Search:
    """Finds the secrets in one JSON text: ``places`` from start to end, and what comes there instead."""

    def __init__(self, text: bytes, levels: int) -> None:
        self.places: dict[int, tuple[int, bytes]] = {}
        self._levels = levels
        self._suspicions = suspicions_in(text)
        self._search(text)

    def _search(self, text: bytes) -> None:
        stack: list[tuple[bool, _Members, KeyKind, int]] = []
        secret, members, kind = False, _Members(), KeyKind.PLAIN
        for token in _TOKEN.finditer(text):
            group = token.lastindex
            if group == _KEY:
                kind = kind_of(token[_TEXT])
                if kind is KeyKind.HOLDS_A_SECRET:
                    kind = self._hide_key(token, members)
            elif group is None and token[0] in _OPENING:
                stack.append((secret, members, kind, token.start()))
                secret, members, kind = secret or kind is KeyKind.NAMES_A_SECRET, _Members(), KeyKind.PLAIN
            elif group is None and token[0] in _CLOSING:
                if members.name_is_secret:
                    self._hide_all(text, members.values)
                if not stack or text[stack[-1][-1]] != _CLOSING[token[0]][0]:
                    raise ValueError("a bracket closes nothing")
                secret, members, kind, start = stack.pop()
                if kind is KeyKind.BEFORE_VALUE:
                    members.values.append((start, token.end()))
                kind = KeyKind.PLAIN
            elif secret or kind is KeyKind.NAMES_A_SECRET:
                self._hide(token)
            else:
                if kind is KeyKind.BEFORE_VALUE:
                    members.values.append(token.span())
                if group == _TEXT:
                    if kind is KeyKind.BEFORE_NAME and is_secret_name(string_of(token[0])):
                        members.name_is_secret = True
                    self._search_string(token)
        if stack:
            raise ValueError("a bracket is not closed")

    def _hide(self, token: re.Match[bytes]) -> None:
        if token[0].strip(b'"*') and token[0] not in _NOTHING_TO_HIDE:
            self.places[token.start()] = token.end(), _HIDDEN

    def _hide_all(self, text: bytes, spans: list[tuple[int, int]]) -> None:
        for start, end in spans:
            for token in _TOKEN.finditer(text, start, end):
                if token.lastindex != _KEY and token[0] not in _OPENING and token[0] not in _CLOSING:
                    self._hide(token)

    def _hide_key(self, token: re.Match[bytes], members: _Members) -> KeyKind:
        """Hide the secret in a key; the kind of what is left of it."""
        hidden = msgspec.json.encode(hide_in_text(string_of(token[_TEXT])))
        if hidden in members.hidden_keys:
            raise ValueError("two keys of an object would be the same without their secrets")
        members.hidden_keys.add(hidden)
        self.places[token.start()] = token.end(_TEXT), hidden
        return kind_of(hidden)

    def _search_string(self, token: re.Match[bytes]) -> None:
        if token.end() - token.start() >= _SHORTEST and may_hold_a_secret(*token.span(), self._suspicions):
            value = string_of(token[0])
            masked = _mask_string(value, self._levels)
            if masked != value:
                self.places[token.start()] = token.end(), msgspec.json.encode(masked)


def _mask_string(value: str, levels: int) -> str:
    """A string without the secrets in it: those of JSON written into it, plain or in base64, or those of its text."""
    if levels and value[:64].lstrip()[:1] in ("{", "[", '"'):
        try:
            json.loads(value)
            return _mask(value.encode(), levels - 1).text.decode()
        except (ValueError, RecursionError):
            pass  # not JSON after all: text with a bracket or a quote in front
    if levels and value.startswith(BASE64_OF_JSON):
        try:
            text = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_" if set(value) & {*"-_"} else None)
            json.loads(text)
            return MASK if _mask(text, levels - 1).count else value
        except (ValueError, RecursionError):
            pass  # binascii's error is a ValueError too
    return hide_in_text(value)
