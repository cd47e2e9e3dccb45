"""What tests of searching generate: conditions of every kind, and events that have much of what they ask for."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_network
from typing import Any

from hypothesis import strategies as st

from trailkeep.events.addresses import Network
from trailkeep.search.conditions import (
    And,
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
from trailkeep.search.document import Columns
from trailkeep.search.fields import COLUMNS, field_of
from trailkeep.search.meanings import address, moment, plain_number
from trailkeep.search.patterns import folded
from trailkeep.search.words import words, words_of

NAMES = ("a", "b", "A", "resourceName", "resourceType", "eventName", "x.y", 'q"\\', " charset", "")

TEXTS = (
    "a", "B", "ab", "aXb", "A b", "a\nb", "a;b, c ,d", "null", "NULL", "", " ", "*", "a*b", "80", "80.0", "-0", "1e2",
    "+1", "true", "10.0.0.1", "::ffff:10.0.0.1", "2001:DB8::1", "2001:db8:0:0::1", "10.0.0.0/8", "2026-01-02T00:00:00Z",
    "2026-01-02T01:00:00+01:00", "2026-01-01T00:00:00", "2026-01-02", "ΣΑΣ", "σας", "İi", "\u212a", "日志文b", "a:b/c",
    "a\x00b", "ß", '{"a":1}', ' {"b": {"a": "x"}}', '[{"a": 80.0}, null]', '{"a": "{\\"b\\": 1}"}', '{"a":1,"a":2}',
    '{"a":1} x', "[1", "%", "_", ".*", "\\", "' OR 1=1 --", "and", "Not", "event.a", "(", "a_b-c.d",
)  # fmt: skip
"""Texts that one reading or another takes to be something else."""

NUMBERS = ("0", "-0", "80", "80.0", "8e1", "8E+1", "1", "-1.5", "12345678901234567890123456789", "1e-7", "1e300")
"""Numbers as JSON writes them: the same one in several ways."""

PROMOTED = tuple(sorted({column for columns in COLUMNS.values() for column in columns}))
LISTS = ("resource_names", "resource_types")


class Written(str):
    """A number, as a JSON text is to write it."""


names = st.sampled_from(NAMES[:2]) | st.sampled_from(NAMES)
texts = st.sampled_from(TEXTS) | st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
scalars = st.sampled_from([None, True, False]) | st.sampled_from(NUMBERS).map(Written) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(names, values, min_size=1, max_size=5)


def written(value: Any, *, ascii_only: bool = False) -> str:
    """The JSON text of a generated value."""
    if isinstance(value, dict):
        members = (
            f"{written(name, ascii_only=ascii_only)}:{written(each, ascii_only=ascii_only)}"
            for name, each in value.items()
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(each, ascii_only=ascii_only) for each in value) + "]"
    return str(value) if isinstance(value, Written) else json.dumps(value, ensure_ascii=ascii_only)


originals = st.builds(lambda value, ascii_only: written(value, ascii_only=ascii_only), objects, st.booleans())
columns: st.SearchStrategy[dict[str, str | list[str] | None]] = st.fixed_dictionaries(
    {name: st.lists(texts, max_size=2) if name in LISTS else st.none() | texts for name in PROMOTED}
)


def _merged(parts: list[str | Wildcard]) -> Pattern:
    merged: list[str | Wildcard] = []
    for part in parts:
        if part == "" or (part is Wildcard.ANY and merged[-1:] == [Wildcard.ANY]):
            continue
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += folded(part)
        else:
            merged.append(folded(part) if isinstance(part, str) else part)
    return tuple(merged)


@st.composite
def patterns(draw: st.DrawFn, origins: st.SearchStrategy[str] = texts) -> Pattern:
    """Patterns as the parser makes them: folded, no two texts and no two ``*`` side by side; most fit their origin."""
    text = draw(origins)
    start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
    between: list[str | Wildcard] = draw(
        st.sampled_from([[text[start:end]], [Wildcard.ANY], [Wildcard.ONE] * (end - start)])
        | st.lists(texts | st.sampled_from(Wildcard), max_size=4)
    )
    return _merged([text[:start], *between, text[end:]])


@st.composite
def phrases(draw: st.DrawFn, origins: st.SearchStrategy[str] = texts) -> Words:
    """Words, most of which follow each other in their origin."""
    found = words(draw(origins))
    start, end = sorted((draw(st.integers(0, len(found))), draw(st.integers(0, len(found)))))
    of_origin = " ".join(found[start : end + 1])
    asked = words_of(draw(patterns(st.just(of_origin))))
    return Words(asked if asked not in ((), ((Wildcard.ANY,),)) else (("a",),))


networks: st.SearchStrategy[Network] = st.sampled_from(
    [ip_network(text) for text in ("10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "::/0", "2001:db8::/32", "192.0.2.0/24")]
)
numbers = st.sampled_from([Decimal(text) for text in ("0", "80", "-1.5", "80.0", "1", "100", "0.5")])
moments = st.sampled_from([Instant(micros) for micros in (0, 1767312000000000, 1767312000000001, 1893456000000000)])


Subject = tuple[Field, str]
"""A field, and a text that it may have."""


@st.composite
def ranges(draw: st.DrawFn, field: Field) -> InRange:
    """Between two numbers or two moments, or beyond one."""
    low, high = draw(st.tuples(numbers, numbers).map(sorted) | st.tuples(moments, moments).map(_in_order))
    kind = draw(st.sampled_from(["both", "low", "high"]))
    if kind == "low":
        return InRange(field, low, None, includes_low=draw(st.booleans()))
    if kind == "high":
        return InRange(field, None, high, includes_high=draw(st.booleans()))
    return InRange(field, low, high, draw(st.booleans()), draw(st.booleans()))


def _in_order(found: tuple[Instant, Instant]) -> list[Instant]:
    return sorted(found, key=lambda moment: moment.micros)


@st.composite
def singles(draw: st.DrawFn, subjects: st.SearchStrategy[Subject]) -> Condition:
    """Conditions that are not put together."""
    field, text = draw(subjects)
    likely: list[type] = [InNetwork] if address(text) else [InRange] if plain_number(text) or moment(text) else [Equals]
    kind = draw(st.sampled_from([Words, Equals, InRange, InNetwork, Exists, IsNull, Everything, *likely * 5]))
    if kind is Words:
        return draw(phrases(st.just(text)))
    if kind is Equals:
        pattern = draw(patterns(st.just(text)))
        if pattern == (Wildcard.ANY,):  # behind a colon these two ask for something else
            return Exists(field)
        return IsNull(field) if pattern == ("null",) else Equals(field, pattern)
    if kind is InRange:
        return draw(ranges(field))
    if kind is InNetwork:
        return InNetwork(field, draw(networks))
    return Everything() if kind is Everything else kind(field)


def put_together(single: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Conditions of several, negated and bracketed."""
    return st.recursive(
        single,
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(lambda found: And(tuple(found))),
            st.lists(inner, min_size=2, max_size=3).map(lambda found: Or(tuple(found))),
        ),
        max_leaves=6,
    )


paths = st.lists(names, min_size=1, max_size=3).map(tuple)
fields: st.SearchStrategy[Field] = st.one_of(
    paths.map(lambda path: ("event", *path)), st.sampled_from(sorted(COLUMNS)).map(lambda name: (name,))
).map(field_of)  # type: ignore[arg-type]

conditions = put_together(singles(st.tuples(fields, texts)))
"""Any condition, as the parser makes them."""


@st.composite
def questions(draw: st.DrawFn) -> tuple[Condition, str, Columns]:
    """An event, as its original and its columns, and a condition on much of what it has."""
    event, promoted = draw(objects), draw(columns)
    own = [(field_of(("event", *path)), text) for path, text in _leaves_of(event, ())]
    own += [(field_of((name,)), value) for name, value in promoted.items() if isinstance(value, str)]
    own_subjects = st.sampled_from(own) if own else st.nothing()
    asked = put_together(singles(own_subjects | st.tuples(fields, texts)))  # type: ignore[arg-type]
    return draw(asked), written(event, ascii_only=draw(st.booleans())), promoted


def _leaves_of(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Paths with the texts there, those in texts that hold JSON included; of objects and lists, something."""
    if isinstance(value, list):
        for each in value:
            yield from _leaves_of(each, path)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves_of(each, (*path, name))
    elif path:
        yield path, value if isinstance(value, str) else json.dumps(value)
        if type(value) is str and value.strip().startswith(("{", "[")):
            with contextlib.suppress(ValueError):
                yield from _leaves_of(json.loads(value), path)
