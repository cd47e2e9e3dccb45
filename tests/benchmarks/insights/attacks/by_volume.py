"""Attacks that volume shows: addresses, keys, call rates and error rates."""

from __future__ import annotations

from random import Random
from statistics import median

from tests.benchmarks.insights.accounts.staff import is_person
from tests.benchmarks.insights.attacks.attack import Added, Attack, Ground
from tests.benchmarks.insights.attacks.intruder import intruder
from tests.benchmarks.insights.attacks.volumes import among, rising, size, spread_over

_BUSY = 200
"""Calls in an attack's time with which a service is busy: a fifth of them failing is what the attack adds."""

Planted = tuple[Attack, list[Added]]

_ADDRESS = {"low": 15, "medium": 40, "high": 150}
_KEY = {"low": (3, 60), "medium": (5, 100), "high": (15, 300)}
_CALLS = {"low": (3, 150), "medium": (5, 300), "high": (15, 1000)}
_ERRORS = {"low": (0.08, 20), "medium": (0.2, 50), "high": (0.5, 200)}
"""By strength: calls; times the usual and at least; the error rate that is reached and errors at least."""


def address(ground: Ground, start: int, strength: str, random: Random) -> Planted:
    """Calls from a network never seen: with a person's or a program's credentials, or as a new identity."""
    profiles = ground.profiles(start // 1440)
    kinds = {
        "stolen from a person": [name for name in profiles if is_person(name)],
        "stolen from a program": [name for name in profiles if not is_person(name)],
    }
    variant = random.choice(("stolen from a person", "stolen from a person", "stolen from a program", "new identity"))
    profile = profiles[random.choice(kinds[variant])] if kinds.get(variant) else None
    one = intruder(ground, profile, random, ground.network(random))
    minutes = spread_over(random, start, 90, _ADDRESS[strength], in_bursts=random.random() < 0.5)
    added = one.calls(random, minutes, ground.setting.cloud.denied)
    objects = frozenset({one.caller.address or ""})
    return _attack("IpInsight", f"{variant}; {one.habit}", strength, objects, added), added


def key(ground: Ground, start: int, strength: str, random: Random) -> Planted:
    """A key that calls many times as often as at the same time of other days; by its thief, or on its own machine."""
    times, least = _KEY[strength]
    length = random.randrange(15, 61)
    profiles = ground.profiles(start // 1440)
    choices = [(name, key) for name, profile in profiles.items() for key in profile.keys]
    while True:
        name, stolen = random.choice(choices)
        usual = median(ground.earlier(start, start + 60, "key", stolen))
        if usual < 3000:
            break
    away = random.random() < 0.6
    one = intruder(ground, profiles[name], random, ground.network(random) if away else None, stolen)
    reached = round(max(least, times * usual))
    calls = reached - round(min(usual, ground.amount(start, start + 60, "key", stolen)))
    added = one.calls(random, spread_over(random, start, length, calls), ground.setting.cloud.denied)
    bursts = ground.bursts(start // 1440, 60, "key", stolen)
    variant = f"{'thief' if away else 'own machine'}; {size(usual)}; {among(bursts, reached)}; {one.habit}"
    return _attack("AkInsight", variant, strength, frozenset({stolen}), added), added


def rate(ground: Ground, start: int, strength: str, random: Random) -> Planted:
    """An event or a service that is called many times as often: in a burst of 40 minutes, or rising for hours."""
    times, least = _CALLS[strength]
    cloud, profiles = ground.setting.cloud, ground.profiles(start // 1440)
    one = intruder(
        ground,
        profiles[random.choice(list(profiles))],
        random,
        ground.network(random) if random.random() < 0.5 else None,
    )
    is_slow = random.random() < 0.35
    peak = start + (random.randrange(150, 330) if is_slow else 0)
    while True:
        service = random.choice(list(cloud.reconnaissance))
        operations, what = list(cloud.reconnaissance[service]), "service"
        if random.random() < 0.5:
            operations, what = [random.choice(operations)], "operation"
        value = service if what == "service" else operations[0]
        usual = median(ground.earlier(peak, peak + 40, what, value))
        if usual < 3000:
            break
    reached = round(max(least, times * usual))
    calls = reached - round(min(usual, ground.amount(peak, peak + 40, what, value)))
    minutes = spread_over(random, peak, 40, calls)
    if is_slow:
        minutes += rising(random, start, peak, calls / 40)
    choices = random.choices(operations, k=len(minutes))
    denied = random.choice((0.0, 0.0, 0.03))
    added = [
        (minute, one.caller, operation, 1, cloud.denied if random.random() < denied else None)
        for minute, operation in zip(sorted(minutes), choices, strict=True)
    ]
    objects = frozenset({service, *(event for _, event in operations)})
    bursts = ground.bursts(start // 1440, 40, what, value)
    variant = f"{'slow rise' if is_slow else 'burst'}; of one {what}; {size(usual)}; {among(bursts, reached)}"
    return _attack("ApiCallRateInsight", variant, strength, objects, added), added


def errors(ground: Ground, start: int, strength: str, random: Random) -> Planted:
    """Calls that fail: of a service that is much used, of which a fifth fails then, or of one that is not."""
    share, least = _ERRORS[strength]
    cloud, profiles = ground.setting.cloud, ground.profiles(start // 1440)
    length = random.randrange(20, 61)
    amounts: dict[str, list[int]] = {}
    for fact in ground.between(start, start + length):
        amount = amounts.setdefault(fact.service or "", [0, 0])
        amount[0] += fact.calls
        amount[1] += fact.calls if fact.error else 0
    services = [name for name in cloud.reconnaissance if amounts.get(name, [0, 0])[0] < 5000]
    busy = [name for name in services if amounts.get(name, [0, 0])[0] >= _BUSY]
    service = random.choice(busy if busy and random.random() < 0.6 else services)
    total, failed = amounts.get(service, [0, 0])
    failing = random.uniform(0.75, 1.0)
    count = max(least, round((share * total - failed) / (1 - share / failing)))
    profile = None if random.random() < 0.2 else profiles[random.choice(list(profiles))]
    away = profile is None or random.random() < 0.6
    one = intruder(ground, profile, random, ground.network(random) if away else None)
    operations = cloud.reconnaissance[service]
    if random.random() < 0.3:
        operations = [random.choice(operations)]
    codes = [cloud.denied] if random.random() < 0.8 else [cloud.denied, *cloud.faults[:2]]
    minutes = spread_over(random, start, length, round(count / failing))
    fails = set(random.sample(range(len(minutes)), count))
    added = [
        (minute, one.caller, random.choice(operations), 1, random.choice(codes) if number in fails else None)
        for number, minute in enumerate(minutes)
    ]
    objects = frozenset({service, *codes, *(event for _, event in operations)})
    variant = f"{'busy service' if total >= _BUSY else 'quiet service'}; {'thief' if away else 'own machine'}"
    return _attack("ApiErrorRateInsight", variant, strength, objects, added), added


def _attack(insight_type: str, variant: str, strength: str, objects: frozenset[str], added: list[Added]) -> Attack:
    start, end = added[0][0], added[-1][0] + 1
    return Attack(insight_type, variant, strength, added[0][1].identity, objects, start, end, len(added))
