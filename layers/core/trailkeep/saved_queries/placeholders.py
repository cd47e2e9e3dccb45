"""``{{name}}`` in the text of a query: where they stand, and other texts in their places.

The text is walked token by token, as its parsers walk it, so that braces in quotes or in a comment are none of ours. A
placeholder is a value of its own: beside it stands only what ends or begins a value. What takes its place is one value
again, whatever its text (:mod:`trailkeep.saved_queries.arguments`), so a query has the same shape with any arguments.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trailkeep.errors import InvalidQuery

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}", re.ASCII)
"""What a parameter may be called."""

_TOKEN = re.compile(
    r"""
    (?P<quoted> "(?>[^"\\]|\\.)*" )
    | (?P<open> " )
    | (?P<escaped> \\. )
    | (?P<placeholder> \{\{ (?P<name> [^{}]* ) \}\} )
    | (?P<brace> \{\{ )
    | (?P<pipe> \| )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Of the conditions; the SQL behind them is walked by the tokenizer of its parser."""

_BEFORE = re.compile(r"(?:\A|[\s(\[:<>=])\Z")
_BEHIND = re.compile(r"\Z|[\s)\]|]")
# Not behind a minus: a negative number there would begin a comment.
_BEFORE_IN_SQL = re.compile(r"[\s(,<>=|+*%]\Z")
_BEHIND_IN_SQL = re.compile(r"\Z|[\s),;<>=|+*%-]")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name's place in a text: from ``start`` to before ``end``, in the conditions or in the SQL behind them."""

    name: str
    start: int
    end: int
    in_sql: bool


def placeholders(text: str) -> list[Placeholder]:
    """The placeholders of a query in the order of their places. Raises :class:`InvalidQuery`, which tells the place."""
    found, sql_at = _in_conditions(text)
    return found if sql_at is None else [*found, *_in_sql(text, sql_at)]


def fill(text: str, values: Mapping[Placeholder, str]) -> str:
    """The text with another one in each of these places."""
    pieces, at = [], 0
    for place in sorted(values, key=lambda each: each.start):
        pieces += [text[at : place.start], values[place]]
        at = place.end
    return "".join([*pieces, text[at:]])


def _in_conditions(text: str) -> tuple[list[Placeholder], int | None]:
    """The placeholders of the conditions, and where the SQL behind them begins."""
    found = []
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "placeholder":
                found.append(_placeholder(text, token["name"], token.start(), token.end(), in_sql=False))
            case "brace":
                raise _unreadable(text, token.start(), "expected a parameter such as {{name}}")
            case "open":
                raise _unreadable(text, token.start(), "expected a closing quote for this one")
            case "pipe":
                return found, token.end()
    return found, None


def _in_sql(text: str, at: int) -> Iterator[Placeholder]:
    # Only queries with SQL need its parser.
    from sqlglot import TokenType
    from sqlglot.dialects.trino import Trino
    from sqlglot.errors import TokenError

    try:
        # Blanks in the place of the conditions: tokens then tell their places in the whole text.
        tokens = Trino().tokenize(" " * at + text[at:])
    except TokenError as error:
        raise _unreadable(text, at, "expected SQL whose quotes and comments have an end") from error
    braces = (TokenType.L_BRACE, TokenType.L_BRACE), (TokenType.R_BRACE, TokenType.R_BRACE)
    for first, second, name, third, last in zip(*(tokens[skipped:] for skipped in range(5)), strict=False):
        if ((first.token_type, second.token_type), (third.token_type, last.token_type)) == braces:
            start, end = first.start, last.end + 1
            if text[start:end] == f"{{{{{name.text}}}}}":
                yield _placeholder(text, name.text, start, end, in_sql=True)


def _placeholder(text: str, name: str, start: int, end: int, *, in_sql: bool) -> Placeholder:
    if not NAME.fullmatch(name):
        raise _unreadable(text, start, "expected a parameter such as {{name}}: a letter, then letters and digits")
    before, behind = (_BEFORE_IN_SQL, _BEHIND_IN_SQL) if in_sql else (_BEFORE, _BEHIND)
    if not before.search(text, 0, start) or not behind.match(text, end):
        raise _unreadable(text, start, f"expected blanks around {text[start:end]}, which stands for a whole value")
    return Placeholder(name, start, end, in_sql)


def _unreadable(text: str, at: int, expected: str) -> InvalidQuery:
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    return InvalidQuery(f"{expected} at line {line}, column {column}")
