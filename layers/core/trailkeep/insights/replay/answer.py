"""The answer of ``POST /v1/insights/replay``: a page of what would have been found, and the token of the next one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from trailkeep.access.principal import EVERYTHING, Principal
from trailkeep.access.seals import seal, unseal
from trailkeep.errors import InvalidNextToken
from trailkeep.events.timestamps import date_of, format_time, from_micros, to_micros, utc_date
from trailkeep.insights.counting.keys import COUNTED, account_key
from trailkeep.insights.counting.uncounted import with_uncounted
from trailkeep.insights.replay.replay import Place, Replay
from trailkeep.insights.replay.request import ReplayRequest, parse_replay
from trailkeep.insights.settings.accounts import accounts_seen_by, day_of
from trailkeep.insights.settings.readiness import first_date_seen
from trailkeep.insights.telling.evaluation import Detectors
from trailkeep.lake.parts import Lake
from trailkeep.lake.watermark import read_watermark

_VERSION = 1


class _Payload(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    start: int
    end: int
    as_of: int
    place: Place


def answer_replay(
    lake: Lake,
    detectors: Detectors,
    cursor_key: bytes,
    fields: Mapping[str, Any],
    who: Principal,
    now: datetime,
    out_of_time: Callable[[], bool],
) -> dict[str, object]:
    """A page of a replay, for what ``who`` may see. Later pages look at things as of the first one.

    Raises :class:`InvalidParameter`, :class:`InvalidTimeRange`, :class:`QuestionTooLarge`, :class:`InvalidNextToken`,
    or :class:`AccessDenied` for an account that ``who`` may not see.
    """
    request, place = parse_replay(fields, now), Place()
    bound_to = _bound_to(request, who)
    if request.token is not None:
        first = _read(cursor_key, bound_to, request.token)
        request, place = replace(request, start=first.start, end=first.end), first.place
        now = from_micros(first.as_of)
    watermark = read_watermark(lake.bucket)
    accounts, failures = _accounts(lake, request, who, now)
    page = Replay(lake, detectors, request, who, now, watermark).page(accounts, place, out_of_time)
    failures += page.failures
    token = {}
    if page.next_place is not None:
        following = _Payload(_VERSION, request.start, request.end, to_micros(now), page.next_place)
        token = {"nextToken": seal(cursor_key, bound_to, msgspec.json.encode(following))}
    return {
        "insights": page.events,
        "learning": [each.as_json() for each in page.learning],
        **token,
        "completeness": {
            "complete": not failures,
            "asOf": format_time(now),
            "watermark": format_time(watermark) if watermark else None,
            "failures": failures,
        },
    }


def _accounts(
    lake: Lake, request: ReplayRequest, who: Principal, now: datetime
) -> tuple[Sequence[str], list[dict[str, str]]]:
    """The accounts to look at, in the order of their keys; a failure where there may be others that nobody knows of."""
    if request.account is not None:
        who.require_account(request.account)
        return [request.account], []
    if who.accounts != EVERYTHING:
        return sorted(set(who.accounts), key=account_key), []
    dates = (date_of(request.start), date_of(request.end - 1))
    found = accounts_seen_by(lake.bucket, who, *dates)
    uncounted = with_uncounted(lake, (), "", *dates)
    if not uncounted:
        return found, []
    # Of dates that nobody has counted, the accounts are taken to be those of today.
    today = day_of(now)
    found = sorted(
        {*found, *accounts_seen_by(lake.bucket, who, first_date_seen(today), utc_date(today))}, key=account_key
    )
    span = f"from {uncounted[0].date} to {uncounted[-1].date}"
    reason = (
        f"{len(uncounted)} dates of regions, {span}, are not counted: of the accounts only those are looked at "
        "that have events since, or are named by accountId"
    )
    return found, [{"object": COUNTED, "reason": reason}]


def _bound_to(request: ReplayRequest, who: Principal) -> bytes:
    """What must not change between pages."""
    asked = repr((request.asked, request.account, request.types, request.sensitivity, who.accounts, who.regions))
    return f"{who.token_id}\0replay\0".encode() + sha256(asked.encode()).digest()


def _read(key: bytes, bound_to: bytes, token: str) -> _Payload:
    try:
        payload = msgspec.json.decode(unseal(key, bound_to, token), type=_Payload)
    except msgspec.DecodeError as error:
        raise InvalidNextToken("nextToken is of another version") from error
    if payload.version != _VERSION:
        raise InvalidNextToken("nextToken is of another version")
    return payload
