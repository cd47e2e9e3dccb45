"""Measurements of questions → rows: beside the peers, beside the budgets, and of a longer lake beside a shorter one."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.catalogue import BUDGETS, BY_FIELD, SEARCHES
from tests.benchmarks.lake import Built
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Measurement, Row, at_most, unmeasured

DELAY = 0.020
"""Seconds that each request waits in the proxy."""

SLACK = 60.0
"""Milliseconds that an answer may take beyond its rounds."""

TRAILKEEP, REFERENCE = "Trailkeep", "DuckDB"
OWN, BEST = "Trailkeep's", "its best"
"""Which files an engine reads: the lake as it is, or the same events in the layout that suits the engine."""


def rows_of(built: Built, found: Sequence[Measurement]) -> list[Row]:
    """Requests, rounds, bytes, time and cost of each question, and whether all answers agree."""
    days = f"{built.plan.days} days"
    where = f"{built.plan.name} lake, {days}"
    rows: list[Row] = []
    ours = [one for one in found if one.engine == TRAILKEEP]
    for one in ours:
        name = f"{one.question}, {days}"
        budget = BUDGETS.get(one.question)
        if one.failure:
            rows.append(unmeasured(f"{name}: requests", "requests", f"≤ {budget.requests}" if budget else ""))
            continue
        is_search = one.question.startswith(SEARCHES)
        # A search reads everything: what it is held against is how long that takes, and of the same files.
        files = BEST if built.plan.is_copied and not is_search else OWN
        most = 1.0 if BY_FIELD in one.question else 0.1 if budget else None
        best = [
            each
            for each in found
            if each.question == one.question and each.agrees and each.files == files and each is not one
        ]
        duckdb = next(each for each in best if each.engine == REFERENCE)
        fastest = min(best, key=lambda each: each.seconds)
        bound = one.rounds * DELAY * 1000 + SLACK if budget else None
        requests, rounds = (budget.requests, budget.rounds) if budget else (None, None)
        counts = (
            ("requests", one.requests, requests, duckdb.requests),
            ("rounds", one.rounds, rounds, duckdb.rounds),
            ("KB", one.received / 1e3, None, duckdb.received / 1e3),
            ("USD a million", one.dollars * 1e6, None, duckdb.dollars * 1e6),
        )
        rows += [at_most(f"{name}: {u}", v, u, limit, peer=REFERENCE, peer_value=p) for u, v, limit, p in counts]
        rows.append(
            at_most(
                f"{name}: time",
                one.seconds * 1000,
                "ms",
                bound,
                peer=fastest.engine,
                peer_value=fastest.seconds * 1000,
                ratio_limit=most,
            )
        )
    answered = [one for one in ours if not one.failure]
    agreeing = sum(one.agrees for one in answered)
    kind = "search" if all(one.question.startswith(SEARCHES) for one in answered) else "lookup"
    rows.append(Row(f"{kind}, most memory, {where}", max((one.peak for one in answered), default=0) / 1e6, "MB"))
    name = f"answers equal to DuckDB's, {'searches, ' if kind == 'search' else ''}{where}"
    rows.append(Row(name, agreeing, "answers", budget=f"all {len(answered)}", met=agreeing == len(answered)))
    return rows


def longer(options: Options, found: Sequence[Measurement]) -> list[Row]:
    """What the same questions take on a longer lake."""
    if options.long is None:
        return []
    rows = []
    by_lake = {(one.lake, one.question): one for one in found if one.engine == TRAILKEEP and not one.failure}
    for question in BUDGETS:
        short, long = (by_lake.get((plan.name, question)) for plan in (options.main, options.long))
        if short and long:
            name, peer_name = f"{question}, {options.long.days} days", f"{options.main.days} days"
            pairs = (("requests", long.requests, short.requests), ("ms", long.seconds * 1000, short.seconds * 1000))
            rows += [
                at_most(
                    f"{name} against {peer_name}: {unit}", value, unit, peer=peer_name, peer_value=p, ratio_limit=1.1
                )
                for unit, value, p in pairs
            ]
    return rows


def lake_rows(built: Built) -> list[Row]:
    """What compaction and the index took, and how large the index is."""
    sizes, plan = built.sizes, built.plan
    days = f"{plan.days} days"
    regions = f"{len(plan.regions)} region" + "s" * (len(plan.regions) > 1)
    return [
        Row(f"lake of {days}, {regions}", plan.events, "events"),
        Row(f"lake of {days}, made in", sum(built.seconds.values()), "s"),
        at_most(f"index, share of the data, {days}", 100 * sizes["index"] / sizes["lake"], "%", 15),
        at_most(f"index, memory to build it, {days}", sizes["memory of indexing"] / 1e6, "MB", 1_000),
        Row(f"index, time to build it, {days}", built.seconds["index"] * 1e6 / plan.events, "s/million events"),
        Row(f"compaction, most memory for a day, {days}", sizes["memory of compaction"] / 1e6, "MB"),
    ]
