"""Work: the sessions of people's days, evenings, shifts and nights, and the scripts that they run."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.benchmarks.insights.accounts.book import Caller, Operation
from tests.benchmarks.insights.accounts.chance import count
from tests.benchmarks.insights.accounts.person import Person, Place
from tests.benchmarks.insights.accounts.programs import date_of
from tests.benchmarks.insights.accounts.setting import weekday


@dataclass(frozen=True, slots=True)
class Worker:
    """A person at work."""

    person: Person

    @property
    def name(self) -> str:
        """Whose work it is."""
        return self.person.name

    def act(self, day: int, random: Random) -> None:
        """All calls of a day."""
        one, setting = self.person, self.person.setting
        if not one.is_here(day):
            return
        if one.shifts:
            self._shift(day, random)
        elif setting.is_free(day):
            if random.random() < 0.03:
                self._sessions(day, random, random.uniform(9, 20) * 60, 120, 1.5, one.place(day, is_late=True))
        elif random.random() < 0.98:
            self._work(day, random)

    def wake(self, day: int, random: Random) -> None:
        """The night work of someone who is called: looking for what is broken, from home."""
        start = random.choice((random.uniform(0, 6), random.uniform(21, 24))) * 60
        place = self.person.place(day, is_late=True)
        self._sessions(day, random, start, 90, 5, Place(place.address, "on call"))

    def do(self, cause: str, day: int, operation: Operation, random: Random, calls: int = 1) -> None:
        """Do something at some moment of the day's work, from where the person is that day."""
        one = self.person
        place = one.place(day)
        minute = one.setting.minute(day, one.begins + random.uniform(10, one.hours * 60), one.zone(day))
        caller = one.caller(day, place.address, random.random() < one.console_share, random)
        if place.cause in ("travel", "café or train", "new office") or one.is_new(day):
            cause = f"{cause}, {'new hire' if one.is_new(day) else place.cause}"
        one.setting.book.add(cause, minute, caller, operation, calls)

    def _work(self, day: int, random: Random) -> None:
        one = self.person
        begins, place = one.begins + random.gauss(0, 25), one.place(day)
        eagerness = one.eagerness * (0.6 if one.trip(day) else 1.0)
        if one.job == "finance" and (date_of(day).day <= 4 or date_of(day + 2).day <= 2):
            eagerness *= 4
        self._sessions(day, random, begins, one.hours * 60, eagerness * random.uniform(4.5, 9.5), place)
        if random.random() < 0.07:
            self._sessions(day, random, random.uniform(19.5, 23) * 60, 60, 1.5, one.place(day, is_late=True))
        if random.random() < one.scripts:
            self._script("script of a person", day, random, begins, place)
        if day == one.migration:
            self._script("migration", day, random, begins, place, size=3)

    def _shift(self, day: int, random: Random) -> None:
        one = self.person
        turn = (day // 7 + one.phase) % (len(one.shifts) + 1)
        rests = {(one.phase + day // 7) % 7, (one.phase + day // 7 + 1) % 7}
        if turn < len(one.shifts) and weekday(day) not in rests:
            place = Place(one.place(day).address, "shift worker")
            self._sessions(day, random, one.shifts[turn] * 60, 8 * 60, one.eagerness * 7, place)

    def _sessions(self, day: int, random: Random, begins: float, length: float, number: float, place: Place) -> None:
        one = self.person
        for moment in sorted(random.uniform(0, length) for _ in range(max(1, count(random, number)))):
            if length > 300 and 180 < moment < 240 and random.random() < 0.8:
                continue  # lunch
            where = Place(one.carrier.address(random), "phone") if random.random() < 0.04 else place
            minute = one.setting.minute(day, begins + moment, one.zone(day))
            self._session(day, minute, min(length / 2, random.expovariate(1 / 14) + 2), where, random)

    def _session(self, day: int, minute: int, length: float, place: Place, random: Random) -> None:
        one, cloud, add = self.person, self.person.setting.cloud, self.person.setting.book.add
        by_console = random.random() < one.console_share
        caller = one.caller(day, place.address, by_console, random)
        if random.random() < 0.01:
            caller = caller._replace(kind="masked", address=None)
        cause = "new hire" if one.is_new(day) and place.cause in ("people", "home") else place.cause
        denied = 0.06 if one.is_new(day) else 0.006
        if by_console and random.random() < 0.4:
            failed = "Failed authentication" if random.random() < 0.05 else None
            add(cause, minute, caller, cloud.sign_in, 1, failed)
        likes = random.random() < 0.9
        for passed in range(int(length) + 1):
            if random.random() > 0.45:
                continue
            for _ in range(random.choice((1, 1, 2, 3))):
                luck, chance, error = random.random(), random.random(), None
                among = one.writes if luck < 0.12 else one.reads if likes or luck < 0.7 else one.others
                if chance < 0.015 + denied:
                    error = random.choice(cloud.faults) if chance < 0.015 else cloud.denied
                at = _inside(caller) if by_console and random.random() < 0.08 else caller
                add(cause, minute + passed, at, among.take(random)[0], random.choice((1, 1, 1, 2, 3, 6)), error)

    def _script(self, cause: str, day: int, random: Random, begins: float, place: Place, size: float = 1.0) -> None:
        """A script over many things: some hundred calls of a few kinds."""
        one, setting = self.person, self.person.setting
        agent = setting.cloud.agent("python", 30 + (day + one.phase) // 40)
        caller = one.caller(day, place.address, False, random)._replace(agent=agent)
        minute = setting.minute(day, begins + random.uniform(30, 400), one.zone(day))
        kinds = one.reads.take(random, random.choice((1, 2, 3)))
        length, total = random.randrange(4, 40), size * random.lognormvariate(5.3, 0.7)
        for passed in range(length):
            for operation in kinds:
                if calls := count(random, total / length / len(kinds)):
                    setting.book.add(cause, minute + passed, caller, operation, calls)


def _inside(caller: Caller) -> Caller:
    """A call that the console makes on its user's behalf."""
    return caller._replace(kind="internal", address=None, agent="AWS Internal")
