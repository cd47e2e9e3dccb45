"""The section of `make bench`: how good Insights are on worlds that no detector was made with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.insights.attacks.attack import STRENGTHS
from tests.benchmarks.insights.measuring import SEEDS, Measured, figures_of, measure
from tests.benchmarks.insights.page import page
from tests.benchmarks.insights.report import tell, tell_strengths
from tests.benchmarks.insights.world import World
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row
from trailkeep.insights.detectors import DETECTORS

_CERTAIN = ("PolicyChangeInsight", "PasswordChangeInsight", "TrailConcealmentInsight")
_LEAST_PRECISION, _MOST_ALARMS = 0.9, 0.5


def measure_insights(options: Options) -> list[Row]:
    """Recall, precision and false alarms of each type at medium strength, and its precision at each peer's recall.

    The whole, at all strengths and by cause and variant, is written beside the results as ``insights.md`` and
    ``insights.json``.
    """
    accounts, weeks, strengths = (1, 1, ("medium",)) if options.is_quick else (10, 4, STRENGTHS)
    measured = []
    for strength in strengths:
        worlds = [World(seed, accounts, weeks, strength) for seed in SEEDS["reporting"][:1]]
        measured.append(measure(worlds, DETECTORS))
        tell(measured[-1], 0)
    tell_strengths(measured)
    _write(options.folder, measured)
    medium = next(each for each in measured if each.strength == "medium")
    return [row for name in DETECTORS for row in _rows(medium, name)]


def _write(folder: Path, measured: list[Measured]) -> None:
    (folder / "insights.md").write_text(page(measured))
    (folder / "insights.json").write_text(json.dumps([each.as_json() for each in measured], indent=1) + "\n")


def _rows(measured: Measured, name: str) -> Iterator[Row]:
    tally = measured.tallies[name]
    own = tally.figures()
    recall = 1.0 if name in _CERTAIN else 0.95
    yield _at_least(f"{name}: recall", own.recall, recall)
    yield _at_least(f"{name}: precision", own.precision, _LEAST_PRECISION)
    alarms = own.false_a_week
    budget = f"≤ {_MOST_ALARMS:g}"
    yield Row(f"{name}: false alarms", alarms, "/account·week", budget=budget, met=alarms <= _MOST_ALARMS)
    for peer, other in measured.peers.get(name, ()):
        theirs = figures_of(peer, other)
        ours = tally.at_recall(theirs.recall)
        if ours is not None and theirs.found:
            what = f"{name}: precision at recall {theirs.recall:.2f}"
            ratio = ours.precision / theirs.precision if theirs.precision else None
            yield Row(
                what,
                ours.precision,
                "",
                peer.name,
                theirs.precision,
                ratio,
                "> the peer's",
                ours.precision > theirs.precision,
            )


def _at_least(name: str, value: float, least: float) -> Row:
    return Row(name, value, "", budget=f"≥ {least:g}", met=value >= least)
