"""``/v1/me``: who asks."""

from typing import Any

from trailkeep.openapi.operations import answer, operation
from trailkeep.openapi.shapes import Schema, choice, or_null, record, ref, several, text, whole

TAG = "Access"
SCOPES = ("admin", "download", "ingest", "view")

SCHEMAS: dict[str, Schema] = {
    "Actor": record({"tokenId": text("The ID of the token."), "name": text("The name that it was issued under.")}),
    "Me": record(
        {
            "tokenId": text("The ID of the token."),
            "name": text("The name that it was issued under."),
            "scopes": several(choice(SCOPES), "What it may do. No scope contains another."),
            "accounts": several(text(), "The accounts that it may see; `*` for all."),
            "regions": several(text(), "The regions that it may see; `*` for all."),
            "scanBytesPerDay": or_null(
                whole("What its searches may read in a day (UTC), in bytes; null for no limit.")
            ),
        }
    ),
}

ME = {
    "tokenId": "4c7d1f0a9b2e",
    "name": "ops",
    "scopes": ["download", "view"],
    "accounts": ["*"],
    "regions": ["*"],
    "scanBytesPerDay": 1099511627776,
}

PATHS: dict[str, Any] = {
    "/v1/me": {
        "get": operation(
            "describeMe",
            "Who am I",
            "Whose token this is, and what it may do.",
            tag=TAG,
            scope="any",
            answers={"200": answer("The token's bearer.", ref("Me"), ME)},
        )
    }
}
