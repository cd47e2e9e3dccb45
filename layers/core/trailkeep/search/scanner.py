"""The text of a query as its reader goes through it: blanks, keywords, quoted and unquoted texts, and places."""

import re
from dataclasses import dataclass

from trailkeep.errors import InvalidQuery
from trailkeep.search.conditions import Pattern, Wildcard

_BLANK = r"\s\x00-\x20"
_BLANKS = re.compile(f"[{_BLANK}]*")
_KEYWORD = re.compile(rf'((?ai:and|or|not))(?![^{_BLANK}()\[\]"|])')
_IN = re.compile(rf"(?ai:in)[{_BLANK}]*(?=[(\[])")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_QUOTED_ESCAPE = re.compile(r'\\(["\\])')

WORD = re.compile(rf'(?:[^{_BLANK}()\[\]"|\\:<>]|\\.)+', re.DOTALL)
"""An unquoted text that may prove to be a field's name: ``:``, ``<`` and ``>`` end it."""
VALUE = re.compile(rf'(?:[^{_BLANK}()\[\]"|\\]|\\.)+', re.DOTALL)
"""An unquoted value."""

_PARTS = re.compile(r"\\(.)|([*?])|([^\\*?]+)", re.DOTALL)
_SEGMENTS = re.compile(r"\\(.)|(\.)|([^\\.]+)", re.DOTALL)
_SHOWN = re.compile(r"\S{1,20}")


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A text in a query: what is between its quotes, or as it is written without them."""

    text: str
    is_quoted: bool

    @property
    def pattern(self) -> Pattern:
        """What it asks for, its case kept."""
        if self.is_quoted:
            return (self.text,) if self.text else ()
        parts: list[str | Wildcard] = []
        for escaped, wildcard, text in _PARTS.findall(self.text):
            if wildcard:
                if parts[-1:] != [Wildcard.ANY] or wildcard == "?":
                    parts.append(Wildcard(wildcard))
            elif parts and isinstance(parts[-1], str):
                parts[-1] += escaped or text
            else:
                parts.append(escaped or text)
        return tuple(parts)

    @property
    def segments(self) -> tuple[str, ...]:
        """It, cut at its dots."""
        if self.is_quoted:
            return tuple(self.text.split("."))
        segments = [""]
        for escaped, dot, text in _SEGMENTS.findall(self.text):
            if dot:
                segments.append("")
            else:
                segments[-1] += escaped or text
        return tuple(segments)


class Scanner:
    """A text and a place in it, ``at``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def here(self) -> str:
        """The character that comes next; empty at the end of the conditions, which is also at ``|``."""
        found = self.text[self.at : self.at + 1]
        return "" if found == "|" else found

    def skip_blanks(self) -> None:
        """Go to what is no blank."""
        self.at = self._end_of(_BLANKS)

    def keyword(self) -> str:
        """Which of ``and``, ``or`` and ``not`` comes next, in lower case; empty for anything else."""
        found = _KEYWORD.match(self.text, self.at)
        return found[1].lower() if found else ""

    def takes(self, *texts: str) -> str:
        """Go behind the first of these texts that comes next, and give it; empty where none does."""
        for text in texts:
            if self.text.startswith(text, self.at):
                self.at += len(text)
                return text
        return ""

    def takes_in(self) -> bool:
        """Go behind an ``in`` to the bracket that follows it, if they come next."""
        before, self.at = self.at, self._end_of(_IN)
        return self.at > before

    def lexeme(self, form: re.Pattern[str]) -> Lexeme | None:
        """Go behind a text, of this form where it is unquoted, and give it; None where a keyword comes or no text."""
        if self.here == '"':
            return Lexeme(self._quoted(), is_quoted=True)
        if self.keyword():
            return None
        before, self.at = self.at, self._end_of(form)
        if self.here == "\\":
            raise self.expected("a character behind \\", hint="Write \\\\ for a backslash.")
        return Lexeme(self.text[before : self.at], is_quoted=False) if self.at > before else None

    def _quoted(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            opened_at, self.at = self.place(self.at), len(self.text)
            hint = f'The " at {opened_at} is not closed. Inside quotes, write \\" for a quote.'
            raise self.expected("a closing quote", hint=hint)
        self.at = found.end()
        return _QUOTED_ESCAPE.sub(r"\1", found[1])

    def _end_of(self, form: re.Pattern[str]) -> int:
        found = form.match(self.text, self.at)
        return found.end() if found else self.at

    def place(self, at: int) -> str:
        """A place in the text, for people."""
        line_start = self.text.rfind("\n", 0, at) + 1
        return f"line {self.text.count(chr(10), 0, at) + 1}, column {at - line_start + 1}"

    def expected(self, what: str, *, at: int | None = None, hint: str | None = None) -> InvalidQuery:
        """The error that something else stands ``at`` a place, or else where the scanner does, than could."""
        at = self.at if at is None else at
        found = _SHOWN.match(self.text, at)
        but = f', found "{found[0]}"' if found else ""
        return InvalidQuery(f"expected {what} at {self.place(at)}{but}", hint=hint)
