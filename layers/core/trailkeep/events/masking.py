"""Secrets out of an event, before it is written anywhere: the rest of its bytes stay as they are."""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from trailkeep.events.json_tree import Node, parse_tree
from trailkeep.events.mask_rules import (
    ALREADY_HIDDEN,
    CLUES,
    NAME_KEYS,
    NAMED_IN_TEXT,
    SECRET_NAMES,
    SECRET_SHAPES,
    SECRET_SUFFIXES,
    VALUE_KEYS,
)

MASK = "***"
_NOTHING_TO_HIDE = frozenset({'""', "true", "false", "null", *map(json.dumps, ALREADY_HIDDEN)})
_NESTED_TEXTS = 4
"""JSON inside a string inside JSON…: real events hold two levels; deeper texts are searched as plain text."""
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
_LOWER = bytes(range(256)).lower()
_SEPARATORS = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its secrets, and how many were masked."""

    text: bytes
    count: int


def mask(text: bytes) -> Masked:
    """Mask the secrets in one valid JSON text. Masking a masked text changes nothing.

    Raises ValueError where the text is not JSON: such a record must not be stored.
    """
    if _is_innocent(text):
        return Masked(text, 0)
    masked, count = _mask_json(text.decode(), _NESTED_TEXTS)
    return Masked(masked.encode() if count else text, count)


def _is_innocent(text: bytes) -> bool:
    if b"\\u" in text or not text.isascii() or (b"@" in text and b"://" in text):
        return False
    squeezed = text.translate(_LOWER, _SEPARATORS)
    return not any(clue in squeezed for clue in CLUES)


def _mask_json(text: str, levels: int) -> tuple[str, int]:
    places: list[tuple[int, int, str]] = []
    _visit(parse_tree(text), text, False, levels, places)
    if not places:
        return text, 0
    parts = []
    at = 0
    for start, end, replacement in places:
        parts += [text[at:start], replacement]
        at = end
    return "".join([*parts, text[at:]]), len(places)


def _visit(node: Node, text: str, secret: bool, levels: int, places: list[tuple[int, int, str]]) -> None:
    """Collect what to replace under ``node``, in the order of the text; ``secret`` says that its name is one."""
    if node.kind == "{":
        names = [_normal(json.loads(key)) for key in node.keys]
        named = any(
            name in NAME_KEYS and child.kind == '"' and is_secret_name(json.loads(text[child.start : child.end]))
            for name, child in zip(names, node.children, strict=True)
        )
        for name, child in zip(names, node.children, strict=True):
            _visit(child, text, secret or _is_secret(name) or (named and name in VALUE_KEYS), levels, places)
    elif node.kind == "[":
        for child in node.children:
            _visit(child, text, secret, levels, places)
    else:
        old = text[node.start : node.end]
        new = _mask_scalar(old, secret, levels)
        if new != old:
            places.append((node.start, node.end, new))


def _mask_scalar(token: str, secret: bool, levels: int) -> str:
    if secret:
        return token if token in _NOTHING_TO_HIDE else f'"{MASK}"'
    if token[0] != '"' or len(token) < 6:
        return token
    value = json.loads(token)
    masked = _mask_text(value, levels)
    return token if masked == value else json.dumps(masked, ensure_ascii=False)


def _mask_text(value: str, levels: int) -> str:
    """Secrets inside a string: of JSON written into it, of shapes that give themselves away, behind a telling name."""
    if levels and value.lstrip()[:1] in ("{", "["):
        try:
            json.loads(value)
            return _mask_json(value, levels - 1)[0]
        except (ValueError, RecursionError):
            pass  # not JSON after all: text with a bracket in front
    for shape, replacement in SECRET_SHAPES:
        value = shape.sub(replacement, value)
    if "=" in value:
        value = NAMED_IN_TEXT.sub(_mask_named, value)
    return value


def _mask_named(match: re.Match[str]) -> str:
    return f"{match[1]}={MASK}" if is_secret_name(match[1]) else match[0]


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Whether what stands under ``name`` is a secret, however the name is written."""
    return _is_secret(_normal(name))


@lru_cache(maxsize=8192)
def _normal(name: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", unicodedata.normalize("NFKC", name).lower())


def _is_secret(normal_name: str) -> bool:
    return normal_name in SECRET_NAMES or normal_name.endswith(SECRET_SUFFIXES)
