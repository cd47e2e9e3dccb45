"""Questions asked of the lake and of its peers through the proxy, side by side, and the rows that follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tests.benchmarks import peer, reader
from tests.benchmarks.catalogue import questions_for, searches_for
from tests.benchmarks.lake import Built, standing
from tests.benchmarks.options import Options
from tests.benchmarks.outcome import BEST, DELAY, OWN, REFERENCE, TRAILKEEP, lake_rows, longer, rows_of
from tests.benchmarks.proxy import Proxy
from tests.benchmarks.questions import Answer, Question, Source
from tests.benchmarks.rows import Measurement, Row
from tests.benchmarks.sizes import size_rows
from tests.benchmarks.traffic import Traffic


def measure(options: Options) -> tuple[list[Row], list[Measurement]]:
    """Every lake of a run, one after another."""
    rows: list[Row] = []
    found: list[Measurement] = []
    for plan in (options.main, options.long, options.regions):
        if plan is None:
            continue
        is_main = plan is options.main
        with standing(plan, options.folder) as built:
            questions = questions_for(built.plan, built.facts)
            measured = _ask_all(built, options, questions, peers=tuple(peer.READERS) if is_main else (REFERENCE,))
            rows += rows_of(built, measured)
            if is_main:
                rows += size_rows("in the lake", built.sizes["lake"] / plan.events, plan.events, budgets=True)
            if plan is not options.regions:
                rows += lake_rows(built)
            found += measured
    return [*rows, *longer(options, found)], found


def measure_searches(options: Options) -> tuple[list[Row], list[Measurement]]:
    """What reads all events of the main lake."""
    with standing(options.main, options.folder) as built:
        found = _ask_all(built, options, searches_for(built.plan), peers=(REFERENCE,))
        return rows_of(built, found), found


def _ask_all(built: Built, options: Options, questions: Sequence[Question], peers: Sequence[str]) -> list[Measurement]:
    found = []
    is_main = built.plan is options.main
    best = BEST if built.plan.is_copied else OWN
    with Proxy(built.environment) as proxy:
        ours, theirs = (Source(source.bucket, proxy.environment) for source in (built.ours(), built.peers()))
        for question in questions:
            runs = options.runs + 2 * (options.runs > 1)
            asked: list[tuple[str, str, Callable[[], Answer], int]] = [
                (TRAILKEEP, OWN, partial(reader.ask, ours, question), runs)
            ]
            for name in peers:
                runs = options.runs if is_main else 1
                asked.append((name, best, partial(peer.ask, name, theirs, question), runs))
                if is_main and not (options.is_quick and name != REFERENCE):
                    asked.append((name, OWN, partial(peer.ask, name, ours, question), 1))
            answered = []
            for engine, files, ask, runs in asked:
                answered.append((engine, files, *_median(proxy, ask, runs)))
                if options.is_traced and engine == TRAILKEEP:
                    print("\n".join(proxy.trace()), flush=True)
            found += _compared(built.plan.name, question, answered)
            for one in found[-len(answered) :]:
                print(_line(one), flush=True)
    return found


Outcome = tuple[Answer | str, Traffic]


def _median(proxy: Proxy, ask: Callable[[], Answer], runs: int) -> Outcome:
    """The run in the middle by time; the first failure, if there is one."""
    done: list[tuple[Answer, Traffic]] = []
    for _ in range(runs):
        proxy.reset(DELAY)
        try:
            answer = ask()
        except (peer.PeerFailed, reader.CannotAnswer) as error:
            return str(error).strip().rpartition("\n")[2], proxy.traffic()
        done.append((answer, proxy.traffic()))
    done.sort(key=lambda run: run[0].seconds)
    return done[len(done) // 2]


def _compared(
    lake: str, question: Question, answered: Sequence[tuple[str, str, Answer | str, Traffic]]
) -> list[Measurement]:
    """Each with whether it is what DuckDB finds in its own copy of the events."""
    expected = next(a for engine, _, a, _ in answered if engine == REFERENCE)
    if isinstance(expected, str):
        raise RuntimeError(f"DuckDB failed to answer {question.name}: {expected}")
    found = []
    for engine, files, answer, traffic in answered:
        shared = (lake, question.name, engine, files)
        counted = (traffic.requests, traffic.rounds, traffic.received, traffic.dollars)
        if isinstance(answer, str):
            found.append(Measurement(*shared, 0.0, *counted, 0, False, failure=answer))
        else:
            agrees = (answer.count, answer.digest) == (expected.count, expected.digest)
            found.append(Measurement(*shared, answer.seconds, *counted, answer.count, agrees, answer.peak_bytes))
    return found


def _line(one: Measurement) -> str:
    """A measurement as it is told while the others are under way."""
    told = one.failure or (
        f"{one.seconds * 1000:8,.0f} ms {one.requests:5} requests {one.rounds:4} rounds {one.received / 1e6:8.2f} MB"
        f" {'' if one.agrees else ' ANOTHER ANSWER'}"
    )
    return f"{one.lake:8} {one.question:40} {one.engine:16} {one.files:12} {told}"
