"""The machinery of an account: its programs, jobs, pipelines, and the cloud's own services."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.benchmarks.insights.accounts.book import Caller
from tests.benchmarks.insights.accounts.pipelines import Builds, Deployments, Terraform
from tests.benchmarks.insights.accounts.places import Pool
from tests.benchmarks.insights.accounts.programs import Program
from tests.benchmarks.insights.accounts.running import Batch, Steady
from tests.benchmarks.insights.accounts.setting import Setting

_SUBJECTS = ("orders", "search", "billing", "users", "media", "events")
_KINDS = ("web", "web", "worker", "worker", "function", "monitor", "autoscaler", "vendor", "scanner")
_MORE_KINDS = ("web", "worker", "function", "vendor", "function", "monitor")
_JOBS = ("backup", "etl", "report", "etl", "worker", "backup")


def role(setting: Setting, name: str) -> Caller:
    """A role; its sessions are named by who takes it."""
    principal = f"{setting.principal(Random(f'{setting.account} {name}'))}:"
    return Caller(f"role/{name}", principal, "address", None, None, None, setting.regions[0])


def user(setting: Setting, name: str, random: Random) -> Caller:
    """A user that is a program, with a key."""
    key = setting.key(random)
    return Caller(f"user/{name}", setting.principal(random), "address", None, key, None, setting.regions[0])


def steady(setting: Setting, kind: str, number: int, random: Random, machines: Sequence[Pool]) -> Steady:
    """A program that never rests."""
    cloud = setting.cloud
    name = f"{kind}-{random.choice(_SUBJECTS)}-{number}"
    if kind == "vendor":
        pool, hosts = setting.places.vendor(random), 0
    elif kind == "function":
        pool, hosts = random.choice(setting.places.functions), 0
    else:
        pool, hosts = random.choice(machines), random.randrange(1, 5)
    has_key = number == 0 or (kind not in ("function", "autoscaler") and random.random() < 0.55)
    caller = user(setting, name, random) if has_key else role(setting, name)
    period, rate, by_day, by_week = {
        "web": (random.choice((15, 20)), random.lognormvariate(3.0, 0.8), 0.8, 0.4),
        "worker": (random.choice((20, 30)), random.lognormvariate(2.6, 0.9), 0.6, 0.5),
        "function": (20, random.lognormvariate(1.9, 0.8), 0.7, 0.4),
        "monitor": (random.choice((15, 30)), random.lognormvariate(1.8, 0.6), 0.0, 0.0),
        "autoscaler": (20, 3.0, 0.1, 0.1),
        "vendor": (random.choice((20, 30)), random.lognormvariate(2.0, 0.6), 0.0, 0.0),
        "scanner": (60, random.lognormvariate(2.5, 0.6), 0.0, 0.0),
    }[kind]
    return Steady(
        setting=setting,
        kind=kind,
        base=caller._replace(region=random.choice(setting.regions)),
        family=random.choice(("python", "java", "go", "node")),
        pool=pool,
        hosts=hosts,
        operations=random.sample(cloud.programs[kind], min(len(cloud.programs[kind]), random.randrange(2, 5))),
        phase=random.randrange(10_000),
        period=period,
        rate=rate,
        by_day=by_day,
        by_week=by_week,
        growth=random.choice((0.0, 0.0, 0.01, 0.03, 0.06)),
        failing=random.choice((0.0, 0.005, 0.01, 0.02, 0.04)),
        broken=random.choice(cloud.reads["auditor"]) if random.random() < 0.12 else None,
    )


def batch(setting: Setting, kind: str, number: int, random: Random, machines: Sequence[Pool]) -> Batch:
    """A job with a time."""
    name = f"{kind}-job-{number}"
    return Batch(
        setting=setting,
        kind="batch job",
        base=user(setting, name, random) if random.random() < 0.5 else role(setting, name),
        family="python",
        pool=random.choice(machines),
        hosts=random.randrange(1, 3),
        operations=random.sample(setting.cloud.programs[kind], 3),
        phase=random.randrange(10_000),
        at=random.randrange(0, 7 * 60),
        every=random.choice(("night", "night", "week", "month")),
        calls=random.lognormvariate(6.5, 0.8),
        length=random.uniform(8, 80),
        growth=random.choice((0.0, 0.01, 0.03)),
    )


def service(setting: Setting, name: str, random: Random) -> Steady:
    """The cloud's own service, which acts in the account."""
    return Steady(
        setting=setting,
        kind="the cloud's service",
        base=Caller(f"service/{name}", None, "service", None, None, name, random.choice(setting.regions)),
        family="",
        pool=None,
        hosts=1,
        operations=random.sample(setting.cloud.programs["service"], 2),
        phase=random.randrange(10_000),
        period=random.choice((30, 60)),
        rate=random.lognormvariate(2.5, 0.6),
        by_day=0.5,
        by_week=0.2,
    )


def machinery(setting: Setting, random: Random, size: float) -> list[Program]:
    """All programs of an account."""
    machines = [setting.places.machines() for _ in range(3)]
    kinds = (*_KINDS, *_MORE_KINDS[: round(6 * size)])
    jobs = _JOBS[: 3 + round(3 * size)]
    return [
        *(steady(setting, kind, number, random, machines) for number, kind in enumerate(kinds)),
        *(batch(setting, kind, number, random, machines) for number, kind in enumerate(jobs)),
        *(service(setting, name, random) for name in random.sample(setting.cloud.service_hosts, 4)),
        *_pipelines(setting, random, size, machines),
    ]


def _pipelines(setting: Setting, random: Random, size: float, machines: Sequence[Pool]) -> list[Program]:
    cloud = setting.cloud
    builder = user(setting, "builds", random) if random.random() < 0.5 else role(setting, "builds")
    planner = user(setting, "terraform", random) if random.random() < 0.3 else role(setting, "terraform")
    deployment, phase = cloud.programs["deployment"], random.randrange(10_000)
    return [
        Builds(setting, "build", builder, "go", None, 0, cloud.programs["pipeline"], phase, a_day=10 + 15 * size),
        Deployments(
            setting, "deployment", role(setting, "deploy"), "python", None, 0, deployment, phase,
            a_day=random.uniform(0.7, 3), by_service=random.choice((None, cloud.service_hosts[0])),
        ),
        Terraform(
            setting, "terraform", planner, "terraform", random.choice((None, machines[0])), 1,
            cloud.programs["terraform"], phase, a_day=random.uniform(1, 3.5),
        ),
    ]  # fmt: skip
