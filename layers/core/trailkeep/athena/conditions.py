"""Conditions in Trino's SQL: the meaning is :mod:`trailkeep.search.evaluation`'s, condition by condition."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
from sqlglot import exp

from trailkeep.athena import meanings
from trailkeep.athena.fragments import bound, fragment
from trailkeep.schema import EVENTS
from trailkeep.search.conditions import (
    And,
    Bound,
    Condition,
    Equals,
    Everything,
    Exists,
    Field,
    InNetwork,
    InRange,
    Instant,
    IsNull,
    Not,
    Or,
    Pattern,
    Wildcard,
    Words,
)
from trailkeep.search.evaluation import SEVERAL_IN_ONE
from trailkeep.search.meanings import address, plain_number
from trailkeep.search.patterns import folded_pattern, literal_of


class Event(Protocol):
    """Where conditions find what they look at: expressions for one event."""

    def texts(self) -> exp.Expr:
        """The words of its texts, as :func:`trailkeep.athena.document.texts_of` gives them."""

    def values(self, path: tuple[str, ...]) -> exp.Expr:
        """What :func:`trailkeep.athena.document.values_at` gives."""

    def standing(self, path: tuple[str, ...]) -> exp.Expr:
        """What :func:`trailkeep.athena.document.standing_at` gives."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A value to be tested: its text and, for one of the original, whether it is a text or a number."""

    text: exp.Expr
    is_text: exp.Expr
    is_number: exp.Expr


_Test = Callable[[_Value], exp.Expr]


def translated(condition: Condition, event: Event) -> exp.Expr:
    """An expression that is true of the events that meet a condition and false of all others, never NULL."""
    match condition:
        case Everything():
            return exp.true()
        case Words(words):
            return fragment("any_match(:texts, w -> :test)", texts=event.texts(), test=_phrase(words))
        case Equals(field, pattern):
            return _any_value(field, event, lambda value: _equals(value, pattern, field.path in SEVERAL_IN_ONE))
        case IsNull(field):
            return _any_value(field, event, _is_null)
        case Exists(field):
            return _exists(field, event)
        case InRange(field):
            return _any_value(field, event, lambda value: _in_range(value, condition))
        case InNetwork(field, network):
            return _any_value(
                field, event, lambda value: exp.and_(value.is_text, meanings.in_network(value.text, network))
            )
        case Not(inner):
            return exp.not_(translated(inner, event))
        case And(conditions):
            return exp.and_(*(translated(each, event) for each in conditions))
        case Or(conditions):
            return exp.or_(*(translated(each, event) for each in conditions))


def _any_value(field: Field, event: Event, test: _Test) -> exp.Expr:
    if field.path:
        return _any_of(event.values(field.path), test(_TAGGED))
    return exp.or_(*(_any_in_column(name, test) for name in field.columns))


_TAGGED = _Value(fragment("substr(v, 2)"), fragment("v LIKE 'S%'"), fragment("regexp_like(v, '\\AN[-0-9]')"))


def _any_in_column(name: str, test: _Test) -> exp.Expr:
    """A column has texts, one or a list of them; NULL there says that the event has no such value."""
    column = exp.column(name, quoted=True)
    if _is_list(name):
        return _any_of(column, test(_Value(exp.column("v"), exp.true(), exp.false())))
    return fragment("coalesce(:test, FALSE)", test=test(_Value(column, exp.true(), exp.false())))


def _any_of(values: exp.Expr, test: exp.Expr) -> exp.Expr:
    return fragment("coalesce(any_match(:values, v -> :test), FALSE)", values=values, test=test)


def _is_list(column: str) -> bool:
    return column in EVENTS.names and pa.types.is_list(EVENTS.field(column).type)


def _equals(value: _Value, pattern: Pattern, in_parts: bool) -> exp.Expr:
    text = meanings.folded(value.text)
    tests = [_whole(text, pattern)]
    literal = literal_of(pattern)
    number = None if literal is None else plain_number(literal)
    wanted = None if literal is None else address(literal)
    if number is not None:
        same = fragment(":key = :wanted", key=meanings.number_key(value.text), wanted=meanings.key_of(number))
        tests.append(exp.and_(value.is_number, same))
    if wanted is not None:
        found = meanings.address(value.text)
        tests.append(fragment(":found = CAST(:wanted AS IPADDRESS)", found=found, wanted=str(wanted)))
    if in_parts:
        part = _whole(fragment("regexp_replace(p, '\\A +| +\\z')"), pattern)
        tests.append(fragment("any_match(regexp_split(:text, '[;,]'), p -> :part)", text=text, part=part))
    return exp.or_(*tests)


def _whole(text: exp.Expr, pattern: Pattern) -> exp.Expr:
    """Whether a folded text is of this form."""
    literal = literal_of(folded_pattern(pattern))
    if literal is not None:
        return fragment(":text = :literal", text=text, literal=literal)
    return fragment(r":text LIKE :pattern ESCAPE '\'", text=text, pattern=_like(pattern))


def _like(pattern: Pattern) -> str:
    """A pattern as LIKE reads it."""
    parts = []
    for part in folded_pattern(pattern):
        if isinstance(part, Wildcard):
            parts.append("%" if part is Wildcard.ANY else "_")
        else:
            parts.append(_MEANT_BY_LIKE.sub(r"\\\g<0>", part))
    return "".join(parts)


_MEANT_BY_LIKE = re.compile(r"[%_\\]")


def _phrase(words: tuple[Pattern, ...]) -> exp.Expr:
    """Whether words follow each other in a text whose words stand between single blanks."""
    literals = [literal_of(folded_pattern(word)) for word in words]
    if None not in literals:
        return fragment("strpos(w, :run) > 0", run=f" {' '.join(map(str, literals))} ")
    tests = [_whole(fragment("element_at(g, :place)", place=place), word) for place, word in enumerate(words, start=1)]
    return fragment(
        "any_match(ngrams(filter(split(w, ' '), s -> s <> ''), :count), g -> :test)",
        count=len(words),
        test=exp.and_(*tests),
    )


def _is_null(value: _Value) -> exp.Expr:
    is_null_text = fragment("lower(:text) = 'null'", text=value.text)
    return exp.and_(exp.not_(value.is_number), is_null_text)


def _exists(field: Field, event: Event) -> exp.Expr:
    if field.path:
        says_something = fragment("json_format(v) NOT IN ('\"Nnull\"', '\"S\"', '[]')")
        return _any_of(event.standing(field.path), says_something)
    tests = []
    for name in field.columns:
        holds = "cardinality(:column) > 0" if _is_list(name) else ":column <> ''"
        tests.append(fragment(f"coalesce({holds}, FALSE)", column=exp.column(name, quoted=True)))
    return exp.or_(*tests)


def _in_range(value: _Value, asked: InRange) -> exp.Expr:
    """The bounds are of one kind, which says what a value must be to be compared at all."""
    if isinstance(asked.low, Instant) or isinstance(asked.high, Instant):
        return exp.and_(value.is_text, _between(meanings.moment(value.text), asked))
    is_plain = exp.and_(value.is_text, meanings.is_plain_number(value.text))
    return exp.and_(exp.or_(value.is_number, is_plain), _between(meanings.number_key(value.text), asked))


def _between(found: exp.Expr, asked: InRange) -> exp.Expr:
    """Whether what a value means lies between the bounds."""

    def tests(found: exp.Expr) -> exp.Expr:
        both = []
        if asked.low is not None:
            compared = ":found >= :bound" if asked.includes_low else ":found > :bound"
            both.append(fragment(compared, found=found, bound=_compared(asked.low)))
        if asked.high is not None:
            compared = ":found <= :bound" if asked.includes_high else ":found < :bound"
            both.append(fragment(compared, found=found, bound=_compared(asked.high)))
        return exp.and_(*both)

    return bound("found", found, tests)


def _compared(limit: Bound) -> str | int:
    """A bound as what it is compared with says it."""
    return limit.micros if isinstance(limit, Instant) else meanings.key_of(limit)
