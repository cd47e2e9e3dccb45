"""Bounds: what fields are compared with by ``<`` and ``>`` and in ranges. Numbers and moments."""

from decimal import Decimal

from trailkeep.events.timestamps import format_micros
from trailkeep.search.conditions import Bound, Field, InRange, Instant
from trailkeep.search.meanings import midnight, moment, plain_number
from trailkeep.search.patterns import literal_of
from trailkeep.search.scanner import VALUE, Scanner

COMPARISONS = (">=", "<=", ">", "<")

MAX_DIGITS = 38
"""Of a number to compare with: as many as the decimal numbers of every engine have."""

_BOUND = "a number or a time"
_FORMS = "Numbers are written 90 or -1.5, times 2026-01-02 or 2026-01-02T03:04:05Z, ranges field in [1 5]."


def read_comparison(scanner: Scanner, field: Field, sign: str) -> InRange:
    """What stands behind one of the :data:`COMPARISONS`."""
    bound = _read_bound(scanner, f'{_BOUND} behind "{sign}"')
    if sign.startswith(">"):
        return InRange(field, bound, None, includes_low=sign == ">=")
    return InRange(field, None, bound, includes_high=sign == "<=")


def read_range(scanner: Scanner, field: Field) -> InRange:
    """What stands behind ``in``: two bounds in square brackets, or round ones where a bound itself is left out."""
    includes_low = scanner.takes("[", "(") == "["
    start = scanner.at
    low = _read_bound(scanner, f"{_BOUND} to begin the range with")
    high = _read_bound(scanner, f"{_BOUND} to end the range with")
    closing = scanner.takes("]", ")")
    if not closing:
        raise scanner.expected('"]" or ")" behind the two bounds of a range', hint=_FORMS)
    if isinstance(low, Instant) != isinstance(high, Instant):
        raise scanner.expected("two numbers or two times", at=start, hint=_FORMS)
    if _order(low) > _order(high):
        raise scanner.expected("the smaller bound first", at=start, hint=_FORMS)
    scanner.skip_blanks()
    return InRange(field, low, high, includes_low, includes_high=closing == "]")


def _order(bound: Bound) -> Decimal:
    return Decimal(bound.micros) if isinstance(bound, Instant) else bound


def _read_bound(scanner: Scanner, what: str) -> Bound:
    """A number or a moment; what is expected is said in the words of ``what``."""
    scanner.skip_blanks()
    start = scanner.at
    lexeme = scanner.lexeme(VALUE)
    text = None if lexeme is None else literal_of(lexeme.pattern)
    bound = None if text is None else _bound_in(text)
    if bound is None:
        raise scanner.expected(what, at=start, hint=_FORMS)
    scanner.skip_blanks()
    return bound


def _bound_in(text: str) -> Bound | None:
    number = plain_number(text)
    if number is not None:
        return number if len(number.as_tuple().digits) <= MAX_DIGITS else None
    micros = moment(text)
    if micros is None:
        micros = midnight(text)
    return Instant(micros) if micros is not None and _has_a_date(micros) else None


def _has_a_date(micros: int) -> bool:
    """Whether a moment is one of the years 1 to 9999: an offset may lead out of them."""
    try:
        format_micros(micros)
    except OverflowError:
        return False
    return True
