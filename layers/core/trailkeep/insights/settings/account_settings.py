"""The settings of detection: which types look, how sensitive they are, and whose calls are never unusual.

One object an account and one for all accounts, changed by conditional writes. What an account leaves open is as it is
for all; what that leaves open is enabled, at medium sensitivity. Networks that are allowed for all are so everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal

import msgspec

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.insights.counting.keys import account_key
from trailkeep.insights.scene import Tuning
from trailkeep.insights.types import INSIGHT_TYPES
from trailkeep.lake.parallel import requests_in_parallel
from trailkeep.lake.storage import Bucket

SETTINGS = "state/insights/settings/"
FOR_ALL = f"{SETTINGS}default.json"

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Sensitivity = Literal["low", "medium", "high"]


class Actor(msgspec.Struct, frozen=True, rename="camel"):
    """Who did something: a token, and the name that it was issued under."""

    token_id: str
    name: str


class TypeSetting(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is set for one type; None where it is left open."""

    enabled: bool | None = None
    sensitivity: Sensitivity | None = None


class AllowedNetwork(msgspec.Struct, frozen=True):
    """Addresses whose calls are never unusual, in CIDR notation, and why."""

    network: str
    note: str = ""


class Settings(msgspec.Struct, frozen=True, rename="camel"):
    """The settings as they were last set, for one account or, without one, for all; ``version`` counts the changes."""

    account_id: str | None = None
    version: int = 0
    types: dict[str, TypeSetting] = {}
    allowed_networks: tuple[AllowedNetwork, ...] = ()
    updated_at: Moment | None = None
    updated_by: Actor | None = None


@dataclass(frozen=True)
class AccountSettings:
    """What counts for one account: for each type its tuning; networks, in CIDR notation, that are never unusual."""

    tunings: Mapping[str, Tuning]
    allowed: Sequence[str]

    @property
    def fingerprint(self) -> str:
        """Another one wherever anything is set otherwise that detection looks at."""
        looked_at = ([(name, *astuple(tuning)) for name, tuning in self.tunings.items()], self.allowed)
        return sha256(msgspec.json.encode(looked_at)).hexdigest()[:16]


_decoder = msgspec.json.Decoder(Settings)


def settings_key(account: str | None) -> str:
    """Where the settings of an account stand, None for those for all."""
    if account is None:
        return FOR_ALL
    key = f"{SETTINGS}{account_key(account)}.json"
    # An account of that name would take the place of the settings for all.
    return f"{SETTINGS}~{account}.json" if key == FOR_ALL else key


def read_own_settings(bucket: Bucket, account: str | None) -> tuple[Settings, str | None]:
    """What was set for an account, or for all, with its etag; nothing and None where nobody has set anything.

    Raises :class:`ObjectUnreadable` for settings that are damaged: a type that was disabled would look again.
    """
    key = settings_key(account)
    try:
        with bucket.open(key) as (stat, chunks):
            return _decoder.decode(b"".join(chunks)), stat.etag
    except ObjectNotFound:
        return Settings(account), None
    except (ValueError, RecursionError) as error:
        hint = f"Restore an earlier version of {key} in the lake bucket."
        raise ObjectUnreadable("the settings of Insights are damaged", hint=hint) from error


def in_force(for_all: Settings, own: Settings) -> AccountSettings:
    """What counts where both are set."""
    return AccountSettings(
        {name: _tuning(for_all.types.get(name), own.types.get(name)) for name in INSIGHT_TYPES},
        sorted({each.network for each in (*for_all.allowed_networks, *own.allowed_networks)}),
    )


def read_settings(bucket: Bucket, account: str) -> AccountSettings:
    """What counts for an account. Raises :class:`ObjectUnreadable` for settings that are damaged."""
    (for_all, _), (own, _) = requests_in_parallel(lambda of: read_own_settings(bucket, of), (None, account))
    return in_force(for_all, own)


def _tuning(*given: TypeSetting | None) -> Tuning:
    """The last that is set of each, else as it is before anyone sets it."""
    tuning = Tuning()
    for each in given:
        if each is not None:
            enabled = tuning.enabled if each.enabled is None else each.enabled
            tuning = Tuning(enabled, each.sensitivity or tuning.sensitivity)
    return tuning
