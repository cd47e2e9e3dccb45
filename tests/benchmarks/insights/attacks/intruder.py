"""Intruders: as whom they call, from where, with what tools, and what they ask for.

Shares, after what is told of real intrusions: of those from elsewhere, 15 in 100 imitate the victim's user agent, as
one does with a hijacked session; on the victim's own machine it is 35. The others bring tools, some of which the victim
uses too. 10 in 100 call only what the victim calls, 20 mix it with their own, 70 look around as intruders do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.benchmarks.insights.accounts.book import Caller, Operation
from tests.benchmarks.insights.attacks.attack import Added, Ground, Profile

OWN_AGENT, OWN_AGENT_AT_HOME = 0.15, 0.35
OWN_OPERATIONS, MIXED_OPERATIONS = 0.1, 0.2
_TOOLS = ("cli",) * 6 + ("python",) * 5 + ("attack tool",) * 3 + ("go",) * 2 + ("requests",) * 2
_RARE_TOOLS = ("curl", "browser of buckets", "scanner of secrets")


@dataclass(frozen=True, slots=True)
class Intruder:
    """Someone with credentials: the calls that are made, and the share of those that are denied."""

    caller: Caller
    operations: Sequence[Operation]
    denied: float
    habit: str

    def calls(self, random: Random, minutes: Sequence[int], code: str) -> list[Added]:
        """Calls at these minutes, each of one of the operations."""
        return [
            (minute, self.caller, operation, 1, code if random.random() < self.denied else None)
            for minute, operation in zip(minutes, random.choices(self.operations, k=len(minutes)), strict=True)
        ]


def intruder(
    ground: Ground,
    profile: Profile | None,
    random: Random,
    address: str | None,
    key: str | None = None,
    may_imitate: bool = True,
) -> Intruder:
    """One who holds a victim's credentials, or, without a profile, those of a user that nobody knew of.

    ``address`` is None for one who works from the victim's own machine. ``key`` chooses among the victim's keys. One
    who may not imitate has a tool that the victim never uses.
    """
    cloud, setting = ground.setting.cloud, ground.setting
    tool = random.choice(_RARE_TOOLS if random.random() < 0.12 else _TOOLS)
    agent = cloud.agent(tool, random.randrange(5, 60))
    around = _around(ground, random)
    if profile is None:
        name = random.choice(("svc-backup", "support", "test", "devops", "admin2", "monitoring")) + str(
            random.randrange(99)
        )
        caller = Caller(
            f"user/{name}",
            setting.principal(random),
            "address",
            address,
            setting.key(random),
            agent,
            setting.regions[0],
        )
        return Intruder(caller, around, random.choice((0.0, 0.05, 0.3)), "own agent; own operations")
    callers = [caller for caller in profile.callers if key is None or caller.key == key]
    base = random.choices(callers, [profile.callers[caller] for caller in callers])[0]
    imitates = random.random() < (OWN_AGENT_AT_HOME if address is None else OWN_AGENT) and may_imitate
    is_browser = (base.agent or "").find("Mozilla") >= 0
    if is_browser and not imitates and random.random() < 0.5:
        agent = cloud.console_agents[-1].replace("{v}", str(random.randrange(118, 180)))
    elif is_browser and not imitates and base.identity.startswith("role/") and ":" in (base.principal or ""):
        agent = cloud.agent("cli", random.randrange(5, 60))
    if not may_imitate and _product(agent) in {_product(caller.agent) for caller in profile.callers}:
        agent = cloud.agent("attack tool", random.randrange(5, 60))
    caller = base._replace(address=address or base.address, agent=base.agent if imitates else agent)
    own = list(profile.operations.elements()) if sum(profile.operations.values()) < 5000 else list(profile.operations)
    chance = random.random()
    if chance < OWN_OPERATIONS:
        operations, habit = own, "the victim's operations"
    elif chance < OWN_OPERATIONS + MIXED_OPERATIONS:
        operations, habit = [*random.choices(own, k=len(around)), *around], "mixed operations"
    else:
        operations, habit = around, "own operations"
    denied = random.choice((0.0, 0.02, 0.1, 0.3))
    return Intruder(caller, operations, denied, f"{'the victim’s agent' if imitates else 'own agent'}; {habit}")


def _product(agent: str | None) -> str:
    """What a user agent names first."""
    return (agent or "").partition("/")[0]


def _around(ground: Ground, random: Random) -> list[Operation]:
    """What an intruder looks at: who it is, then some services, many operations of each."""
    table = ground.setting.cloud.reconnaissance
    services = random.sample(list(table), random.choice((1, 2, 3, 4)))
    found = [ground.setting.cloud.identity]
    for service in services:
        found += random.sample(table[service], min(len(table[service]), random.randrange(2, 9)))
    return found
