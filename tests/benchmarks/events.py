"""Generated audit events as ActionTrail writes them: some 1.1 KB of JSON each, the same for the same day and region.

A day is generated alone, so days can be made in any order and by several processes. Templates hold what a caller's
call always says; what differs from event to event is put into them: more than 100,000 events a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from struct import iter_unpack

from tests.benchmarks.cast import SEED, SLOTS, Cast, Slot, make_cast

LAST_DAY = date(2026, 6, 30)
HOME = "cn-hangzhou"
REGIONS = (
    HOME,
    "cn-beijing",
    "cn-shanghai",
    "cn-shenzhen",
    "ap-southeast-1",
    "eu-central-1",
    "us-east-1",
    "us-west-1",
)
VERY_RARE_AT = (0.15, 0.48, 0.81)
"""Where, of the days of a lake, the AccessKey of three events was used."""

_ACCOUNT = "1016954307248737"
_HOURS = (3, 2, 2, 2, 2, 3, 4, 6, 10, 14, 16, 15, 11, 13, 16, 16, 15, 13, 10, 8, 7, 6, 5, 4)
_ERRORS = ("Forbidden.RAM", "NoPermission", "InvalidParameter", "Throttling.User", "EntityNotExist", "IncorrectStatus")
_ERROR_PARTS = tuple(
    f'"errorCode":"{code}","errorMessage":"The request was refused: {code}.",'.encode() for code in _ERRORS
)
ERROR_CODE = _ERRORS[0]
SECRET = b"bench-secret-"
"""How every generated secret starts, so that a search for it finds one that was not masked."""

_RECORD = "<16s16sHHHHII"
_RECORD_BYTES = 48
_RESOURCES = 50_000
_GOES_ON = 29_000
"""Of 65,536 events, those that are the same caller's next call of the same kind: calls come in bursts."""


def days_of(count: int) -> list[date]:
    """The days of a lake, the oldest first; the last one is always the same."""
    return [LAST_DAY - timedelta(days=back) for back in range(count - 1, -1, -1)]


def day_events(day: date, count: int, days: int, region: str = HOME, seed: int = SEED) -> list[bytes]:
    """The events of one day of a lake of ``days`` days, in the order of their times; ``count`` of them."""
    random = Random(f"{seed} {day} {region}")
    cast, templates = _templates(region, seed)
    planted = _planted(random, cast, day, days)
    usual = count - len(planted)
    minutes, seconds, pool = _minutes(), _seconds(day), _resource_names(region)
    events: list[tuple[bytes, bytes]] = []
    drawn = random.randbytes(_RECORD_BYTES * count)
    caller, address, second, resource = 0, 0, 0, b""
    for number, (one, two, slot, where, what, luck, moment, name) in enumerate(iter_unpack(_RECORD, drawn)):
        h, r = one.hex().upper().encode(), two.hex().upper().encode()
        if what < _GOES_ON and number < usual:
            second = min(second + moment % 8, 86_399)
        else:
            caller, address = slot if number < usual else SLOTS + planted[number - usual], where
            second = minutes[moment & 0xFFFF] * 60 + (moment >> 16) % 60
        if what & 1 or not resource:
            resource = r[:20].lower() if name & 3 == 0 else pool[int((name / 4294967296) ** 3 * _RESOURCES)]
        template, addresses, asks = templates[caller]
        time = seconds[second]
        error = _ERROR_PARTS[what % 6] if luck < 1966 else b""
        secret = b'"AccessKeySecret":"%b%b",' % (SECRET, r[:24]) if luck > 64224 else b""
        own = b"%b-%b-%b-%b-%b" % (h[:8], h[8:12], h[12:16], h[16:20], h[20:])
        request = b"%b-%b-%b-%b-%b" % (r[:8], r[8:12], r[12:16], r[16:20], r[20:]) if asks else own
        text = template % (
            own,
            secret,
            error,
            resource,
            addresses[address % len(addresses)],
            resource,
            time,
            request,
            time,
        )
        events.append((time, text))
    events.sort()
    return [text for _, text in events]


def arrays(events: list[bytes], size: int) -> Iterator[bytes]:
    """Log objects of ``size`` events each, as JSON arrays."""
    for start in range(0, len(events), size):
        yield b"[" + b",".join(events[start : start + size]) + b"]"


def _planted(random: Random, cast: Cast, day: date, days: int) -> list[int]:
    """Which rare callers call on a day, and how often: about 125 times in 90 days, or three times in all."""
    calls = [
        number
        for number in range(len(cast.rare))
        for _ in range(int(1.1 + 0.5 * number / len(cast.rare) + random.random()))
    ]
    if (LAST_DAY - day).days in {days - 1 - int(days * place) for place in VERY_RARE_AT}:
        calls.append(len(cast.rare))
    return calls


@lru_cache(maxsize=16)
def _templates(region: str, seed: int) -> tuple[Cast, list[tuple[bytes, tuple[bytes, ...], bool]]]:
    """For each slot, then for each rare caller: the template, the addresses, and whether the service has request IDs.

    Others give the event's own ID as that of the request.
    """
    cast = make_cast(seed)
    unique: dict[Slot, tuple[bytes, tuple[bytes, ...], bool]] = {}
    for slot in (*cast.slots, *cast.rare, cast.very_rare):
        if slot not in unique:
            unique[slot] = (_template(slot, region), slot.user.addresses, slot.service.share % 3 == 0)
    return cast, [unique[slot] for slot in (*cast.slots, *cast.rare, cast.very_rare)]


def _template(slot: Slot, region: str) -> bytes:
    """A call's JSON with places for: ID, secret, error, resource, address, resource, time, request ID, time."""
    user, service = slot.user, slot.service
    kind = f"ACS::{service.name}::{service.noun}"
    key = f'"accessKeyId":"{slot.key}",' if slot.key else ""
    mfa = '"mfaAuthenticated":"%s"' % ("false" if slot.key else "true")
    rw = "Read" if slot.reads else "Write"
    host = f"{service.name.lower()}.{region}.aliyuncs.com"
    return (
        '{"eventId":"%b","eventVersion":1,'
        f'"responseElements":{{%b"ResultCode":"OK","HostId":"{host}"}},'
        f'%b"eventSource":"{host}","requestParameters":{{"AcsHost":"{host}","{service.noun}Id":"%b",'
        f'"AcsProduct":"{service.name}","RegionId":"{region}","AcceptLanguage":"zh-CN","PageSize":50}},'
        f'"sourceIpAddress":"%b","userAgent":"{user.agent}","eventRW":"{rw}","eventType":"ApiCall",'
        f'"referencedResources":{{"{kind}":["%b"]}},"userIdentity":{{{key}"sessionContext":{{"attributes":'
        f'{{{mfa},"creationDate":"%b"}}}},"accountId":"{_ACCOUNT}","principalId":"{user.principal_id}",'
        f'"type":"{user.kind}","userName":"{user.name}"}},"serviceName":"{service.name}",'
        f'"additionalEventData":{{"Scheme":"https","CallerBid":"26842"}},"apiVersion":"2014-05-26",'
        f'"requestId":"%b","eventTime":"%b","isGlobal":false,"acsRegion":"{region}","eventCategory":"Management",'
        f'"eventName":"{slot.operation}"}}'
    ).encode()


@lru_cache(maxsize=1)
def _minutes() -> list[int]:
    """Minutes of a day for 16 random bits: the more often, the busier the hour."""
    table = [hour * 60 + minute for hour, weight in enumerate(_HOURS) for minute in range(60) for _ in range(weight)]
    return [table[bits * len(table) >> 16] for bits in range(1 << 16)]


@lru_cache(maxsize=2)
def _seconds(day: date) -> list[bytes]:
    """Every second of a day as ActionTrail writes it."""
    start = f"{day}T".encode()
    clock = [b"%02d" % number for number in range(60)]
    hours = [start + clock[hour] + b":" for hour in range(24)]
    return [b"%b%b:%bZ" % (hour, minute, second) for hour in hours for minute in clock for second in clock]


@lru_cache(maxsize=16)
def _resource_names(region: str) -> list[bytes]:
    random = Random(f"resources {region}")
    return [b"i-%b" % random.randbytes(10).hex().encode() for _ in range(_RESOURCES)]
