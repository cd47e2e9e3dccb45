"""Keys of what Insights keep beside the lake. All but what was told and what people set can be made anew from it."""

import re
from hashlib import sha256

CURSOR = "state/insights/cursor.json"
TALLIES = "state/insights/tallies/"
COUNTED = "state/insights/counted/"
BASELINES = "state/insights/baselines/"

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


def account_key(account: str) -> str:
    """An account as a part of keys: as it is where that can be one, else a hash of it."""
    if _PLAIN.fullmatch(account):
        return account
    return f"~{sha256(account.encode()).hexdigest()[:32]}"


def tally_key(account: str, date: str, region: str) -> str:
    """The key of the tally of an account, a UTC date and a region."""
    return f"{TALLIES}{account_key(account)}/{date}/{region}.parquet"


def counted_key(date: str, region: str) -> str:
    """The key of the object that says of which accounts a date of a region has tallies."""
    return f"{COUNTED}{date}/{region}.json"


def baseline_key(account: str) -> str:
    """The key of the digests of an account."""
    return f"{BASELINES}{account_key(account)}.msgpack.zst"
