"""What was measured → a table on the terminal, ``build/benchmarks.json`` and ``docs/benchmarks.md``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.table import Table

from tests.benchmarks.rows import Measurement, Row

KEPT = "## What was tried, and what is next"
"""Of the page, what comes from here on is written by people and stays."""

_METHOD = (Path(__file__).parent / "method.md").read_text()


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a run, stored until it is measured again."""

    name: str
    machine: Mapping[str, str]
    rows: Sequence[Row]
    measurements: Sequence[Measurement]

    def store(self, folder: Path) -> None:
        """Keep it for the reports of later runs, which may measure other sections only."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, folder: Path, name: str) -> Self | None:
        """The section as it was last measured; None if it never was."""
        path = folder / f"{name}.json"
        if not path.exists():
            return None
        stored = json.loads(path.read_text())
        rows = [Row(**row) for row in stored["rows"]]
        return cls(name, stored["machine"], rows, [Measurement(**one) for one in stored["measurements"]])


def write_json(path: Path, rows: Iterable[Row]) -> None:
    """The rows as a list of objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n")


def print_table(rows: Iterable[Row]) -> None:
    """What has a budget, and what is no figure of a question, on the terminal."""
    table = Table(title="Trailkeep and its peers")
    for column in ("what", "value", "peer", "peer's", "ratio", "budget", "met"):
        table.add_column(column, justify="left" if column in ("what", "peer", "budget") else "right")
    for row in filter(_is_told, rows):
        style = "red" if row.met is False else None
        table.add_row(*_cells(row), style=style)
    Console(width=200).print(table)


def write_page(path: Path, sections: Sequence[Section]) -> None:
    """The page for readers; what people wrote on it stays."""
    standing = path.read_text() if path.exists() else ""
    kept = standing[standing.index(KEPT) :] if KEPT in standing else f"{KEPT}\n\nNothing is noted yet.\n"
    rows = [row for section in sections for row in section.rows]
    missed = [row for row in rows if row.met is False]
    lines = ["# Benchmarks", "", "`make bench` measures this and writes this page.", ""]
    for section in sections:
        lines += [f"- **{section.name}**: " + "; ".join(f"{k}: {v}" for k, v in section.machine.items())]
    lines += ["", "## Budgets", "", *_table(row for row in rows if row.budget), ""]
    lines += [f"{len(missed)} of {sum(row.met is not None for row in rows)} budgets are missed."]
    lines += ["", *(f"- {row.name}: {_number(row.value)} {row.unit}, {row.budget}{_excess(row)}" for row in missed)]
    lines += ["", "## Questions, engine by engine", ""]
    for section in sections:
        lines += _questions(section.measurements)
    lines += ["## Other figures", "", *_table(row for row in rows if not row.budget and _is_told(row)), ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n" + _METHOD + "\n" + kept)


def _is_told(row: Row) -> bool:
    """Whether a row stands in tables by itself; those of questions without a budget stand there engine by engine."""
    return bool(row.budget) or ": " not in row.name


def _table(rows: Iterable[Row]) -> list[str]:
    return [
        "| what | value | peer | peer's | ratio | budget | met |",
        "|---|---:|---|---:|---:|---|---|",
        *("| " + " | ".join(_cells(row)) + " |" for row in rows),
    ]


def _cells(row: Row) -> list[str]:
    met = {True: "yes", False: "**no**", None: "" if row.value is not None else "not measured yet"}[row.met]
    value = f"{_number(row.value)} {row.unit}" if row.value is not None else ""
    return [row.name, value, row.peer or "", _number(row.peer_value), _number(row.ratio), row.budget or "", met]


def _excess(row: Row) -> str:
    """By how much a figure misses the budget that it has beside its peer."""
    return f" ({row.ratio:.2f} × {row.peer})" if row.ratio is not None else ""


def _questions(found: Sequence[Measurement]) -> list[str]:
    lines: list[str] = []
    for lake in dict.fromkeys(one.lake for one in found):
        lines += [f"### The lake “{lake}”", ""]
        lines += ["| question | engine | files | requests | rounds | MB | ms | USD a million | same answer |"]
        lines += ["|---|---|---|---:|---:|---:|---:|---:|---|"]
        asked = ""
        for one in (one for one in found if one.lake == lake):
            name = one.question if one.question != asked else ""
            asked = one.question
            if one.failure:
                lines.append(f"| {name} | {one.engine} | {one.files} | | | | | | {one.failure[:80]} |")
                continue
            cells = (f"{one.requests:,}", f"{one.rounds:,}", f"{one.received / 1e6:.2f}", f"{one.seconds * 1000:,.0f}")
            same = "yes" if one.agrees else "**no**"
            cost = f"{one.dollars * 1e6:,.2f}"
            lines.append(f"| {name} | {one.engine} | {one.files} | {' | '.join(cells)} | {cost} | {same} |")
        lines.append("")
    return lines


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
