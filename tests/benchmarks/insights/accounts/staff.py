"""The staff of an account: people with jobs, each with habits of its own."""

from __future__ import annotations

from random import Random

from tests.benchmarks.insights.accounts.chance import Liking
from tests.benchmarks.insights.accounts.person import Person
from tests.benchmarks.insights.accounts.setting import Setting

_NAMES = (
    "ada", "ben", "cai", "dana", "eli", "fan", "gus", "han", "ida", "jun", "kim", "liu", "mia",
    "noa", "ole", "pan", "qiu", "rui", "sam", "tao", "uma", "val", "wei", "xin", "yan", "zoe",
)  # fmt: skip
_ROLES = {
    "developer": "Developer",
    "data": "DataEngineer",
    "operator": "Operations",
    "admin": "Administrator",
    "finance": "Billing",
    "auditor": "SecurityAudit",
    "helpdesk": "Helpdesk",
}
_TOOLS = {
    "developer": ("cli", "ide", "python", "browser of buckets"),
    "data": ("python", "cli"),
    "admin": ("cli", "terraform"),
}


def is_person(identity: str) -> bool:
    """Whether an identity is one that people have: a user with a person's name, or a role that people share."""
    kind, _, name = identity.partition("/")
    return "." in name if kind == "user" else name in _ROLES.values()


def jobs_of(number: int) -> list[str]:
    """The jobs of a number of people, the indispensable ones first."""
    usual = ["admin", "admin", "helpdesk", "finance", "auditor", "operator", "operator", "data", "data"]
    rest = ["developer", "developer", "developer", "operator", "data", "developer", "developer", "admin"]
    return (usual + rest * 10)[:number]


def person(setting: Setting, job: str, number: int, random: Random) -> Person:
    """Someone with a job. Where people share roles, the principal tells them apart."""
    cloud = setting.cloud
    name = f"{_NAMES[number % len(_NAMES)]}.{chr(97 + random.randrange(26))}{number}"
    if setting.has_users:
        identity, principal = f"user/{name}", setting.principal(random)
        has_key = job not in ("finance", "helpdesk", "auditor") and random.random() < 0.8
        key = setting.key(random) if has_key else None
    else:
        identity, key = f"role/{_ROLES[job]}", None
        principal = f"{setting.principal(Random(f'{setting.account} {job}'))}:{name}"
    by_shift = job == "operator" and number > 4 and random.random() < 0.5
    has_tools = key is not None or not setting.has_users
    everything = [operation for each in cloud.reads.values() for operation in each]
    return Person(
        setting=setting,
        name=name,
        job=job,
        identity=identity,
        principal=principal,
        key=key,
        home=setting.places.home(),
        office=random.choice(setting.offices),
        carrier=random.choice(setting.places.carriers),
        console_agent=random.choice(cloud.console_agents),
        tool=random.choice(_TOOLS.get(job, ("cli", "cli", "python"))),
        reads=Liking(cloud.reads[job], random),
        writes=Liking(cloud.writes[job], random),
        others=Liking(everything, random, 0.3),
        begins=random.randrange(7 * 60 + 30, 10 * 60 + 30),
        hours=random.uniform(7.5, 9.5),
        eagerness={"finance": 0.5, "auditor": 0.7, "helpdesk": 0.7}.get(job, random.uniform(0.6, 1.4)),
        home_days=frozenset(random.sample(range(5), random.choice((0, 1, 2, 2, 3, 5)))),
        console_share=random.uniform(0.3, 0.9) if has_tools else 1.0,
        phase=random.randrange(10_000),
        moves_after=random.choice((0, 0, 7, 14, 28)),
        scripts=random.choice((0.0, 0.1, 0.25)) if job == "data" and has_tools else 0.0,
        on_call=job == "operator" and not by_shift,
        shifts=(6, 14, 22) if by_shift else (),
    )
