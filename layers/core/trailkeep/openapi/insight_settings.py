"""``/v1/insights/settings`` and ``/v1/insights/accounts``: what detection looks at, and how ready it is."""

from typing import Any

from trailkeep.errors import Conflict, InvalidNextToken, InvalidParameter, ObjectUnreadable
from trailkeep.openapi.insights import ACCOUNT, MAX_ACCOUNT, SENSITIVITIES, TAG, TYPES
from trailkeep.openapi.lists import list_answer
from trailkeep.openapi.operations import answer, json_body, operation
from trailkeep.openapi.parameters import PAGE, in_query
from trailkeep.openapi.shapes import (
    Schema,
    choice,
    flag,
    or_null,
    record,
    ref,
    request,
    several,
    text,
    time,
    whole,
)

MAX_NETWORKS, MAX_NOTE = 500, 200

_NETWORK = text("An address or a CIDR range, of IPv4 no wider than /8, of IPv6 no wider than /16.", minLength=1)
_NOTE = text("Why it is allowed.", maxLength=MAX_NOTE)
_SET = {
    "enabled": flag("Whether the type looks; left out where that is left open."),
    "sensitivity": choice(SENSITIVITIES, "Of the most sensitive the threshold is lowest; left out likewise."),
}
_COUNTING = {"enabled": flag("Whether the type looks."), "sensitivity": choice(SENSITIVITIES)}
_CHANGE = {name: or_null(schema) for name, schema in _SET.items()}


def _by_type(schema: Schema, about: str, *, asked: bool = False) -> Schema:
    members = dict.fromkeys(TYPES, schema)
    return request(members, about=about) if asked else record(members, about=about)


SCHEMAS: dict[str, Schema] = {
    "AllowedNetwork": record({"network": text("In CIDR notation."), "note": text("Why it is allowed.")}),
    "Readiness": record(
        {
            "ready": flag("Whether the type looks at the account."),
            "reason": or_null(text("Why not; null where it does.")),
        }
    ),
    "InsightSettings": record(
        {
            "accountId": or_null(text("Whose settings they are; null for those for all accounts.")),
            "version": whole("How often they were changed."),
            "types": record(
                dict.fromkeys(TYPES, record(_SET, optional=tuple(_SET))),
                optional=TYPES,
                about="What is set; what an account leaves open is as it is for all.",
            ),
            "allowedNetworks": several(ref("AllowedNetwork"), "Addresses whose calls are never unusual."),
            "inForce": record(
                {
                    "types": _by_type(record(_COUNTING), "What counts for each type."),
                    "allowedNetworks": several(ref("AllowedNetwork"), "Those for all accounts too."),
                },
                about="What counts.",
            ),
            "readiness": or_null(_by_type(ref("Readiness"), "Of the account, by type; null where it is all accounts.")),
            "updatedAt": or_null(time("When they were last set.")),
            "updatedBy": or_null(ref("Actor")),
        }
    ),
    "InsightSettingsChange": request(
        {
            "accountId": or_null(
                text("Of this account; for all where it is not given.", minLength=1, maxLength=MAX_ACCOUNT)
            ),
            "version": or_null(whole("The version that is to be changed: another one is refused.")),
            "types": _by_type(
                or_null(request(_CHANGE)),
                "Types that are not named stay as they are; null leaves one open.",
                asked=True,
            ),
            "allowedNetworks": several(
                request({"network": _NETWORK, "note": _NOTE}, required=("network",)),
                "All of them: the list is replaced.",
                most=MAX_NETWORKS,
            ),
        },
        anyOf=[{"required": [name]} for name in ("types", "allowedNetworks")],
    ),
    "WatchedAccount": record(
        {
            "accountId": text(),
            "callsSince": or_null(text("The first of these days with calls.", format="date")),
            "readiness": _by_type(ref("Readiness"), "By type."),
        }
    ),
}

_OFFICE = {"network": "192.0.2.0/24", "note": "the office in Hangzhou"}
_READY = {"ready": True, "reason": None}
_READINESS = {
    **dict.fromkeys(TYPES, _READY),
    "AkInsight": {"ready": False, "reason": "learning: 1 of 3 days seen"},
    "ApiErrorRateInsight": {"ready": False, "reason": "disabled"},
}
_MEDIUM = {"enabled": True, "sensitivity": "medium"}
_CHANGED = {"ApiErrorRateInsight": {"enabled": False}, "IpInsight": {"sensitivity": "high"}}
_SETTINGS = {
    "accountId": "1000000000000001",
    "version": 2,
    "types": _CHANGED,
    "allowedNetworks": [_OFFICE],
    "inForce": {
        "types": {
            **dict.fromkeys(TYPES, _MEDIUM),
            "ApiErrorRateInsight": {"enabled": False, "sensitivity": "medium"},
            "IpInsight": {"enabled": True, "sensitivity": "high"},
        },
        "allowedNetworks": [_OFFICE],
    },
    "readiness": _READINESS,
    "updatedAt": "2026-03-02T12:00:00Z",
    "updatedBy": {"tokenId": "4c7d1f0a9b2e", "name": "ops"},
}
_NARROWED = (
    "A token that is narrowed to accounts may do this for these alone, and not for all; one that is narrowed to "
    "regions may not."
)

_GET = operation(
    "getInsightSettings",
    "What detection looks at",
    "The settings of an account or, without one, those for all; what of them counts; and which types are ready. "
    f"{_NARROWED}",
    tag=TAG,
    scope="admin",
    parameters=(in_query("accountId", "Of this account. For all where it is not given.", ACCOUNT, "1000000000000001"),),
    answers={"200": answer("The settings.", ref("InsightSettings"), _SETTINGS)},
    errors=(InvalidParameter, ObjectUnreadable),
)
_PUT = operation(
    "putInsightSettings",
    "Set what detection looks at",
    f"Enables, disables and tunes types, and replaces the list of networks that are never unusual. {_NARROWED}",
    tag=TAG,
    scope="admin",
    body=json_body(
        ref("InsightSettingsChange"),
        {
            "account": (
                "One type off, one more sensitive, and an office, for one account",
                {"accountId": "1000000000000001", "types": _CHANGED, "allowedNetworks": [_OFFICE]},
            ),
            "all": ("A type as it is by default again, for all", {"version": 4, "types": {"AkInsight": None}}),
        },
    ),
    answers={"200": answer("The settings as they stand now.", ref("InsightSettings"), _SETTINGS)},
    errors=(InvalidParameter, Conflict, ObjectUnreadable),
    writes=True,
)
_ACCOUNTS = operation(
    "listWatchedAccounts",
    "How ready detection is",
    "The accounts with calls on the days that detection looks at, and for each which types look at it already, or why "
    "not.",
    tag=TAG,
    scope="view",
    parameters=PAGE,
    answers={
        "200": list_answer(
            "Accounts.",
            "accounts",
            ref("WatchedAccount"),
            [{"accountId": "1000000000000001", "callsSince": "2026-03-01", "readiness": _READINESS}],
        )
    },
    errors=(InvalidParameter, InvalidNextToken),
)

PATHS: dict[str, Any] = {
    "/v1/insights/settings": {"get": _GET, "put": _PUT},
    "/v1/insights/accounts": {"get": _ACCOUNTS},
}
