"""Who calls what in the generated events: services, users, AccessKeys and addresses, skewed as real accounts are.

A few services and users make most of the calls, most AccessKeys belong to programs that never rest, and some are
nearly forgotten: those are what an investigation asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from random import Random

SEED = 11
USERS = 200
KEYS = 400
ADDRESSES = 2_000
RARE_KEYS = 59
SLOTS = 1 << 16
"""The table that an event's caller and call are drawn from: 16 random bits choose one."""

_READS = ("Describe", "List", "Get", "Query")
_WRITES = ("Create", "Delete", "Modify", "Update", "Attach", "Start", "Stop")
# Name, noun of its resources, share of all calls in 1/10,000. The last one is called some ten times a day.
_SERVICES = (
    ("Ecs", "Instance", 3100),
    ("Oss", "Bucket", 1500),
    ("Rds", "DBInstance", 1050),
    ("Slb", "LoadBalancer", 800),
    ("Ram", "User", 650),
    ("Vpc", "Vpc", 520),
    ("Sts", "Role", 430),
    ("Kms", "Key", 360),
    ("Sls", "Project", 300),
    ("Cms", "Alarm", 250),
    ("Ack", "Cluster", 210),
    ("Redis", "Instance", 170),
    ("Dns", "Domain", 140),
    ("Cdn", "Domain", 115),
    ("Fc", "Function", 95),
    ("Ess", "ScalingGroup", 78),
    ("Nas", "FileSystem", 63),
    ("Mns", "Queue", 51),
    ("Cas", "Certificate", 40),
    ("Waf", "Instance", 30),
    ("RealtimeCompute", "Deployment", 20),
    ("ServiceMesh", "ServiceMesh", 13),
    ("MobilePaaS", "App", 8),
    ("Actiontrail", "Trail", 5),
    ("Cloudsso", "Directory", 2),
)
COMMON_SERVICE = _SERVICES[0][0]
RARE_SERVICE = "Mns"
RAREST_SERVICE = _SERVICES[-1][0]


@dataclass(frozen=True, slots=True)
class User:
    """A caller: its AccessKeys (none for one who uses the console) and the addresses it calls from."""

    name: str
    kind: str
    principal_id: str
    agent: str
    keys: tuple[str, ...]
    addresses: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A service and its operations, each with whether it reads."""

    name: str
    noun: str
    share: int
    operations: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One entry of the table: who calls which operation, with which AccessKey if any."""

    user: User
    service: Service
    operation: str
    reads: bool
    key: str | None


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody and everything in the events, and the table to draw calls from."""

    slots: tuple[Slot, ...]
    rare: tuple[Slot, ...]
    very_rare: Slot

    @property
    def rare_key(self) -> str:
        """An AccessKey of 100 to 150 events in 90 days."""
        return str(self.rare[len(self.rare) // 2].key)


def make_cast(seed: int = SEED) -> Cast:
    """The same seed gives the same cast."""
    random = Random(f"cast {seed}")
    services = [_service(random, *row) for row in _SERVICES]
    keys = [f"LTAI5t{_letters(random, 18)}" for _ in range(KEYS)]
    busy, rare = keys[: -RARE_KEYS - 1], keys[-RARE_KEYS - 1 :]
    users = [_user(random, number, busy) for number in range(USERS)]
    callers = {service.name: _callers(random, service, users) for service in services}
    shares = [service.share for service in services]
    slots = []
    for service in random.choices(services, shares, k=SLOTS):
        members, weights = callers[service.name]
        slots.append(_slot(random, random.choices(members, cum_weights=weights)[0], service))
    forgotten = [_slot(random, random.choice(users), random.choice(services[:8]), key) for key in rare]
    return Cast(tuple(slots), tuple(forgotten[:-1]), forgotten[-1])


def _service(random: Random, name: str, noun: str, share: int) -> Service:
    verbs = [(verb, True) for verb in _READS] + [(verb, False) for verb in random.sample(_WRITES, 4)]
    return Service(name, noun, share, tuple((verb + noun + suffix, r) for verb, r in verbs for suffix in ("", "s")))


def _user(random: Random, number: int, busy: list[str]) -> User:
    kind = "assumed-role" if number % 5 == 4 else "ram-user"
    digits = "".join(random.choices("0123456789", k=18))
    name = f"{_letters(random, 6).lower()}.{_letters(random, 4).lower()}{number}"
    if kind == "assumed-role":
        name, digits = f"role-{number}:{name}", f"{digits}:{name}"
    # A fifth of the users have no keys; the others share them out, and some hold many.
    keys = tuple(busy[number::USERS] if number % 5 else ())
    if number % 5 == 1:
        keys += tuple(busy[number - 1 :: USERS])
    addresses = tuple(_address(random.randrange(ADDRESSES)) for _ in range(random.choice((2, 6, 12, 24, 40))))
    agent = random.choice(_AGENTS)
    return User(name, kind, digits, agent, keys, addresses)


def _callers(random: Random, service: Service, users: list[User]) -> tuple[list[User], list[float]]:
    """The users of a service, fewer for a rare one, with cumulative weights after Zipf."""
    members = random.sample(users, max(3, min(USERS, service.share // 4)))
    if service.share > 500:
        members = users
    return members, list(accumulate(1 / (users.index(member) + 3) for member in members))


def _slot(random: Random, user: User, service: Service, key: str | None = None) -> Slot:
    reading = random.random() < 0.7
    operation, reads = random.choice([row for row in service.operations if row[1] == reading])
    if key is None and user.keys:
        ranks = [1 / (rank + 1) for rank in range(len(user.keys))]
        key = random.choices(user.keys, ranks)[0]
    return Slot(user, service, operation, reads, key)


def _address(number: int) -> bytes:
    """One of the addresses: some in clusters of one network, as offices and clouds have them."""
    network, host = divmod(number, 25)
    return b"%d.%d.%d.%d" % (47 + network % 5, 96 + network % 23, (network * 37) % 256, 7 + host * 9)


def _letters(random: Random, count: int) -> str:
    return "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=count))


_AGENTS = (
    "AlibabaCloud (Linux; amd64) Java/1.8.0_392-b08 Core/4.6.4 HTTPClient/ApacheHttpClient",
    "AlibabaCloud (linux; amd64) Python/3.11.8 Core/2.15.1 python-requests/2.31.0",
    "Go-http-client/1.1 aliyun-sdk-go/3.0.2 Terraform/1.9.5 Provider/1.232.0",
    "ecs.console.aliyun.com Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0",
    "Aliyun-CLI/3.0.207 (linux amd64)",
)
