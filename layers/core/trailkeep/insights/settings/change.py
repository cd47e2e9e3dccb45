"""Changes of the settings of detection: by conditional writes, whatever others change meanwhile."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import msgspec

from trailkeep.access.principal import Principal
from trailkeep.errors import Conflict, StorageUnavailable
from trailkeep.insights.settings.account_settings import Actor, Settings, read_own_settings, settings_key
from trailkeep.lake.storage import Bucket

_TRIES = 5


class Change(NamedTuple):
    """Whose settings change (None: those for all), how, and the version that they must have where it matters."""

    account: str | None
    of: Callable[[Settings], Settings]
    version: int | None = None


def change_settings(bucket: Bucket, change: Change, who: Principal, now: datetime) -> Settings:
    """Make a change; gives what stands then. What stands already is left as it is: whoever asks again does no harm.

    Raises :class:`Conflict` where another version stands than was named.
    """
    key = settings_key(change.account)
    for _ in range(_TRIES):
        standing, etag = read_own_settings(bucket, change.account)
        asked = change.of(standing)
        if asked == standing:
            return standing
        if change.version not in (None, standing.version):
            raise Conflict(
                f"the settings are no longer of version {change.version}: {standing.version} stands",
                hint="Get the settings again, and change what stands now.",
            )
        settings = msgspec.structs.replace(
            asked,
            account_id=change.account,
            version=standing.version + 1,
            updated_at=now,
            updated_by=Actor(who.token_id, who.name),
        )
        body = msgspec.json.encode(settings)
        if bucket.create(key, body) if etag is None else bucket.replace(key, body, etag):
            return settings
    raise StorageUnavailable("the settings are being changed by others all the time")
