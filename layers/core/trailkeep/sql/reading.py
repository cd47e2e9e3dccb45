"""SQL text → the tree that the parser makes of it, or what is wrong with the text, and where."""

import re

from sqlglot import exp, parse
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from trailkeep.errors import InvalidQuery
from trailkeep.sql.dialects import AsWritten
from trailkeep.sql.source import Source

MAX_CHARACTERS = 10_000
MAX_BRACKETS = 50
"""How many may be open at once."""

_CLOSED = re.compile(r"""'[^']*'|"[^"]*"|--[^\n]*|/\*.*?\*/|[^'"/-]+|[/-](?![*-])""", re.DOTALL)
_FIRST = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})


def read(source: Source) -> exp.Query:
    """The tree of one SELECT, unchecked; raises :class:`trailkeep.errors.InvalidQuery`."""
    if len(source.sql) > MAX_CHARACTERS:
        raise source.error(f"SQL may have {MAX_CHARACTERS:,} characters, and this has {len(source.sql):,}", 0)
    try:
        _check(source, AsWritten().tokenize(source.sql))
        (tree,) = (each for each in parse(source.sql, dialect=AsWritten) if each is not None)
    except TokenError:
        raise source.error("a quote or a comment is opened and never closed", _unclosed(source.sql)) from None
    except ParseError as error:
        raise _refused(source, error) from None
    except RecursionError:
        raise source.error("the SQL is nested too deeply", 0) from None
    except SqlglotError as error:
        raise source.error(f"the SQL cannot be read: {error}", 0) from None
    if not isinstance(tree, exp.Query):
        raise source.error("expected a SELECT", 0)
    return tree


def _check(source: Source, tokens: list[Token]) -> None:
    """What is found out before the text is parsed: what parsing it would take too long, or do more than parse."""
    if not tokens or tokens[0].token_type not in _FIRST:
        raise source.error("expected SELECT", tokens[0].start if tokens else 0, hint="Only SELECT is run.")
    depth = 0
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth > MAX_BRACKETS:
            raise source.error(f"more than {MAX_BRACKETS} brackets are open", token.start)
        if token.token_type is TokenType.SEMICOLON and following:
            raise source.error("expected one statement, and here is a second", following.start)


def _unclosed(sql: str) -> int:
    """Where the first quote or comment stands that is not closed."""
    at = 0
    while part := _CLOSED.match(sql, at):
        at = part.end()
    return at


def _refused(source: Source, error: ParseError) -> InvalidQuery:
    """What the parser stumbled over, in words that do not speak of its insides."""
    first = error.errors[0]
    written = first["highlight"] or ""
    lines = source.sql.split("\n")
    end = sum(len(line) + 1 for line in lines[: first["line"] - 1]) + first["col"]
    index = max(0, min(end, len(source.sql)) - len(written))
    description = first["description"] or ""
    if description.startswith("Required keyword"):
        return source.error(f'something is missing behind "{written}"', index)
    if description.startswith("Expecting"):
        return source.error(f'expected "{description.removeprefix("Expecting").strip()}" around "{written}"', index)
    return source.error(f'"{written}" is not expected', index)
