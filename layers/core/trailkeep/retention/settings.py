"""The settings of retention: for how many days what is kept. One object, changed by conditional writes.

A value that is lowered counts from :data:`NOTICE` after its change: until then a mistake can be taken back before it
has deleted anything. A value that is raised counts at once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from trailkeep.access.principal import Principal
from trailkeep.errors import InvalidBody, InvalidParameter, ObjectNotFound, ObjectUnreadable, StorageUnavailable
from trailkeep.lake.storage import Bucket
from trailkeep.named import refuse_unknown

SETTINGS = "state/retention.json"

NOTICE = timedelta(hours=24)
"""How long a lowered value waits. A daily run lies within it, so that someone can see what is about to go."""

DEFAULT_FLOOR = 90
"""Days that ``days`` may not go below, unless the deployment says otherwise."""

_MOST = {"days": 36_500, "landingDays": 3_650, "quarantineDays": 3_650}
_TRIES = 5

Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Actor(msgspec.Struct, frozen=True, rename="camel"):
    """Who did something: a token, and the name that it was issued under."""

    token_id: str
    name: str


class Terms(msgspec.Struct, frozen=True, rename="camel"):
    """Days for which are kept: partitions; landing objects, after their commit; those of them that left rejects."""

    days: Days = 180
    landing_days: Days = 7
    quarantine_days: Days = 30


class Lowered(msgspec.Struct, frozen=True):
    """What a lowered setting was: in force until the notice has passed."""

    value: Days
    until: Moment


class Settings(Terms, frozen=True, rename="camel"):
    """The settings as they were last set, and since when by whom; as they stand before anyone set them, otherwise."""

    lowered: dict[str, Lowered] = {}
    updated_at: Moment | None = None
    updated_by: Actor | None = None

    def in_force(self, now: datetime, floor: int) -> Terms:
        """What counts at ``now``: never fewer days than the floor, nor than before a change that is not a day old."""
        values = _values(self)
        for name, before in self.lowered.items():
            if now < before.until:
                values[name] = max(values.get(name, 0), before.value)
        values["days"] = max(values["days"], floor)
        return Terms(values["days"], values["landingDays"], values["quarantineDays"])

    def effective_from(self, now: datetime) -> datetime | None:
        """When the last of the lowered values will count; None where all do."""
        return max((before.until for before in self.lowered.values() if now < before.until), default=None)

    def changed(self, change: Mapping[str, int], now: datetime, who: Principal) -> "Settings":
        """These settings with other values for some of the fields."""
        counting = _values(self.in_force(now, 0))
        standing = _values(self)
        lowered = {name: before for name, before in self.lowered.items() if now < before.until}
        for name, value in change.items():
            if value >= counting[name]:
                lowered.pop(name, None)
            elif value < standing[name]:
                lowered[name] = Lowered(counting[name], now + NOTICE)
        values = {**standing, **change}
        return Settings(
            days=values["days"],
            landing_days=values["landingDays"],
            quarantine_days=values["quarantineDays"],
            lowered=lowered,
            updated_at=now,
            updated_by=Actor(who.token_id, who.name),
        )


def _values(terms: Terms) -> dict[str, int]:
    return {"days": terms.days, "landingDays": terms.landing_days, "quarantineDays": terms.quarantine_days}


_decoder = msgspec.json.Decoder(Settings)


def read_settings(lake: Bucket) -> tuple[Settings, str | None]:
    """The settings with their etag; the defaults and None where nobody has set any.

    Raises :class:`ObjectUnreadable` for settings that are damaged: the defaults might keep less.
    """
    try:
        with lake.open(SETTINGS) as (stat, chunks):
            return _decoder.decode(b"".join(chunks)), stat.etag
    except ObjectNotFound:
        return Settings(), None
    except (ValueError, RecursionError) as error:
        hint = f"Restore an earlier version of {SETTINGS} in the lake bucket."
        raise ObjectUnreadable("the settings of retention are damaged", hint=hint) from error


def change_settings(lake: Bucket, change: Mapping[str, int], who: Principal, now: datetime) -> Settings:
    """Change some fields, whatever others change meanwhile; gives what stands then."""
    for _ in range(_TRIES):
        standing, etag = read_settings(lake)
        settings = standing.changed(change, now, who)
        body = msgspec.json.encode(settings)
        if lake.create(SETTINGS, body) if etag is None else lake.replace(SETTINGS, body, etag):
            return settings
    raise StorageUnavailable("the settings are being changed by others all the time")


def parse_change(fields: Mapping[str, Any], floor: int) -> dict[str, int]:
    """The change that a request's body asks for. Raises :class:`InvalidParameter`, which names the field."""
    if not fields:
        raise InvalidBody("the body changes nothing", hint='Send some of {"days", "landingDays", "quarantineDays"}.')
    refuse_unknown(fields, _MOST)
    for name, value in fields.items():
        least = floor if name == "days" else 1
        if type(value) is not int or not least <= value <= _MOST[name]:
            raise InvalidParameter(f"{name} must be a whole number from {least} to {_MOST[name]}")
    return dict(fields)
