"""Measures the Insights: ``python -m tests.benchmarks.insights --seeds tuning --accounts 10 --weeks 4``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.insights.attacks.attack import STRENGTHS
from tests.benchmarks.insights.attacks.planting import TYPES
from tests.benchmarks.insights.judging import Detector
from tests.benchmarks.insights.measuring import SEEDS, Measured, measure
from tests.benchmarks.insights.page import page
from tests.benchmarks.insights.report import tell, tell_steadiness, tell_strengths
from tests.benchmarks.insights.stepping import Steadiness, step
from tests.benchmarks.insights.store import account_of
from tests.benchmarks.insights.world import World
from trailkeep.insights.detectors import DETECTORS


def main() -> None:
    """Run the detectors over worlds and tell how good they are."""
    options = _options()
    wanted = options.only.split(",") if options.only else list(TYPES)
    detectors: Mapping[str, Detector] = {name: DETECTORS[name] for name in wanted}
    if options.steps:
        _step(options, detectors)
        return
    results: list[Measured] = []
    for strength in STRENGTHS if options.strength == "all" else options.strength.split(","):
        seeds = SEEDS[options.seeds][: options.worlds]
        worlds = [World(seed, options.accounts, options.weeks, strength) for seed in seeds]
        measured = measure(worlds, detectors, options.folder, options.sensitivity, not options.no_peers)
        tell(measured, options.list)
        results.append(measured)
    tell_strengths(results)
    if options.page:
        options.page.write_text(page(results))
    if options.json:
        settings = {"seeds": options.seeds, "worlds": options.worlds, "accounts": options.accounts}
        settings |= {"weeks": options.weeks, "sensitivity": options.sensitivity}
        options.json.write_text(
            json.dumps({**settings, "measured": [one.as_json() for one in results]}, indent=1) + "\n"
        )


def _step(options: argparse.Namespace, detectors: Mapping[str, Detector]) -> None:
    steadiness = Steadiness()
    for seed in SEEDS[options.seeds][: options.worlds]:
        world = World(seed, options.accounts, options.weeks, options.strength)
        for number in range(world.accounts):
            step(account_of(world, number, options.folder), detectors, options.steps, steadiness)
    tell_steadiness(steadiness, list(detectors))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.insights", description=__doc__)
    add = parser.add_argument
    add("--seeds", choices=sorted(SEEDS), default="tuning")
    add("--worlds", type=int, default=1, help="how many of the seeds")
    add("--accounts", type=int, default=10, help="accounts a world")
    add("--weeks", type=int, default=4, help="judged weeks, after six in which nothing is planted")
    add("--strength", default="medium", help="low, medium, high, several of them with commas, or all")
    add("--only", default="", help="types, with commas")
    add("--sensitivity", choices=("low", "medium", "high"), default="medium")
    add(
        "--steps",
        type=int,
        default=0,
        help="look every so many minutes instead: is what is told early told in the end?",
    )
    add("--no-peers", action="store_true", help="detectors only")
    add("--list", type=int, default=0, help="how many missed attacks and false alarms are listed")
    add("--folder", type=Path, default=None, help="where made accounts are kept for the next run")
    add("--page", type=Path, default=None, help="where the figures are written as Markdown")
    add("--json", type=Path, default=None, help="where the figures are written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
