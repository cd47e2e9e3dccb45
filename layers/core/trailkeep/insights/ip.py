"""IpInsight: calls from an address whose network an account has not been called from before.

A network is new where its first call in the history comes after :data:`LEARNING` of the account's own history: before
that, everything would be new. It becomes an Insight with the first episode of :data:`MINIMUM_CALLS` calls; an episode
ends where :data:`QUIET` passes without a call. After it the network is known, so a new office is unusual once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from trailkeep.insights.history import Call, History
from trailkeep.insights.insight import MINUTE, Attribution, Insight, Moment
from trailkeep.insights.networks import canonical, network_of

INSIGHT_TYPE = "IpInsight"
LEARNING = 24 * 60 * MINUTE
RECENT = timedelta(days=2) // timedelta(microseconds=1)
"""How far back a network's first call is looked at: a run that failed for a day makes up for it."""
MINIMUM_CALLS = 10
QUIET = 60 * MINUTE
_TOP = 5
_EVENTS = 20

_DIMENSIONS: tuple[tuple[str, Callable[[Call], str | None]], ...] = (
    ("userAgent", lambda call: call.user_agent),
    ("principalId", lambda call: call.principal_id),
    ("apiRelated", lambda call: f"{call.service_name}:{call.event_name}"),
    ("errorCode", lambda call: call.error_code),
)


def detect(history: History) -> Iterator[Insight]:
    """Every IpInsight that the history holds and that started recently."""
    by_account: dict[str, list[Call]] = defaultdict(list)
    for call in history.calls:
        by_account[call.account_id].append(call)
    for account, calls in sorted(by_account.items()):
        yield from _detect_in(account, calls, history.now)


def _detect_in(account: str, calls: Sequence[Call], now: int) -> Iterator[Insight]:
    first_seen: dict[str, int] = {}
    for call in calls:
        first_seen.setdefault(network_of(call.address), call.time)
    learnt_at = calls[0].time + LEARNING
    new = {network for network, time in first_seen.items() if time >= max(learnt_at, now - RECENT)}
    by_address: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if network_of(call.address) in new:
            by_address[canonical(call.address)].append(call)
    for address, its_calls in sorted(by_address.items()):
        episode = next((episode for episode in _episodes(its_calls) if len(episode) >= MINIMUM_CALLS), None)
        if episode:
            yield _insight(account, address, episode, calls, now)


def _episodes(calls: Sequence[Call]) -> Iterator[Sequence[Call]]:
    start = 0
    for number in range(1, len(calls)):
        if calls[number].time - calls[number - 1].time > QUIET:
            yield calls[start:number]
            start = number
    yield calls[start:]


def _insight(account: str, address: str, episode: Sequence[Call], calls: Sequence[Call], now: int) -> Insight:
    """The start rests on the calls that made it an Insight, the end on all: neither depends on when a run looks."""
    first, last = episode[0].time, episode[-1].time
    before = [call for call in calls if call.time < first]
    baseline_minutes = (first - calls[0].time) // MINUTE
    is_over = now - last > QUIET
    return Insight(
        insight_type=INSIGHT_TYPE,
        insight_object=address,
        account_id=account,
        region=episode[0].region,
        first_seen=first,
        baseline_rate=0.0,
        baseline_minutes=baseline_minutes,
        start=_moment(first // MINUTE * MINUTE, episode[:MINIMUM_CALLS], before, baseline_minutes),
        end=_moment((last // MINUTE + 1) * MINUTE, episode, before, baseline_minutes) if is_over else None,
    )


def _moment(time: int, calls: Sequence[Call], before: Sequence[Call], baseline_minutes: int) -> Moment:
    minutes = calls[-1].time // MINUTE - calls[0].time // MINUTE + 1
    attributions = []
    for name, value_of in _DIMENSIONS:
        seen = Counter(value for call in calls if (value := value_of(call)) is not None)
        usual = Counter(value for call in before if (value := value_of(call)) is not None)
        attributions.append(Attribution(name, _averages(seen, minutes), _averages(usual, baseline_minutes)))
    events = [call.event_id for call in calls if call.event_id][:_EVENTS]
    return Moment(time, len(calls), minutes, attributions, events)


def _averages(counts: Counter[str], minutes: int) -> list[tuple[str, float]]:
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_TOP]
    return [(value, count / max(1, minutes)) for value, count in top]
