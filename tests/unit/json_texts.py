"""JSON as tests generate it: values of every kind, and the many ways in which one value may be written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "{", "}", "[]", "},{", '{"', '"', "\\", "\n", "a,b", ":", "null", '{"a":1}', "\u2028", "\x00", "😀", "Records"]
)
numbers = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -1, 2**53 + 1, 10**40, 1e-7])
)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=5)

Writer = Callable[[Any], bytes]


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def escaped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


def pretty(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()


def flush_left(value: Any) -> bytes:
    """As some tools break lines: every value starts its own, none is indented."""
    return json.dumps(value, indent=0).encode()


one_line: st.SearchStrategy[Writer] = st.sampled_from([compact, escaped])
writers: st.SearchStrategy[Writer] = st.sampled_from([compact, escaped, pretty, flush_left])


@st.composite
def pieces_of(draw: st.DrawFn, text: bytes) -> list[bytes]:
    """A text cut into pieces anywhere, some of them empty."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
