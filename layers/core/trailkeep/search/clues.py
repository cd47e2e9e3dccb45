"""Which originals may meet a condition: one pass of an automaton over the bytes of many, without parsing any.

What it finds are suspects, for the condition itself to decide; what it passes over does not meet the condition.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import hyperscan

from trailkeep.lake.blocks import Block
from trailkeep.search.conditions import And, Condition, Or
from trailkeep.search.traces import Trace, Traps, trace_of

MOST_TRACES = 64
"""Compiling and running an automaton for more would cost more than it saves."""

_ROWS_TO_LEARN = 2_048
_MOST_SUSPECTED = 0.5
"""Where more of the rows are suspects, it is quicker to look at each of them."""

_Rows = set[int]
_Automaton = tuple[hyperscan.Database, hyperscan.Scratch]


@dataclass(frozen=True, slots=True)
class _Joint:
    """Traces of which all must be found, or one."""

    parts: tuple["_Suspicion", ...]
    how: Callable[..., _Rows]


_Suspicion = Trace | _Joint


class Clues:
    """The automata for a condition. Each thread takes a :meth:`detective` of its own."""

    def __init__(self, suspicion: _Suspicion, traces: Sequence[Trace]) -> None:
        self._suspicion = suspicion
        self._numbers = {trace: number for number, trace in enumerate(traces)}
        self._traces = _compiled([trace.form for trace in traces])
        traps = reduce(Traps.__or__, (trace.traps for trace in traces))
        # Hardly any block holds a trap: its few signs are looked for at the speed of memory, the rest where they are.
        self._signs = _compiled([re.escape(sign) for sign in traps.signs])
        self._traps = _compiled([traps.form])

    def detective(self) -> "Detective":
        """What looks through blocks, for one thread."""
        return Detective(self._suspicion, self._numbers, self._traces, self._signs, self._traps)


class Detective:
    """Looks through one block after another."""

    def __init__(self, suspicion: _Suspicion, numbers: dict[Trace, int], *databases: hyperscan.Database) -> None:
        self._suspicion = suspicion
        self._numbers = numbers
        # An automaton must not run twice at once on the same scratch space.
        self._traces, self._signs, self._traps = ((each, each.scratch.clone()) for each in databases)
        self._seen = self._suspected = 0

    def suspects(self, block: Block) -> Sequence[int]:
        """The places of the originals that may meet the condition, in order."""
        if self._seen >= _ROWS_TO_LEARN and self._suspected > _MOST_SUSPECTED * self._seen:
            return range(block.first, block.first + block.rows)
        ends: list[list[int]] = [[] for _ in self._numbers]
        _run(self._traces, block.data, lambda number, _from, end, _flags, _context: ends[number].append(end))
        found = self._joined(self._suspicion, [_rows(block, each) for each in ends]) if any(ends) else set()
        if _ends(self._signs, block.data):
            found |= _rows(block, _ends(self._traps, block.data))
        self._seen += block.rows
        self._suspected += len(found)
        return sorted(block.first + row for row in found)

    def _joined(self, suspicion: _Suspicion, rows: Sequence[_Rows]) -> _Rows:
        if isinstance(suspicion, Trace):
            return rows[self._numbers[suspicion]]
        return suspicion.how(*(self._joined(part, rows) for part in suspicion.parts))


def clues_for(condition: Condition) -> Clues | None:
    """The automata for a condition; None where any original may meet it, whatever stands in it."""
    suspicion = _suspicion(condition)
    if suspicion is None:
        return None
    traces = list(dict.fromkeys(_traces_of(suspicion)))
    if len(traces) > MOST_TRACES:
        return None
    try:
        return Clues(suspicion, traces)
    except hyperscan.HyperscanError:
        return None  # an automaton for this would be too large


def _suspicion(condition: Condition) -> _Suspicion | None:
    """What is known of the originals that meet a condition; None where that is nothing."""
    match condition:
        case And(conditions):
            return _joint([known for each in conditions if (known := _suspicion(each))], set.intersection)
        case Or(conditions):
            some = [_suspicion(each) for each in conditions]
            return None if None in some else _joint([known for known in some if known], set.union)
        case _:
            return trace_of(condition)


def _joint(parts: list[_Suspicion], how: Callable[..., _Rows]) -> _Suspicion | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return _Joint(tuple(parts), how)


def _traces_of(suspicion: _Suspicion) -> Iterator[Trace]:
    if isinstance(suspicion, Trace):
        yield suspicion
    else:
        for part in suspicion.parts:
            yield from _traces_of(part)


def _compiled(forms: list[bytes]) -> hyperscan.Database:
    database = hyperscan.Database()
    database.compile(expressions=forms, elements=len(forms), flags=hyperscan.HS_FLAG_DOTALL)
    return database


def _run(automaton: _Automaton, data: bytes, handler: Callable[..., Any]) -> None:
    database, scratch = automaton
    if data:
        database.scan(data, match_event_handler=handler, scratch=scratch)


def _ends(automaton: _Automaton, data: bytes) -> list[int]:
    """Where matches end."""
    found: list[int] = []
    _run(automaton, data, lambda _number, _from, end, _flags, _context: found.append(end))
    return found


def _rows(block: Block, ends: list[int]) -> _Rows:
    """The rows, counted from the first of a block, that hold the bytes before these places."""
    if not ends:
        return set()
    starts = block.starts
    found = {bisect_left(starts, end) - 1 for end in ends}
    found.discard(-1)  # what stands before the first row is none
    return found
