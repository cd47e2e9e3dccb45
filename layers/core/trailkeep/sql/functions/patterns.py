r"""Regular expressions that mean the same to both engines, whatever their own dialects: RE2's, and Java's on Athena.

What only one of them knows is refused: looking around, references back, possessive repetition, named groups. What both
know and mean differently is written out: ``\d``, ``\w`` and ``\s`` are ASCII, and ``$`` is the very end of the text.
"""

import re

from trailkeep.sql.dialects import Form, quoted

_MOST = 1000
"""Characters, and the largest number of repetitions."""

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\f\r"}
_PARTS = re.compile(
    r"""
      (?P<escape>\\.)
    | (?P<group>\((?!\?)|\(\?(?:[is]{1,2}\)|[is]{0,2}:))
    | (?P<repeat>(?:[*+?]|\{(?P<least>\d{1,4})(?:,(?P<most>\d{0,4}))?\})(?P<lazy>\??)(?P<possessive>\+?))
    | (?P<open>\[\^?\]?)
    | (?P<text>[^\\(*+?{\[])
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_CLASS = re.compile(r"(?P<escape>\\.)|(?P<close>\])|(?P<text>(?!&&)[^\\\[\]])", re.DOTALL)


def pattern(text: str) -> Form:
    """A regular expression for both engines; ValueError where it is none that both can read."""
    if len(text) > _MOST:
        raise ValueError(f"a regular expression may have {_MOST:,} characters")
    trino, duckdb = _translated(text, r"\z"), _translated(text, "$")
    try:
        re.compile(duckdb)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the regular expression cannot be read: {error}") from None
    return Form(quoted(trino), quoted(duckdb))


def _translated(text: str, end: str) -> str:
    """The text with what the engines read differently written out."""
    out: list[str] = []
    at = 0
    in_class = False
    while at < len(text):
        part = (_IN_CLASS if in_class else _PARTS).match(text, at)
        if part is None or (not in_class and (part["possessive"] or _repeats_too_often(part))):
            raise ValueError(f"{text[at : at + 3]!r} is nothing that a regular expression may hold here")
        at = part.end()
        if part["escape"]:
            out.append(_escape(part["escape"][1], in_class))
        elif in_class:
            in_class = not part["close"]
            out.append(part[0])
        elif part["open"]:
            in_class = True
            out.append(part[0].replace("]", r"\]"))
        else:
            out.append(end if part[0] == "$" else part[0])
    return "".join(out)


def _repeats_too_often(part: re.Match[str]) -> bool:
    return max(int(part["least"] or 0), int(part["most"] or 0)) > _MOST


def _escape(letter: str, in_class: bool) -> str:
    if letter in _CLASSES:
        return _CLASSES[letter] if in_class else f"[{_CLASSES[letter]}]"
    if letter.lower() in _CLASSES and not in_class:
        return f"[^{_CLASSES[letter.lower()]}]"
    if letter in "nrtf" or (letter in "bB" and not in_class) or (letter.isascii() and not letter.isalnum()):
        return f"\\{letter}"
    raise ValueError(rf"\{letter} is nothing that a regular expression may hold here")


def replacement(text: str) -> Form:
    r"""What matches are replaced by, for both engines: ``$1`` is a group, ``\$`` and ``\\`` are characters."""
    parts = re.findall(r"\$\d|\\[$\\]|[^$\\]+", text)
    if "".join(parts) != text:
        raise ValueError(r"in a replacement $1 to $9 are groups; write \$ for a dollar and \\ for a backslash")
    trino = duckdb = ""
    for part in parts:
        trino += part
        duckdb += {"$": f"\\{part[-1]}", "\\": {"\\$": "$", "\\\\": "\\\\"}.get(part, "")}.get(part[0], part)
    return Form(quoted(trino), quoted(duckdb))
