"""What everybody of the cast calls on usual days: people in office hours, programs and services round the clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from tests.local.history_cast import ACTORS, GLOBAL_REGION, LOGIN, SERVICES, SIGN_IN, VIRGINIA, Actor
from tests.local.history_events import Call

_OFFICE_HOURS = (9, 9, 9, 10, 10, 10, 11, 11, 13, 14, 14, 14, 15, 15, 16, 16, 17, 17, 18, 20)
_WEEKEND_DUTY, _WEEKEND_CALLS = 0.2, 6
_ERROR_RATE = 0.03


def usual_calls(random: Random, start: datetime, now: datetime) -> Iterator[Call]:
    """Everybody's calls between `start` and `now`, in no order; a few may lie outside and are the caller's to drop."""
    for actor in ACTORS:
        yield from _first_day(random, actor, start)
        if actor.is_person:
            yield from _office_days(random, actor, start, now)
        else:
            for _ in range(round(actor.calls_per_day * ((now - start) / timedelta(days=1)))):
                yield _call(random, actor, start + random.random() * (now - start), random.choice(actor.addresses))


def _first_day(random: Random, actor: Actor, start: datetime) -> Iterator[Call]:
    """One call from each address of the actor in each of its regions, so that nothing later is new."""
    for address in actor.addresses:
        for region in actor.regions:
            yield _call(random, actor, _moment_of_first_day(random, actor, start), address, region)
        if actor.is_person:
            yield _sign_in(random, actor, _moment_of_first_day(random, actor, start), address)
        elif any(SERVICES[name].is_global for name in actor.services):
            yield _call(random, actor, _moment_of_first_day(random, actor, start), address, GLOBAL_REGION)


def _moment_of_first_day(random: Random, actor: Actor, start: datetime) -> datetime:
    while True:
        moment = whole_second(start + random.random() * timedelta(hours=24))
        if actor.utc_offset is None or 9 <= (moment + timedelta(hours=actor.utc_offset)).hour < 20:
            return moment


def _office_days(random: Random, actor: Actor, start: datetime, now: datetime) -> Iterator[Call]:
    """A sign-in and the calls of each working day: by day from the office, else from elsewhere."""
    assert actor.utc_offset is not None
    offset = timedelta(hours=actor.utc_offset)
    office, elsewhere = actor.addresses[:2], actor.addresses[2]
    day = (start + offset).replace(hour=0, minute=0, second=0)
    while day <= now + offset:
        weekend = day.weekday() >= 5
        on_duty = random.random() < _WEEKEND_DUTY
        count = (_WEEKEND_CALLS if on_duty else 0) if weekend else random.randint(-6, 6) + actor.calls_per_day
        moments = sorted(
            day + timedelta(hours=random.choice(_OFFICE_HOURS), seconds=random.randrange(3600)) for _ in range(count)
        )
        for number, moment in enumerate(moments):
            address = elsewhere if weekend or moment.hour >= 18 else random.choice(office)
            if number == 0:
                yield _sign_in(random, actor, moment - offset - timedelta(minutes=random.randint(1, 5)), address)
            yield _call(random, actor, moment - offset, address)
        day += timedelta(days=1)


def _call(random: Random, actor: Actor, time: datetime, address: str, region: str | None = None) -> Call:
    """A call that suits the actor; if a region is asked for, one that is recorded there."""
    candidates = [SERVICES[name] for name in actor.services]
    if region is not None:
        fitting = [service for service in candidates if not service.is_global]
        if region == GLOBAL_REGION and region not in actor.regions:
            fitting = [service for service in candidates if service.is_global]
        candidates = fitting
    service = random.choice(candidates)
    operation = random.choice(service.writes if service.writes and random.random() < 0.2 else service.reads)
    by_key = not actor.is_person or (actor.access_key_id is not None and random.random() < 0.3)
    return Call(
        time=whole_second(time),
        actor=actor,
        region=GLOBAL_REGION if service.is_global else region or random.choice(actor.regions),
        address=address,
        service=service,
        operation=operation,
        resource=random.choice(service.resources) if service.resources and random.random() < 0.7 else None,
        access_key_id=_access_key(actor, time) if by_key else None,
        error=random.choice(service.errors) if random.random() < _ERROR_RATE else None,
        agent=None if by_key else "AliyunConsole" if actor.kind == "ram-user" else "console.amazonaws.com",
    )


def _access_key(actor: Actor, time: datetime) -> str | None:
    """The lasting key of a user, or the key that a role's session has on that day."""
    if actor.kind == "assumed-role":
        return f"STS.NU{letters(f'{actor.principal_id} {time:%Y%m%d}', 22)}"
    if actor.kind == "AssumedRole":
        return f"ASIA{letters(f'{actor.principal_id} {time:%Y%m%d}', 16).upper()}"
    return actor.access_key_id


def _sign_in(random: Random, actor: Actor, time: datetime, address: str) -> Call:
    is_iam = actor.kind == "IAMUser"
    service = SERVICES["signin" if is_iam else "AasSub"]
    return Call(
        time=whole_second(time),
        actor=actor,
        region=VIRGINIA if is_iam else GLOBAL_REGION,
        address=address,
        service=service,
        operation=LOGIN if is_iam else SIGN_IN,
        error=random.choice(service.errors) if random.random() < _ERROR_RATE else None,
        agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    )


def letters(text: str | bytes, length: int) -> str:
    """Letters and digits that look drawn by lot but always follow from the text."""
    data = text if isinstance(text, bytes) else text.encode()
    return hashlib.sha256(data).hexdigest()[:length]


def whole_second(time: datetime) -> datetime:
    return time.replace(microsecond=0)
