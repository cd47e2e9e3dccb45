"""Accounts that have events, and how ready detection is for each, as ``GET /v1/insights/accounts`` tells it."""

from bisect import bisect_right
from collections.abc import Collection
from datetime import datetime
from typing import Any

from trailkeep.access.principal import EVERYTHING, Principal
from trailkeep.errors import InvalidNextToken, ObjectUnreadable
from trailkeep.events.timestamps import format_time, to_micros, utc_date
from trailkeep.insights.counting.counted import active_accounts, list_counted, read_counted
from trailkeep.insights.counting.keys import account_key
from trailkeep.insights.counting.tallies import list_tallies
from trailkeep.insights.facts import MINUTES_A_DAY
from trailkeep.insights.insight import MINUTE
from trailkeep.insights.settings.account_settings import AccountSettings, read_settings, settings_key
from trailkeep.insights.settings.readiness import first_date_seen, readiness
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.storage import Bucket

_LONGEST_KEY = 64


def accounts_seen_by(bucket: Bucket, who: Principal, first_date: str, last_date: str) -> list[str]:
    """The accounts with events of these dates that a token may see, in the order of their keys."""
    if who.regions == EVERYTHING:
        found = set(active_accounts(bucket, first_date, last_date))
    else:
        places = [place for place in list_counted(bucket, first_date, last_date) if place[1] in who.regions]
        counted = in_parallel(lambda place: read_counted(bucket, *place)[0], places)
        found = {account for each in counted if each for account in each.accounts}
    return sorted((name for name in found if who.accounts == EVERYTHING or name in who.accounts), key=account_key)


def list_accounts(bucket: Bucket, who: Principal, most: int, next_token: str | None, now: datetime) -> dict[str, Any]:
    """A page of the accounts, with calls on the days that detection looks at, that ``who`` may see."""
    if next_token is not None and (not next_token.isascii() or len(next_token) > _LONGEST_KEY):
        raise InvalidNextToken("nextToken is damaged")
    today = day_of(now)
    found = accounts_seen_by(bucket, who, first_date_seen(today), utc_date(today))
    start = 0 if next_token is None else bisect_right(found, next_token, key=account_key)
    chosen = found[start : start + most]

    def of(account: str) -> dict[str, Any] | ObjectUnreadable:
        try:
            counts = read_settings(bucket, account)
        except ObjectUnreadable as error:
            return error
        dates = dates_with_calls(bucket, account, today)
        return {
            "accountId": account,
            "callsSince": dates[0] if dates else None,
            "readiness": readiness_by_type(counts, dates, today),
        }

    described = in_parallel(of, chosen)
    failures = [
        {"object": settings_key(account), "reason": each.message}
        for account, each in zip(chosen, described, strict=True)
        if isinstance(each, ObjectUnreadable)
    ]
    token = {"nextToken": account_key(chosen[-1])} if start + most < len(found) else {}
    return {
        "accounts": [each for each in described if isinstance(each, dict)],
        **token,
        "completeness": {"complete": not failures, "asOf": format_time(now), "failures": failures},
    }


def dates_with_calls(bucket: Bucket, account: str, day: int) -> list[str]:
    """The dates, of those that detection looks at on a day, of which calls of an account are known."""
    tallies = list_tallies(bucket, account, first_date_seen(day), utc_date(day))
    return sorted({tally.date for tally in tallies})


def readiness_by_type(counts: AccountSettings, dates: Collection[str], day: int) -> dict[str, dict[str, Any]]:
    """By type, whether it looks on a day at an account with calls on some dates, and why not."""
    return {name: readiness(name, tuning, dates, day)._asdict() for name, tuning in counts.tunings.items()}


def day_of(moment: datetime) -> int:
    """The UTC day of a moment, counted from 1970-01-01."""
    return to_micros(moment) // MINUTE // MINUTES_A_DAY
