"""What was measured, as Markdown tables for a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.benchmarks.insights.measuring import Measured, figures_of


def page(measured: Sequence[Measured]) -> str:
    """Tables of all strengths: figures by type, the peers beside, and what false alarms were of."""
    lines: list[str] = []
    for one in measured:
        lines += [f"### Attacks of {one.strength} strength", "", *_figures(one), ""]
        if one.peers:
            lines += [*_peers(one), ""]
        lines += [*_causes(one), ""]
    return "\n".join(lines)


def _figures(measured: Measured) -> Iterable[str]:
    yield "| type | attacks | recall (95 %) | precision | false, account and week | delay, median | delay, 95 % |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, tally in measured.tallies.items():
        one = tally.figures()
        delays = [f"{delay:.0f} min" if delay is not None else "" for delay in (one.delay_median, one.delay_95)]
        recall = f"{one.recall:.3f} ({one.recall_from:.2f}–{one.recall_to:.2f})"
        cells = (str(one.attacks), recall, f"{one.precision:.3f}", f"{one.false_a_week:.2f}", *delays)
        yield f"| `{name}` | {' | '.join(cells)} |"


def _peers(measured: Measured) -> Iterable[str]:
    yield "| type | peer | its recall | its precision | its false alarms | Trailkeep's precision at its recall |"
    yield "|---|---|---:|---:|---:|---:|"
    for name, peers in measured.peers.items():
        for peer, tally in peers:
            one = figures_of(peer, tally)
            ours = measured.tallies[name].at_recall(one.recall)
            reached = f"{ours.precision:.3f}" if ours else "not reached"
            cells = (peer.name, f"{one.recall:.3f}", f"{one.precision:.3f}", f"{one.false_a_week:.1f}", reached)
            yield f"| `{name}` | {' | '.join(cells)} |"


def _causes(measured: Measured) -> Iterable[str]:
    yield "| type | false alarms were of | found, of attacks |"
    yield "|---|---|---|"
    for name, tally in measured.tallies.items():
        causes = ", ".join(f"{cause} {count}" for cause, count in tally.causes().most_common())
        variants = ", ".join(f"{kind} {found}/{total}" for kind, (found, total) in tally.variants().items())
        yield f"| `{name}` | {causes or 'none'} | {variants} |"
