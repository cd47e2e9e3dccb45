"""What a run measures, and how large: from its environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.events import HOME, REGIONS
from tests.benchmarks.peer import ROOT
from tests.benchmarks.plan import Plan

SECTIONS = ("start", "delivery", "compaction", "read", "search", "insights")


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes of a run. ``folder`` keeps lakes and results between runs."""

    sections: tuple[str, ...]
    is_quick: bool
    folder: Path
    runs: int
    is_traced: bool
    main: Plan
    long: Plan | None
    regions: Plan
    delivered_events: int
    large_megabytes: int
    small_objects: int
    small_days: int


def read_options(environment: Mapping[str, str] = os.environ) -> Options:
    """The options that ``make bench`` was called with; :class:`ValueError` for what cannot be."""
    quick = environment.get("BENCH_QUICK", "") not in ("", "0")
    days = _number(environment, "BENCH_DAYS", 10 if quick else 90)
    events = _number(environment, "BENCH_EVENTS_PER_DAY", 5_000 if quick else 50_000)
    long_days = _number(environment, "BENCH_LONG_DAYS", 0 if quick else 365)
    landed = min(events, 5_000)
    sections = tuple(filter(None, environment.get("BENCH_ONLY", "").split(","))) or SECTIONS
    if unknown := set(sections) - set(SECTIONS):
        raise ValueError(f"BENCH_ONLY knows {', '.join(SECTIONS)}; not {', '.join(sorted(unknown))}")
    folder = Path(environment.get("BENCH_FOLDER", "") or ROOT / "build" / ("bench-quick" if quick else "bench"))
    return Options(
        sections=sections,
        is_quick=quick,
        folder=folder,
        runs=_number(environment, "BENCH_RUNS", 1 if quick else 3),
        is_traced=environment.get("BENCH_TRACE", "") not in ("", "0"),
        main=Plan("main", days, events, (HOME,), landed),
        long=Plan("long", long_days, events, (HOME,), landed, is_copied=False) if long_days else None,
        regions=Plan("regions", min(days, 3), 1_600, REGIONS) if quick else Plan("regions", 30, 16_000, REGIONS),
        delivered_events=10_000 if quick else 200_000,
        large_megabytes=2 if quick else 200,
        small_objects=_number(environment, "BENCH_SMALL_OBJECTS", 200 if quick else 100_000),
        small_days=min(days, 90),
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not value.isdecimal():
        raise ValueError(f"{name} must be a whole number")
    return int(value)
