"""Routine: what those do who may, and what goes wrong. Policies, passwords and trails are changed every week."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.benchmarks.insights.accounts.book import Caller
from tests.benchmarks.insights.accounts.calendar import times
from tests.benchmarks.insights.accounts.chance import Liking, count
from tests.benchmarks.insights.accounts.person import Person
from tests.benchmarks.insights.accounts.programs import Program
from tests.benchmarks.insights.accounts.running import Batch, Steady
from tests.benchmarks.insights.accounts.setting import Setting
from tests.benchmarks.insights.accounts.working import Worker

_OWN_PASSWORD = 1 / 63
"""On a working day: every 90 days or so."""


class Routine:
    """The regular and the rare deeds of an account, day by day."""

    def __init__(self, setting: Setting, people: Sequence[Person], programs: Sequence[Program], random: Random) -> None:
        self._setting, self._people, self._programs = setting, people, programs
        self._policy = Liking(setting.cloud.policy[:8], random)
        self._busy = random.uniform(0.4, 2.0)
        self._resets = random.uniform(0.3, 1.2)
        self._platform = next(one for one in programs if one.kind == "deployment")
        self._maintenance = 1 / random.uniform(4, 9)
        self._cleaners = [one for one in people if one.job == "developer"][:2]
        kinds = ("rerun", "outage", "on call", "load test")
        self._planned = {kind: set(times(random, setting, kind)) for kind in kinds}

    def act(self, day: int, random: Random) -> None:
        """The deeds of a day."""
        setting, cloud = self._setting, self._setting.cloud
        working = [one for one in self._people if one.is_here(day) and not setting.is_free(day) and not one.shifts]
        for one in working:
            worker = Worker(one)
            if one.job == "admin":
                for operation in self._policy.take(random, count(random, self._busy)):
                    worker.do("policy change of an admin", day, operation, random)
            if one.job == "helpdesk":
                for _ in range(count(random, self._resets)):
                    worker.do("helpdesk", day, cloud.passwords[0], random)
            if setting.has_users and random.random() < _OWN_PASSWORD:
                worker.do("own password", day, cloud.own_password, random)
            if one in self._cleaners and random.random() < 0.05:
                operation = random.choice(cloud.cleaning)
                worker.do("cleaning of a developer", day, operation, random, random.randrange(1, 5))
        if setting.has_users and any(one.hired == day for one in self._people):
            self._welcome(day, working, random)
        if random.random() < self._maintenance:
            self._maintain(day, random)
        if working and random.random() < 0.02:
            self._use_root(day, working[0], random)
        for kind, days in self._planned.items():
            if day in days:
                self._mishap(kind, day, random)
        for program in self._programs:
            if program.new_key and program.new_key[0] == day and isinstance(program, Steady) and random.random() < 0.1:
                program.trouble("old key in use", day, 0.5, cloud.denied, random)

    def _welcome(self, day: int, working: Sequence[Person], random: Random) -> None:
        """A new user is made by whoever does that here: a helpdesk or an admin."""
        able = sorted((one for one in working if one.job in ("admin", "helpdesk")), key=lambda one: one.job)
        for operation in self._setting.cloud.onboarding if able else ():
            Worker(able[-1]).do("onboarding", day, operation, random)

    def _maintain(self, day: int, random: Random) -> None:
        setting = self._setting
        caller = self._platform.caller(day, random)._replace(address=setting.places.runner(random))
        minute = setting.minute(day, random.uniform(9, 17) * 60)
        for operation in random.sample(setting.cloud.maintenance, 2):
            setting.book.add("trail maintenance", minute, caller, operation)

    def _use_root(self, day: int, one: Person, random: Random) -> None:
        """Now and then someone signs in as the account itself, as for an invoice."""
        setting = self._setting
        own = one.caller(day, one.place(day).address, True, random)
        root = Caller("root", setting.account, "address", own.address, None, own.agent, setting.regions[0])
        minute = setting.minute(day, random.uniform(9, 17) * 60)
        setting.book.add("root", minute, root, setting.cloud.sign_in)
        for operation in random.choices(setting.cloud.reads["finance"], k=random.randrange(2, 12)):
            setting.book.add("root", minute + random.randrange(20), root, operation)

    def _mishap(self, kind: str, day: int, random: Random) -> None:
        setting = self._setting
        if kind == "on call":
            able = [one for one in self._people if one.on_call and one.is_here(day)]
            if able:
                Worker(random.choice(able)).wake(day, random)
        elif kind == "rerun":
            job = random.choice([one for one in self._programs if isinstance(one, Batch)])
            job.run(day, random.uniform(9, 19) * 60, "rerun of a batch job", random)
            setting.note("rerun of a batch job", job.name, day)
        else:
            program = random.choice([one for one in self._programs if isinstance(one, Steady) and one.is_here(day)])
            cloud = setting.cloud
            error = random.choice((cloud.throttled, cloud.faults[0])) if kind == "outage" else None
            program.trouble(kind, day, 3.0 if kind == "outage" else 8.0, error, random)
            setting.note(kind, program.name, day)
