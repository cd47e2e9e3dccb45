"""One measurement: detectors and peers over the accounts of some worlds, at one strength of attacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.insights.figures import Figures, Tally
from tests.benchmarks.insights.judging import Detector, Effort, found
from tests.benchmarks.insights.peers import Peer, by_type, once_an_hour
from tests.benchmarks.insights.store import account_of
from tests.benchmarks.insights.world import World

SEEDS: Mapping[str, Sequence[int]] = {"tuning": (101, 102, 103), "reporting": (900_001, 900_002, 900_003)}
"""Detectors are made with the first; what is told of them is measured with the second."""


@dataclass
class Measured:
    """What was measured at one strength: by type that of the detector, and that of each peer."""

    strength: str
    tallies: Mapping[str, Tally]
    peers: Mapping[str, Sequence[tuple[Peer, Tally]]]
    effort: Effort = field(default_factory=Effort)
    happenings: dict[str, float] = field(default_factory=dict)
    """How often harmless and unusual things happened, an account and week."""

    def as_json(self) -> dict[str, Any]:
        """All figures, by type."""
        return {
            "strength": self.strength,
            "happenings": self.happenings,
            "types": {
                name: {
                    **asdict(tally.figures()),
                    "aside": tally.aside,
                    "ms_a_day": 1000 * self.effort.seconds.get(name, 0.0) / max(1, self.effort.scenes),
                    "causes": dict(tally.causes().most_common()),
                    "variants": tally.variants(),
                    "curve": [asdict(each) for each in tally.curve()],
                    "peers": {peer.name: _beside(peer, other, tally) for peer, other in self.peers.get(name, ())},
                }
                for name, tally in self.tallies.items()
            },
        }


def figures_of(peer: Peer, tally: Tally) -> Figures:
    """The figures of a peer at its threshold."""
    return tally.best() if peer.threshold is None else tally.figures(peer.threshold)


def measure(
    worlds: Sequence[World],
    detectors: Mapping[str, Detector],
    folder: Path | None = None,
    sensitivity: str = "medium",
    with_peers: bool = True,
) -> Measured:
    """Let detectors and peers look for what was planted in some worlds of the same strength."""
    peers = {name: [(peer, Tally(name)) for peer in found] for name, found in by_type(list(detectors)).items()}
    measured = Measured(worlds[0].strength, {name: Tally(name) for name in detectors}, peers if with_peers else {})
    weeks = 0
    for world in worlds:
        for number in range(world.accounts):
            account, name = account_of(world, number, folder), f"{world.seed}/{number}"
            judged = found(account, detectors, measured.effort, sensitivity)
            for tally in measured.tallies.values():
                tally.add(name, world.weeks, account.attacks, judged)
            for beside in measured.peers.values():
                for peer, tally in beside:
                    tally.add(name, world.weeks, account.attacks, once_an_hour(peer.find(account)))
            weeks += world.weeks
            for happening in account.happenings:
                if happening.last_day >= account.judged.start:
                    measured.happenings[happening.kind] = measured.happenings.get(happening.kind, 0) + 1
    measured.happenings = {kind: count / weeks for kind, count in sorted(measured.happenings.items())}
    return measured


def _beside(peer: Peer, other: Tally, own: Tally) -> dict[str, Any]:
    """A peer's figures, the detector's best at the peer's recall, and the peer's best at the detector's recall."""
    figures = figures_of(peer, other)
    ours, theirs = own.at_recall(figures.recall), other.at_recall(own.figures().recall)
    return {
        **asdict(figures),
        "ours_at_its_recall": asdict(ours) if ours else None,
        "its_at_our_recall": asdict(theirs) if theirs else None,
    }
