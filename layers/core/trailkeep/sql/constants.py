"""Values written out in the text: numbers, texts, times, intervals."""

import re
from datetime import date, datetime

from sqlglot import exp

from trailkeep.events.timestamps import from_micros, parse_micros
from trailkeep.sql.dialects import Form, quoted
from trailkeep.sql.kinds import BIGINT, BOOLEAN, DATE, DAYS, DOUBLE, INTERVAL, TIMESTAMP, UNKNOWN, VARCHAR, Kind
from trailkeep.sql.source import Source
from trailkeep.sql.typed import Typed, call

_MOST = 2**63 - 1
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?)?", re.ASCII)
_UNITS = {"SECOND": INTERVAL, "MINUTE": INTERVAL, "HOUR": INTERVAL, "DAY": DAYS, "MONTH": DAYS, "YEAR": DAYS}
_AMOUNT = re.compile(r"-?\d{1,9}", re.ASCII)

TIMES_ARE = "a date is written as '2026-01-02', a time as '2026-01-02 03:04:05' or '2026-01-02T03:04:05Z', in UTC"


def constant(node: exp.Expr, source: Source) -> Typed:
    """A number, a text, true, false or NULL."""
    if isinstance(node, exp.Null):
        return Typed(exp.null(), UNKNOWN)
    if isinstance(node, exp.Boolean):
        return Typed(exp.Boolean(this=bool(node.this)), BOOLEAN)
    if node.args["is_string"]:
        if "\0" in node.name:
            raise source.error("a text may hold no NUL character", node)
        return Typed(exp.Literal.string(node.name), VARCHAR)
    return _number(node, source)


def _number(node: exp.Expr, source: Source) -> Typed:
    written = node.name
    if written.isdecimal():
        if int(written) > _MOST:
            raise source.error(f"{written} is larger than a bigint can be", node, hint="Write it as a text in quotes.")
        return Typed(exp.Literal.number(str(int(written))), BIGINT)
    try:
        value = repr(float(written))
    except ValueError:
        raise source.error(f"{written} is no number", node) from None
    if not value[0].isdecimal():
        raise source.error(f"{written} is larger than a double can be", node)
    return call(Form.same(value.upper() if "e" in value else f"{value}E0"), DOUBLE)


def interval(node: exp.Expr, source: Source) -> Typed:
    """``INTERVAL '1' DAY``; of days, months and years, which can be added to dates, or of hours and less."""
    unit, amount = node.args.get("unit"), node.this
    name = unit.name.upper() if isinstance(unit, exp.Var) else ""
    kind = _UNITS.get(name)
    if kind is None or not isinstance(amount, exp.Literal) or not _AMOUNT.fullmatch(amount.name):
        raise source.error("an interval is written as interval '1' day: second, minute, hour, day, month or year", node)
    return call(Form.same(f"INTERVAL '{amount.name}' {name}"), kind)


def moment(text: str, kind: Kind, place: exp.Expr, source: Source) -> Typed:
    """A date or a time that is written out as a text."""
    try:
        if kind == DATE:
            return call(Form.same(f"DATE {quoted(date.fromisoformat(text).isoformat())}"), DATE)
        at = _time(text)
    except (ValueError, OverflowError):
        raise source.error(f"{text!r} is no {kind}", place, hint=f"Here {TIMES_ARE}.") from None
    written = at.isoformat(" ", "microseconds" if at.microsecond else "seconds")
    return call(Form.same(f"TIMESTAMP {quoted(written)}"), TIMESTAMP)


def _time(text: str) -> datetime:
    if local := _LOCAL.fullmatch(text.strip()):
        return datetime.fromisoformat(f"{local[1]} {local[2] or '00:00'}{local[3] or ''}")
    return from_micros(parse_micros(text.strip())).replace(tzinfo=None)
