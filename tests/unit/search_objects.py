"""Originals in objects as they stand in the lake, so that what scans them reads them as it would there."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from tests.unit.search_conditions import Written
from tests.unit.strategies import MIDNIGHT, REGIONS, make_event
from trailkeep.events.timestamps import date_of
from trailkeep.lake.compacted import CompactedWriter
from trailkeep.lake.parquet import encode_part, open_part
from trailkeep.lake.partitions import EVENTS, Part, Partition
from trailkeep.lake.parts import StoredPart, Stretch
from trailkeep.lake.scanned import ScannedObject, StretchRows, rows_of


def rows_with(originals: Sequence[str], *, is_compacted: bool) -> StretchRows:
    """The rows of a stretch with these originals, in their order: of a compacted object, or of a part."""
    events = [make_event(n, event_time=MIDNIGHT + n, event=text) for n, text in enumerate(originals)]
    body = encode_part(events, MIDNIGHT).body
    name = "part"
    if is_compacted:
        writer = CompactedWriter(1)
        writer.write(open_part(pa.BufferReader(body)).read())
        body, name = writer.finish().body, f"compacted-{'0' * 24}-0"
    partition = Partition(EVENTS, REGIONS[0], date_of(MIDNIGHT))
    part = Part(partition, MIDNIGHT, MIDNIGHT + len(originals) - 1, name)
    bucket = MemoryBucket()
    bucket.create(part.key, body)
    stored = StoredPart(part, len(body))
    stretch = Stretch(stored, part.first, part.last, 0 if is_compacted else None)
    return rows_of(bucket, stretch, ScannedObject(bucket, part.key, len(body)) if is_compacted else None)


blanks = st.sampled_from(["", "", " ", "\n", "\t ", "\r\n"])
"""What may stand between the tokens of JSON."""


@st.composite
def respelled(draw: st.DrawFn, original: str) -> str:
    """A JSON text as another encoder would have written it: other blanks, other escapes, the same numbers.

    So is JSON that stands in its texts.
    """
    return _spelled(draw, json.loads(original, parse_int=Written, parse_float=Written))


def _spelled(draw: st.DrawFn, value: Any) -> str:
    def listed(parts: Iterable[str]) -> str:
        return ",".join(draw(blanks) + part + draw(blanks) for part in parts)

    if isinstance(value, dict):
        members = ((_quoted(draw, name), _spelled(draw, each)) for name, each in value.items())
        return "{" + listed(f"{name}{draw(blanks)}:{draw(blanks)}{each}" for name, each in members) + "}"
    if isinstance(value, list):
        return "[" + listed(_spelled(draw, each) for each in value) + "]"
    if isinstance(value, Written):
        return str(value)
    return _quoted(draw, value) if isinstance(value, str) else json.dumps(value)


def _quoted(draw: st.DrawFn, text: str) -> str:
    if text.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            pairs = json.loads(text, object_pairs_hook=_unless_repeated, parse_int=Written, parse_float=Written)
            text = _spelled(draw, pairs)
    how = draw(st.sampled_from(["plain", "plain", "ascii", "slashes", "numbers"]))
    if how == "numbers":
        units = text.encode("utf-16-be", "surrogatepass")
        codes = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
        form = draw(st.sampled_from(["\\u{:04x}", "\\u{:04X}"]))
        return '"' + "".join(map(form.format, codes)) + '"'
    quoted = json.dumps(text, ensure_ascii=how == "ascii")
    return quoted.replace("/", "\\/") if how == "slashes" else quoted


def _unless_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice: this is a text like any other")
    return dict(pairs)
