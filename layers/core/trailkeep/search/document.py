"""An original event, parsed: what stands at a path of it, and every text in it. Numbers keep the text of the source."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from trailkeep.errors import ObjectUnreadable
from trailkeep.events.reasons import Unreadable
from trailkeep.events.strict_json import parse_object
from trailkeep.search.words import joined


class Number(str):
    """A number, as the text that its source writes: ``1.0`` and ``1E+2`` stay what they are."""

    __slots__ = ()


Scalar = str | int | None
"""A text, a :class:`Number`, an integer as an int, a truth value or null."""

Columns = Mapping[str, str | list[str] | None]
"""Promoted columns of an event by their names in the lake, and its ``region``."""

_decoder = msgspec.json.Decoder(float_hook=Number)
_MINUS_ZERO = re.compile(r"-0[\s,\]}]")
_MINUS_ZERO_BYTES = re.compile(rb"-0[\s,\]}]")
_BLANKS = " \t\n\r"
_OPENING = ("{", "[")


class Document:
    """One event to hold against conditions: its original, parsed when it is first needed, and its columns.

    ``original`` is the text as stored, or its bytes in UTF-8. What reads it raises :class:`ObjectUnreadable` where it
    is not a JSON object, which no event in an undamaged lake is.
    """

    __slots__ = ("_embedded", "_original", "_root", "_words", "columns")

    def __init__(self, original: str | bytes, columns: Columns | None = None) -> None:
        self.columns: Columns = {} if columns is None else columns
        self._original = original
        self._root: dict[str, Any] | None = None
        self._embedded: dict[str, Any] = {}
        self._words: str | None = None

    @property
    def root(self) -> dict[str, Any]:
        """The event as Python values."""
        if self._root is None:
            self._root = _parsed(self._original)
        return self._root

    def standing_at(self, path: tuple[str, ...]) -> list[Any]:
        """What stands at a path: scalars, objects and lists as they are, none, one or many.

        A name steps into an object, into each element of a list, and, once on the way, into a text that itself holds a
        JSON object or list.
        """
        found: list[tuple[Any, bool]] = [(self.root, False)]
        for name in path:
            found = [(value[name], hopped) for value, hopped in self._objects(found) if name in value]
            if not found:
                break
        return [value for value, _ in found]

    def values_at(self, path: tuple[str, ...]) -> list[Scalar]:
        """The scalars at a path; of lists that stand there, their elements, at whatever depth of lists in lists."""
        found = self.standing_at(path)
        if any(type(value) is list or type(value) is dict for value in found):
            return [value for value in _elements(found) if type(value) is not dict]
        return found

    def _objects(self, found: list[tuple[Any, bool]]) -> Iterator[tuple[dict[str, Any], bool]]:
        """The objects that the next name may be a member of."""
        for value, hopped in found:
            for element in _elements([value]) if type(value) is list else (value,):
                if type(element) is dict:
                    yield element, hopped
                elif type(element) is str and not hopped:
                    inner = self._held_in(element)
                    for held in _elements([inner]) if type(inner) is list else (inner,):
                        if type(held) is dict:
                            yield held, True

    def _held_in(self, text: str) -> Any:
        """The object or list that a text holds as JSON, None for any other text."""
        if not text.lstrip(_BLANKS).startswith(_OPENING):
            return None
        if text not in self._embedded:
            self._embedded[text] = _parsed_strictly(text)
        return self._embedded[text]

    @property
    def words(self) -> str:
        """The words of all texts, as :func:`trailkeep.search.words.joined` joins them."""
        if self._words is None:
            self._words = joined(self.texts())
        return self._words

    def texts(self) -> Iterator[str]:
        """Every name and every scalar's text, at every depth."""
        pending: list[Any] = [self.root]
        while pending:
            value = pending.pop()
            if type(value) is dict:
                yield from value
                pending.extend(value.values())
            elif type(value) is list:
                pending.extend(value)
            else:
                yield text_of(value)


def text_of(value: Scalar) -> str:
    """The text that a scalar is compared by: of a number as it was written, else ``true``, ``false`` or ``null``."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)


def _elements(values: list[Any]) -> Iterator[Any]:
    """The elements of lists in lists, in order, without a stack of calls: nobody limits how deep they are."""
    pending = values[::-1]
    while pending:
        value = pending.pop()
        if type(value) is list:
            pending.extend(reversed(value))
        else:
            yield value


def _parsed(original: str | bytes) -> dict[str, Any]:
    try:
        value = _values(original)
    except (msgspec.DecodeError, ValueError, RecursionError):
        value = None
    if type(value) is not dict:
        raise ObjectUnreadable("the lake holds an event that is not a JSON object")
    return value


def _parsed_strictly(text: str) -> Any:
    """What a text holds as JSON; None where the strict reader of events would refuse it, as parsers disagree on it."""
    try:
        parse_object(b'{"":%b}' % text.encode())
        return _values(text)
    except (Unreadable, msgspec.DecodeError, ValueError):
        return None


def _values(text: str | bytes) -> Any:
    minus_zero = _MINUS_ZERO.search(text) if isinstance(text, str) else _MINUS_ZERO_BYTES.search(text)
    if minus_zero:  # an integer that is not written as integers are: it would come as 0
        return json.loads(text, parse_int=Number, parse_float=Number)
    return _decoder.decode(text)
