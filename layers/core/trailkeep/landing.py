"""Keys of the landing bucket. They are free, but for the prefix that only the API's ingest function writes under."""

from trailkeep.events.identity import OBJECTS

API_PREFIX = "ingest/"


def api_key(account: str, batch: str) -> str:
    """The key for a batch of events that the API took for an account."""
    return f"{API_PREFIX}account={account}/{batch}.ndjson.gz"


def channel_of(key: str) -> str:
    """How a landing object came: through the API, with the account it speaks for, or as any other object."""
    if key.startswith(f"{API_PREFIX}account="):
        return "api/" + key.removeprefix(f"{API_PREFIX}account=").partition("/")[0]
    return OBJECTS
