"""What was measured, told on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.insights.figures import Tally
from tests.benchmarks.insights.measuring import Measured, figures_of
from tests.benchmarks.insights.stepping import Steadiness

_CONSOLE = Console(width=170, highlight=False)
_COLUMNS = (
    "type", "attacks", "found", "recall", "(95 %)", "precision", "false", "/account·week", "absorbed", "repeats",
    "aside", "delay p50", "p95", "ms a day",
)  # fmt: skip


def tell(measured: Measured, listed: int = 0) -> None:
    """Tables: how good, beside the peers; then by type why false, which variants, and the curve of the score."""
    days = measured.effort.scenes
    table = Table(title=f"Insights: attacks of {measured.strength} strength, {days} days of accounts")
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "type" else "right")
    for name, tally in measured.tallies.items():
        one = tally.figures()
        table.add_row(
            name,
            str(one.attacks),
            str(one.found),
            f"{one.recall:.3f}",
            f"{one.recall_from:.2f}–{one.recall_to:.2f}",
            f"{one.precision:.3f}",
            str(one.false),
            f"{one.false_a_week:.2f}",
            str(one.absorbed),
            str(one.repeats),
            str(tally.aside),
            _minutes(one.delay_median),
            _minutes(one.delay_95),
            f"{1000 * measured.effort.seconds.get(name, 0.0) / max(1, days):.0f}",
        )
    _CONSOLE.print(table)
    _tell_peers(measured)
    for tally in measured.tallies.values():
        _tell_type(tally, listed)
    often = ", ".join(f"{kind} {count:.2f}" for kind, count in measured.happenings.items())
    _CONSOLE.print(f"happened, an account and week: {often}")


def tell_strengths(measured: Sequence[Measured]) -> None:
    """How recall and precision go with the strength of attacks."""
    if len(measured) < 2:
        return
    table = Table(title="Recall / precision by strength")
    for column in ("type", *(one.strength for one in measured)):
        table.add_column(column, justify="left" if column == "type" else "right")
    for name in measured[0].tallies:
        figures = [one.tallies[name].figures() for one in measured]
        table.add_row(name, *(f"{one.recall:.3f} / {one.precision:.3f}" for one in figures))
    _CONSOLE.print(table)


def tell_steadiness(steadiness: Steadiness, types: Sequence[str]) -> None:
    """What was told while days went on, and not any more in the end."""
    table = Table(title=f"Told early, {steadiness.looks} looks")
    for column in ("type", "told at some time", "not in the end", "begins elsewhere in the end"):
        table.add_column(column, justify="left" if column == "type" else "right")
    for name in types:
        counts = (steadiness.told[name], steadiness.withdrawn[name], steadiness.moved[name])
        table.add_row(name, *map(str, counts))
    _CONSOLE.print(table)


def _tell_peers(measured: Measured) -> None:
    table = Table(title="Peers")
    for column in (
        "type",
        "peer",
        "threshold",
        "recall",
        "precision",
        "false/account·week",
        "ours at its recall",
        "its at ours",
    ):
        table.add_column(column, justify="left" if column in ("type", "peer") else "right")
    for name, peers in measured.peers.items():
        own = measured.tallies[name]
        for peer, tally in peers:
            one = figures_of(peer, tally)
            ours, theirs = own.at_recall(one.recall), tally.at_recall(own.figures().recall)
            table.add_row(
                name,
                peer.name,
                f"{one.threshold:.3g}" if one.threshold is not None else "",
                f"{one.recall:.3f}",
                f"{one.precision:.3f}",
                f"{one.false_a_week:.1f}",
                f"{ours.precision:.3f}" if ours else "not reached",
                f"{theirs.precision:.3f}" if theirs else "not reached",
            )
    if table.row_count:
        _CONSOLE.print(table)


def _tell_type(tally: Tally, listed: int) -> None:
    causes = ", ".join(f"{cause} {count}" for cause, count in tally.causes().most_common(15))
    variants = ", ".join(f"{name} {found}/{total}" for name, (found, total) in tally.variants().items())
    curve = "  ".join(f"{each.threshold:.3g}: {each.recall:.2f}/{each.precision:.2f}" for each in tally.curve())
    _CONSOLE.print(f"[bold]{tally.insight_type}[/bold]")
    _CONSOLE.print(f"  false alarms of: {causes or '–'}")
    _CONSOLE.print(f"  found of: {variants}")
    _CONSOLE.print(f"  score: recall/precision  {curve or '–'}")
    for account, attack in tally.missed()[:listed]:
        _CONSOLE.print(f"  missed in {account}: {attack}")
    for account, one in tally.false[:listed]:
        _CONSOLE.print(f"  false in {account}: {one}")


def _minutes(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} min"
