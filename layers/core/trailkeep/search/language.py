"""The search language: a text → the condition that it asks for, and the SQL behind it.

::

    query      = [ any-of ] [ "|" SQL ]
    any-of     = all-of { "or" all-of }
    all-of     = one { [ "and" ] one }
    one        = "not" one | "(" any-of ")" | condition
    condition  = words | field ":" value | field comparison | field "in" range
    value      = text | comparison | "(" any-of, with a value in the place of each condition ")"
    comparison = ( ">" | ">=" | "<" | "<=" ) bound
    range      = ( "[" | "(" ) bound bound ( "]" | ")" )

Blanks are allowed between any two of these; keywords have any case. What is in double quotes stands for itself;
elsewhere ``*`` and ``?`` are wildcards, and a backslash makes the next character stand for itself.
docs/query-language.md says what everything means.
"""

from dataclasses import dataclass

from trailkeep.errors import InvalidQuery
from trailkeep.search.bounds import COMPARISONS, read_comparison, read_range
from trailkeep.search.conditions import (
    Condition,
    Equals,
    Everything,
    Exists,
    Field,
    InNetwork,
    IsNull,
    Pattern,
    Wildcard,
    Words,
)
from trailkeep.search.connectives import Connectives
from trailkeep.search.fields import ORIGINAL, field_of, nearest
from trailkeep.search.meanings import network
from trailkeep.search.patterns import folded_pattern, literal_of
from trailkeep.search.scanner import VALUE, WORD, Lexeme, Scanner
from trailkeep.search.words import words_of

MAX_LENGTH = 10_000
MAX_WILDCARD_LENGTH = 256
"""Characters of a text with wildcards: to compare it with a value may take a time that grows with both."""

_ANYTHING = (Wildcard.ANY,)
_LONGEST_NAME = 64
_QUOTES = "Put a text that holds blanks, brackets or colons into double quotes."
_KEYWORDS = "Put and, or and not into double quotes to search for them; not goes before a field: not user: alice."
_RANGES = "A range is written field in [1 5]."


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query as it was understood. ``sql`` is None where there is no ``|``; it starts at character ``sql_at``."""

    condition: Condition
    sql: str | None = None
    sql_at: int = 0


def parse_query(text: str) -> ParsedQuery:
    """Read a query; raises :class:`InvalidQuery`, which tells the place and what was expected there."""
    if len(text) > MAX_LENGTH:
        raise InvalidQuery(
            f"expected a query of no more than {MAX_LENGTH} characters, found {len(text)}",
            hint="Use wildcards, or split the query into several.",
        )
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidQuery("expected a text of whole characters, found half of a surrogate pair")
    return _Reader(Scanner(text)).query()


class _Reader:
    """Reads queries; every method leaves the scanner behind what it read and the blanks there."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._connectives = Connectives(scanner)

    def query(self) -> ParsedQuery:
        scanner = self._scanner
        scanner.skip_blanks()
        condition = self._connectives.any_of(self._condition) if scanner.here else Everything()
        if scanner.here:
            raise scanner.expected("and, or, | or the end", hint=f"There is no bracket to close here. {_QUOTES}")
        if not scanner.takes("|"):
            return ParsedQuery(condition)
        scanner.skip_blanks()
        sql = scanner.text[scanner.at :].rstrip()
        if not sql:
            raise scanner.expected("SQL behind |", hint="Leave | out to search without SQL.")
        return ParsedQuery(condition, sql, scanner.at)

    def _condition(self) -> Condition:
        """A condition on a field, or words to look for everywhere."""
        scanner = self._scanner
        start = scanner.at
        lexemes = self._lexemes()
        end = scanner.at
        scanner.skip_blanks()
        if scanner.takes(":"):
            field = self._field(lexemes, start, end)
            scanner.skip_blanks()
            return self._connectives.one(lambda: self._value(field)) if scanner.here == "(" else self._value(field)
        if sign := scanner.takes(*COMPARISONS):
            return read_comparison(scanner, self._field(lexemes, start, end), sign)
        if scanner.takes_in():
            return read_range(scanner, self._field(lexemes, start, end))
        scanner.at = end
        return self._words(lexemes, start)

    def _lexemes(self) -> list[Lexeme]:
        """A word; or a name, between whose dots there may be quotes."""
        scanner = self._scanner
        found: list[Lexeme] = []
        while (lexeme := scanner.lexeme(WORD)) is not None:
            found.append(lexeme)
            if not (scanner.here == "." if lexeme.is_quoted else scanner.here == '"' and not lexeme.segments[-1]):
                return found
        hint = _RANGES if scanner.here == "[" else _KEYWORDS if scanner.keyword() else _QUOTES
        raise scanner.expected("a condition", hint=hint)

    def _field(self, lexemes: list[Lexeme], start: int, end: int) -> Field:
        """The field whose name is written between two places."""
        scanner = self._scanner
        if any(isinstance(part, Wildcard) for lexeme in lexemes for part in lexeme.pattern):
            raise scanner.expected("a field's name without wildcards", at=start, hint=_QUOTES)
        segments = _segments_of(lexemes)
        if "" in segments and not any(lexeme.is_quoted and not lexeme.text for lexeme in lexemes):
            raise scanner.expected("a field's name with something on both sides of each dot", at=start)
        field = field_of(segments)
        if field is None:
            raise InvalidQuery(
                f"unknown field {scanner.text[start : min(end, start + _LONGEST_NAME)]} at {scanner.place(start)}; "
                f"the nearest known one is {nearest(segments)[:_LONGEST_NAME]}",
                hint=f"What is in the event itself begins with {ORIGINAL}, as in {ORIGINAL}.eventName. {_QUOTES}",
            )
        return field

    def _value(self, field: Field) -> Condition:
        """What stands behind a field's colon, or for each of those in brackets there."""
        scanner = self._scanner
        if sign := scanner.takes(*COMPARISONS):
            return read_comparison(scanner, field, sign)
        lexeme = scanner.lexeme(VALUE)
        if lexeme is None:
            expected = f'a value behind "{field.name[:_LONGEST_NAME]}:"'
            raise scanner.expected(expected, hint=_KEYWORDS if scanner.keyword() else _QUOTES)
        pattern = self._pattern(lexeme)
        if pattern == _ANYTHING:
            return Exists(field)
        if literal_of(pattern) == "null":
            return IsNull(field)
        if not lexeme.is_quoted and (addresses := network(lexeme.text)):
            return InNetwork(field, addresses)
        return Equals(field, pattern)

    def _words(self, lexemes: list[Lexeme], start: int) -> Condition:
        """Words to look for everywhere; refuses what was meant as a condition on a field."""
        scanner = self._scanner
        lexeme = lexemes[0]
        name = "" if lexeme.is_quoted else _name_before(lexeme.text)
        if name or len(lexemes) > 1:
            at = start + len(name) if name else scanner.at
            raise scanner.expected('":" and a value behind the name of a field', at=at, hint=_QUOTES)
        words = words_of(self._pattern(lexeme))
        if not words:
            raise scanner.expected(
                "a word to look for", at=start, hint="Marks such as quotes, brackets and slashes only part words."
            )
        return Everything() if words == (_ANYTHING,) else Words(words)

    def _pattern(self, lexeme: Lexeme) -> Pattern:
        """What the text that ends here asks for; goes behind the blanks that must follow where no bracket does."""
        scanner = self._scanner
        pattern = folded_pattern(lexeme.pattern)
        if len(lexeme.text) > MAX_WILDCARD_LENGTH and literal_of(pattern) is None:
            expected = f"no more than {MAX_WILDCARD_LENGTH} characters in a text with wildcards"
            raise scanner.expected(expected, at=scanner.at - len(lexeme.text), hint="Use a shorter part of it.")
        end = scanner.at
        scanner.skip_blanks()
        if scanner.at == end and scanner.here not in ("", ")", "]"):
            raise scanner.expected("a blank behind a text", hint=_QUOTES)
        return pattern


def _name_before(word: str) -> str:
    """The field that a word begins with: ``event.`` and a name, or any with ``=`` behind it; empty for other words."""
    name, equals, _ = word.partition("=")
    segments = Lexeme(name, is_quoted=False).segments
    return name if field_of(segments) is not None and (equals or len(segments) > 1) else ""


def _segments_of(lexemes: list[Lexeme]) -> tuple[str, ...]:
    """What stands between the dots of a name: in quotes around a part of it, dots are none."""
    if len(lexemes) == 1:
        return lexemes[0].segments
    segments = [""]
    for lexeme in lexemes:
        first, *rest = (lexeme.text,) if lexeme.is_quoted else lexeme.segments
        segments[-1] += first
        segments += rest
    return tuple(segments)
