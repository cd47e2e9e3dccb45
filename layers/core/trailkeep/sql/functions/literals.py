"""Arguments that have to be written out in the text: read when the statement is, and written for each engine."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from trailkeep.sql.dialects import Form, quoted
from trailkeep.sql.functions.patterns import pattern, replacement

_UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
_STEP = re.compile(r"""\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d{1,6})\]|\[(["'])([^"'\\]*)\3\]""")

_MOMENT = {
    "%Y": "%Y", "%y": "%y", "%m": "%m", "%c": "%-m", "%M": "%B", "%b": "%b", "%d": "%d", "%e": "%-d", "%j": "%j",
    "%H": "%H", "%k": "%-H", "%h": "%I", "%I": "%I", "%l": "%-I", "%p": "%p", "%i": "%M", "%s": "%S", "%S": "%S",
    "%f": "%f", "%T": "%H:%M:%S", "%r": "%I:%M:%S %p", "%a": "%a", "%W": "%A", "%v": "%V", "%x": "%G", "%%": "%%",
}  # fmt: skip
"""MySQL's specifiers, which Presto took over, and those of strftime."""
_WRITTEN_ONLY = frozenset({"%a", "%W", "%v", "%x"})
"""What a time cannot be read from."""

MOST_CHARACTERS = 1000
"""What a text may be padded to."""


def _unit(text: str, units: tuple[str, ...] = _UNITS) -> Form:
    if text.lower() not in units:
        raise ValueError(f"the unit must be one of {', '.join(units)}")
    return Form.same(quoted(text.lower()))


def _day_unit(text: str) -> Form:
    return _unit(text, _UNITS[3:])


def _step(text: str) -> Form:
    unit = _unit(text).trino
    amount = {"week": "7 day", "quarter": "3 month"}.get(text.lower(), f"1 {text.lower()}")
    return Form(unit, f"INTERVAL '{amount}'")


def _day_step(text: str) -> Form:
    _day_unit(text)
    return _step(text)


def _format(text: str) -> Form:
    unknown = [each for each in re.findall(r"%.?", text, re.DOTALL) if each not in _MOMENT]
    if unknown:
        raise ValueError(f"{unknown[0]} is no part of a date format here; use {' '.join(_MOMENT)}")
    return Form(quoted(text), quoted(re.sub(r"%.", lambda part: _MOMENT[part[0]], text, flags=re.DOTALL)))


def _read_format(text: str) -> Form:
    form = _format(text)
    if unreadable := _WRITTEN_ONLY.intersection(re.findall(r"%.", text, re.DOTALL)):
        raise ValueError(f"a time cannot be read from {min(unreadable)}")
    return form


def _path(text: str) -> Form:
    steps = list(_STEP.finditer(text, 1))
    if not text.startswith("$") or "".join(step[0] for step in steps) != text[1:]:
        raise ValueError("""a JSON path is written as $.name, $["any name"] or $[0], and steps behind each other""")
    names = [(step[1] or step[4], step[2]) for step in steps]
    trino = "".join(f"[{index}]" if index else f'["{name}"]' for name, index in names)
    duckdb = "".join(f"[{index}]" if index else f'."{name}"' for name, index in names)
    return Form(quoted(f"${trino}"), quoted(f"${duckdb}"))


def _number(what: str, most: int) -> Callable[[str], Form]:
    def read(text: str) -> Form:
        if not text.isdecimal() or int(text) > most:
            raise ValueError(f"{what} must be a number up to {most}")
        return Form.same(text)

    return read


LITERALS: Mapping[str, Callable[[str], Form]] = MappingProxyType(
    {
        "unit": _unit,
        "day_unit": _day_unit,
        "step": _step,
        "day_step": _day_step,
        "format": _format,
        "read_format": _read_format,
        "path": _path,
        "pattern": pattern,
        "replacement": replacement,
        "separator": lambda text: Form.same(quoted(text)),
        "group": _number("the group", 99),
        "width": _number("the length", MOST_CHARACTERS),
    }
)
"""What a literal of a kind becomes; ValueError says what it must be."""

NUMERIC_LITERALS = frozenset({"group", "width"})
"""Those that are numbers; all others are texts."""
