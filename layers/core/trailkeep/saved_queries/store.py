"""Where saved queries stand: one object each, changed by conditional writes."""

import re
import secrets
from datetime import UTC, datetime

import msgspec

from trailkeep.access.principal import Principal
from trailkeep.errors import (
    AccessDenied,
    Conflict,
    ObjectNotFound,
    ObjectUnreadable,
    SavedQueryNotFound,
    StorageUnavailable,
    TooManySavedQueries,
)
from trailkeep.lake.storage import Bucket
from trailkeep.saved_queries.presets import presets
from trailkeep.saved_queries.saved_query import Actor, Definition, SavedQuery

SAVED_QUERIES = "state/saved-queries/"
MOST = 1_000
"""Saved queries of one deployment: a list reads them all in the worst case, since names are in the objects."""

_ID = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}", re.ASCII)
_TRIES = 5

_decoder = msgspec.json.Decoder(SavedQuery)


def create_saved_query(lake: Bucket, definition: Definition, who: Principal, now: datetime) -> SavedQuery:
    """Save a query, which is then its creator's own. IDs begin with the time, so that listings are in order.

    Raises :class:`TooManySavedQueries` where there are :data:`MOST` of them.
    """
    if len(lake.list(SAVED_QUERIES).objects) >= MOST:
        raise TooManySavedQueries(f"there are {MOST} saved queries already")
    actor = Actor(who.token_id, who.name)
    saved = SavedQuery(
        **msgspec.structs.asdict(definition),
        id=f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        created_at=now,
        created_by=actor,
        updated_at=now,
        updated_by=actor,
    )
    body = msgspec.json.encode(saved)
    # Where it stands already, that is this call's own write whose answer was lost.
    if not lake.create(key_of(saved.id), body) and lake.get(key_of(saved.id)) != body:
        raise Conflict("a saved query of this ID exists already", hint="Send the request again.")
    return saved


def read_saved_query(lake: Bucket, query_id: str, who: Principal) -> SavedQuery:
    """A saved query or preset. Raises :class:`SavedQueryNotFound`, also for one that ``who`` may not see."""
    preset = presets().get(query_id)
    return preset or _read(lake, query_id, who)[0]


def change_saved_query(
    lake: Bucket, query_id: str, definition: Definition, who: Principal, now: datetime
) -> SavedQuery:
    """Give a saved query another definition; it stays its owner's.

    Raises :class:`SavedQueryNotFound`, or :class:`AccessDenied` for one that ``who`` sees and does not own.
    """
    for _ in range(_TRIES):
        standing, etag = _read_to_change(lake, query_id, who)
        saved = SavedQuery(
            **msgspec.structs.asdict(definition),
            id=standing.id,
            created_at=standing.created_at,
            created_by=standing.created_by,
            updated_at=now,
            updated_by=Actor(who.token_id, who.name),
        )
        if lake.replace(key_of(query_id), msgspec.json.encode(saved), etag):
            return saved
    raise StorageUnavailable("the saved query is being changed by others all the time")


def delete_saved_query(lake: Bucket, query_id: str, who: Principal) -> SavedQuery:
    """Delete a saved query; gives what it was. Raises as :func:`change_saved_query`."""
    deleted: SavedQuery | None = None
    for _ in range(_TRIES):
        try:
            standing, etag = _read_to_change(lake, query_id, who)
        except SavedQueryNotFound:
            if deleted is None:
                raise
            return deleted  # by this call, whose answer was lost
        deleted = standing
        if lake.delete(key_of(query_id), etag):
            return deleted
    raise StorageUnavailable("the saved query is being changed by others all the time")


def key_of(query_id: str) -> str:
    """The key of a saved query's object."""
    return f"{SAVED_QUERIES}{query_id}.json"


def id_in(key: str) -> str | None:
    """The ID of the saved query that stands under a key; None for any other object."""
    name = key.removeprefix(SAVED_QUERIES).removesuffix(".json")
    return name if key == key_of(name) and _ID.fullmatch(name) else None


def decode(key: str, body: bytes) -> SavedQuery:
    """A saved query as it is stored. Raises :class:`ObjectUnreadable` for one that is damaged."""
    try:
        return _decoder.decode(body)
    except (ValueError, RecursionError) as error:
        hint = f"Restore an earlier version of {key} in the lake bucket."
        raise ObjectUnreadable(f"the saved query {key} is damaged", hint=hint) from error


def _read(lake: Bucket, query_id: str, who: Principal) -> tuple[SavedQuery, str]:
    """A saved query with its etag, for one who may see it."""
    if _ID.fullmatch(query_id):
        try:
            with lake.open(key_of(query_id)) as (stat, chunks):
                saved = decode(stat.key, b"".join(chunks))
        except ObjectNotFound:
            pass
        else:
            if saved.is_visible_to(who):
                return saved, stat.etag
    raise SavedQueryNotFound(f"there is no saved query {query_id[:64]}")


def _read_to_change(lake: Bucket, query_id: str, who: Principal) -> tuple[SavedQuery, str]:
    if query_id in presets():
        raise AccessDenied("presets are the same for all, and stay", hint="Save a query of your own with its text.")
    saved, etag = _read(lake, query_id, who)
    if not saved.may_be_changed_by(who):
        raise AccessDenied(
            "only its owner or an admin may change this saved query",
            hint="Save a query of your own with its text, or ask whoever createdBy names.",
        )
    return saved, etag
