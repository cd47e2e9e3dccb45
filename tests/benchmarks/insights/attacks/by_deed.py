"""Attacks that a few calls show: permissions, passwords and hidden tracks. Strength is how many calls there are."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.benchmarks.insights.accounts.book import Operation
from tests.benchmarks.insights.accounts.staff import is_person
from tests.benchmarks.insights.attacks.attack import Added, Attack, Ground, Profile
from tests.benchmarks.insights.attacks.intruder import Intruder, intruder

_DEEDS = {"low": (1, 1), "medium": (1, 3), "high": (4, 8)}


def policy(ground: Ground, start: int, strength: str, random: Random) -> tuple[Attack, list[Added]]:
    """Permissions are changed by one who never does: a program, a developer, someone new, or an admin's thief."""
    changes = set(ground.setting.cloud.policy)
    variant = random.choice(
        ("by a program", "by a person", "by a new identity", "as an admin, from an unknown network")
    )
    profiles = ground.profiles(start // 1440, weeks=4)
    if variant.startswith("as an admin"):
        choices = [p for name, p in profiles.items() if changes & p.operations.keys() and is_person(name)]
    else:
        choices = _innocent(ground, profiles, changes, of_people=variant == "by a person")
    profile = random.choice(choices) if choices and variant != "by a new identity" else None
    away = profile is None or variant.startswith("as an admin") or random.random() < 0.6
    may_imitate = not variant.startswith("as an admin")  # nothing would be left that is not the admin's daily work
    one = intruder(ground, profile, random, ground.network(random) if away else None, may_imitate=may_imitate)
    if profile is None:
        variant = "by a new identity"
    return _planted(
        ground, "PolicyChangeInsight", variant, strength, one, list(ground.setting.cloud.policy[:7]), start, random
    )


def password(ground: Ground, start: int, strength: str, random: Random) -> tuple[Attack, list[Added]]:
    """Others' passwords are changed by one who never does."""
    changes = set(ground.setting.cloud.passwords)
    profiles = ground.profiles(start // 1440, weeks=4)
    variant = random.choice(("by a program", "by a person", "by a new identity"))
    choices = _innocent(ground, profiles, changes, of_people=variant == "by a person")
    profile = random.choice(choices) if choices and variant != "by a new identity" else None
    away = profile is None or random.random() < 0.6
    one = intruder(ground, profile, random, ground.network(random) if away else None)
    operations = random.choice(
        (ground.setting.cloud.passwords[:1], ground.setting.cloud.passwords[:2], ground.setting.cloud.passwords)
    )
    return _planted(ground, "PasswordChangeInsight", variant, strength, one, operations, start, random)


def concealment(ground: Ground, start: int, strength: str, random: Random) -> tuple[Attack, list[Added]]:
    """Trails, logs or what watches them are stopped, changed or deleted; or someone tries to."""
    ways = ground.setting.cloud.concealment
    way = random.choice(list(ways))
    profiles = ground.profiles(start // 1440, weeks=4)
    choices = _innocent(ground, profiles, set(ways[way]), of_people=random.random() < 0.6)
    profile = random.choice(choices) if choices and random.random() < 0.75 else None
    away = profile is None or random.random() < 0.6
    one = intruder(ground, profile, random, ground.network(random) if away else None)
    variant = f"{way}, {'by a new identity' if profile is None else 'by one who never does'}"
    return _planted(ground, "TrailConcealmentInsight", variant, strength, one, ways[way], start, random)


def _innocent(ground: Ground, profiles: dict[str, Profile], changes: set[Operation], of_people: bool) -> list[Profile]:
    """Those who did none of these in four weeks."""
    return [
        profile
        for name, profile in profiles.items()
        if not changes & profile.operations.keys() and is_person(name) == of_people
    ]


def _planted(
    ground: Ground,
    insight_type: str,
    variant: str,
    strength: str,
    one: Intruder,
    operations: Sequence[Operation],
    start: int,
    random: Random,
) -> tuple[Attack, list[Added]]:
    """The deeds, among some calls of looking around before and after them."""
    fails = random.random() < 0.15
    minute, deeds = start, []
    for _ in range(random.randint(*_DEEDS[strength])):
        error = ground.setting.cloud.denied if fails else None
        deeds.append((minute, one.caller, random.choice(operations), 1, error))
        minute += random.choice((0, 0, 1, 2, 5))
    around = random.choice((0, 2, 5, 12))
    minutes = sorted(random.randrange(start - 20, minute + 20) for _ in range(around))
    added = one.calls(random, minutes, ground.setting.cloud.denied)
    end = deeds[-1][0] + 1
    objects = frozenset({service for service, _ in operations} | {event for _, event in operations})
    variant = f"{variant}{'; denied' if fails else ''}; {one.habit}"
    attack = Attack(insight_type, variant, strength, one.caller.identity, objects, start, end, len(deeds))
    return attack, sorted([*added, *deeds], key=lambda row: row[0])
