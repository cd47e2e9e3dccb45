"""`make bench`: measure, print the table, write the page and the JSON. ``options`` tells what can be chosen."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tests.benchmarks import compaction, delivery, reading, starting
from tests.benchmarks.insights.section import measure_insights
from tests.benchmarks.machine import describe
from tests.benchmarks.options import SECTIONS, Options, read_options
from tests.benchmarks.peer import ROOT
from tests.benchmarks.report import Section, print_table, write_json, write_page
from tests.benchmarks.rows import Measurement, Row, unmeasured
from tests.faults.seaweed import why_not

_ALONE: dict[str, Callable[[Options], list[Row]]] = {
    "start": starting.measure,
    "delivery": delivery.measure,
    "compaction": compaction.measure,
    "insights": measure_insights,
}


def main() -> int:
    """0 where all answers were equal, whatever the budgets say; 1 where some were not; 2 where it cannot run."""
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    options = read_options()
    options.folder.mkdir(parents=True, exist_ok=True)
    results = options.folder / "results"
    for name in options.sections:
        print(f"── {name}", flush=True)
        started = time.monotonic()
        machine = describe()
        rows, found = _measure(name, options)
        Section(name, machine, rows, found).store(results)
        print(f"   {time.monotonic() - started:.0f} s", flush=True)
    sections = [section for name in SECTIONS if (section := Section.load(results, name))]
    rows = [row for section in sections for row in section.rows]
    print_table(rows)
    outputs = options.folder if options.is_quick else ROOT / "build"
    write_json(outputs / "benchmarks.json", rows)
    write_page((options.folder if options.is_quick else ROOT / "docs") / "benchmarks.md", sections)
    return int(any(row.met is False for row in rows if row.name.startswith("answers equal")))


def _measure(name: str, options: Options) -> tuple[list[Row], list[Measurement]]:
    if name in _ALONE:
        return _ALONE[name](options), []
    if name == "search":
        return reading.measure_searches(options)
    rows, found = reading.measure(options)
    missing = (unmeasured("an Insights run with 10 × the history", "ms", "≤ 1.2 × the time and requests"),)
    return [*rows, *missing], found


if __name__ == "__main__":
    sys.exit(main())
