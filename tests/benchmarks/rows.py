"""What a run measured: rows for the tables and for ``build/benchmarks.json``, and single measurements of questions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is, what a peer needs for the same, and the budget. ``met`` is None without a budget.

    ``ratio`` is ``value / peer_value``. A row without a value was not measured.
    """

    name: str
    value: float | None
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    budget: str | None = None
    met: bool | None = None


def at_most(
    name: str,
    value: float,
    unit: str,
    limit: float | None = None,
    *,
    peer: str | None = None,
    peer_value: float | None = None,
    ratio_limit: float | None = None,
) -> Row:
    """A figure that should be small: below ``limit``, and below ``ratio_limit`` times the peer's."""
    ratio = value / peer_value if peer_value else None
    budgets, held = [], []
    if limit is not None:
        budgets.append(f"≤ {limit:g} {unit}")
        held.append(value <= limit)
    if ratio_limit is not None and ratio is not None:
        budgets.append(f"≤ {ratio_limit:g} × {peer}")
        held.append(ratio <= ratio_limit)
    return Row(name, value, unit, peer, peer_value, ratio, " and ".join(budgets) or None, all(held) if held else None)


def at_least(name: str, value: float, unit: str, *, peer: str, peer_value: float, ratio_limit: float) -> Row:
    """A figure that should be large: at least ``ratio_limit`` times the peer's."""
    ratio = value / peer_value
    return Row(name, value, unit, peer, peer_value, ratio, f"≥ {ratio_limit:g} × {peer}", ratio >= ratio_limit)


def unmeasured(name: str, unit: str, budget: str) -> Row:
    """A budget for what does not exist yet."""
    return Row(name, None, unit, budget=budget)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One engine's answer to one question through the proxy; the median of its runs. ``peak`` is memory in bytes."""

    lake: str
    question: str
    engine: str
    files: str
    seconds: float
    requests: int
    rounds: int
    received: int
    dollars: float
    count: int
    agrees: bool
    peak: int = 0
    failure: str = ""
