"""Where a JSON value ends: a scanner that knows strings and brackets, and finds the way out of a broken value."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from trailkeep.events.grammar import CLOSE_ARRAY, CLOSE_OBJECT, OPEN_ARRAY, OPEN_OBJECT, Grammar, Last

_STRING_REST = rb'(?>(?:[^"\\\n]++|\\[^\n])*)("?)'
_IN_STRING = re.compile(_STRING_REST)
_TOKEN = re.compile(rb'"' + _STRING_REST + rb'|[{}\[\]:,]|[^\s"{}\[\]:,]++')

_PLAIN = rb'(?:"(?>(?:[^"\\\n]++|\\[^\n])*)(?<!\{)(?<!\{\s)"|[^\s"{}\[\]:,]++)\s*+'
_MEMBERS = re.compile(rb'(?>(?:\s*+"(?>(?:[^"\\\n]++|\\[^\n])*)(?<!\{)(?<!\{\s)"\s*+:\s*+' + _PLAIN + rb",)+)")
_ITEMS = re.compile(rb"(?>(?:\s*+" + _PLAIN + rb",)+)")
"""What needs no closer look: members of an object, items of a list, none of which is a list or an object."""

_HEAD = re.compile(rb'\A\{\s*+"[^"]++"')
_OPENING_AT_END = re.compile(rb'\{\s?"\Z')
_OPENING_BYTES = 3
_QUOTE, _COLON, _COMMA, _NEWLINE = b'":,\n'
_NEAR = 64
"""Bytes looked at behind a record's ``{`` or before a string's end, to recognise the beginning of a record."""


class End(Enum):
    """How a scan ended."""

    COMPLETE = auto()
    BROKEN = auto()
    TRUNCATED = auto()
    NEEDS_MORE = auto()


@dataclass(frozen=True, slots=True)
class Scan:
    """How a scan ended, and where: behind the value, behind its broken part, or where to go on with more text."""

    end: End
    at: int


class ValueScanner:
    """Finds the end of one bracketed value in text that comes in pieces.

    :meth:`scan` starts at the value's opening bracket (or, ``inside_object``, behind one of its members); after
    :attr:`End.NEEDS_MORE` it goes on where it said. A broken value is followed to where its brackets close, but not
    into its neighbours: it ends before a ``{`` that the grammar does not allow there, and before a closing bracket that
    is not its own.

    Behind an unclosed string or bracket, neighbours may look like more of the value. ``restart`` is the first place,
    counted from the value's start, where one may begin: where a string ends with ``{``, so that its closing quote may
    open a name; at the start of a line; where something begins as the value itself does, or as ``model``, one before
    it. It is looked for in the first ``within`` bytes, and of use only where the value proves broken.
    """

    __slots__ = ("_grammar", "_has_begun", "_heads", "_in_string", "_scalar_goes_on", "_within", "restart")

    def __init__(self, within: int, model: bytes = b"", *, inside_object: bool = False) -> None:
        self.restart: int | None = None
        self._within = within
        self._grammar = Grammar(inside_object=inside_object)
        self._in_string = self._scalar_goes_on = self._has_begun = False
        self._heads = tuple(_HEAD.findall(model[:_NEAR]))

    def scan(self, text: bytes, origin: int, start: int, *, at_end: bool) -> Scan:
        """Go on from ``start``; ``at_end`` says that no text follows ``text``.

        The value began at ``origin``, below 0 where what was scanned before has been dropped.
        """
        grammar = self._grammar
        goes_on, self._scalar_goes_on = self._scalar_goes_on, False
        if self._in_string:
            rest = _IN_STRING.match(text, start)
            if rest is None or not self._string(text, origin, rest, at_end):
                return Scan(End.NEEDS_MORE, rest.end() if rest else start)
            start = rest.end()
        at = start
        while True:
            if grammar.last in (Last.OPENING, Last.COMMA) and self._has_begun:
                plain = (_ITEMS if grammar.in_list else _MEMBERS).match(text, at)
                if plain:
                    grammar.last = Last.COMMA
                    at = plain.end()
            token = _TOKEN.search(text, at)
            if token is None:
                return Scan(End.TRUNCATED if at_end else End.NEEDS_MORE, len(text))
            position = token.start()
            at = token.end()
            byte = text[position]
            if byte == _QUOTE:
                if not self._string(text, origin, token, at_end):
                    return Scan(End.NEEDS_MORE, at)
            elif byte in (OPEN_OBJECT, OPEN_ARRAY):
                if not at_end and len(text) - position < _NEAR:
                    return Scan(End.NEEDS_MORE, position)
                if not grammar.open(byte):
                    return Scan(End.BROKEN, position)
                if position > origin and self._may_be_a_record(text, position):
                    self._note_restart(position - origin)
            elif byte in (CLOSE_OBJECT, CLOSE_ARRAY):
                if not grammar.close(byte):
                    return Scan(End.BROKEN, position)
                if not grammar.depth:
                    return Scan(End.BROKEN if grammar.broken else End.COMPLETE, at)
            elif byte == _COLON:
                grammar.colon()
            elif byte == _COMMA:
                grammar.comma()
            else:
                if not (goes_on and position == start):
                    grammar.value(Last.SCALAR)
                self._scalar_goes_on = at == len(text)
            if grammar.broken and self.restart is not None:
                return Scan(End.BROKEN, at)

    def _string(self, text: bytes, origin: int, match: re.Match[bytes], at_end: bool) -> bool:
        """Take a string, or the rest of one, to its quote or to where it is torn; False where more of it may come."""
        end = match.end()
        torn = not match[1]
        self._in_string = torn and not at_end and (len(text) == end or (len(text) == end + 1 and text[end] != _NEWLINE))
        if self._in_string:
            return False
        is_first, self._has_begun = not self._has_begun, True
        self._grammar.value(Last.STRING)
        if torn:
            self._grammar.broken = True
        elif opening := _OPENING_AT_END.search(text, max(0, end - _OPENING_BYTES), end):
            self._note_restart(opening.start() - origin)
        elif is_first and end - origin <= _NEAR:
            self._heads += (text[origin:end],)
        return True

    def _may_be_a_record(self, text: bytes, position: int) -> bool:
        """Whether what opens at ``position``, inside the value, starts a line or begins as the value itself does."""
        if text[position] != OPEN_OBJECT:
            return False
        starts_line = position > 0 and text[position - 1] == _NEWLINE
        return starts_line or text.startswith(self._heads, position)

    def _note_restart(self, offset: int) -> None:
        if self.restart is None and offset <= self._within:
            self.restart = offset
