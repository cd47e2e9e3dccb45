"""``/v1/saved-queries``: searches under a name."""

from typing import Any

from trailkeep.errors import (
    Conflict,
    InvalidNextToken,
    InvalidParameter,
    InvalidQuery,
    InvalidTimeRange,
    ObjectUnreadable,
    SavedQueryNotFound,
    TooManySavedQueries,
)
from trailkeep.openapi.lists import list_answer
from trailkeep.openapi.operations import answer, json_body, leads_to, operation
from trailkeep.openapi.parameters import PAGE, in_path, in_query
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
)

TAG = "Saved queries"
MAX_NAME, MAX_DESCRIPTION, MAX_QUERY, MAX_FIELD, MAX_ARGUMENT = 64, 2_000, 10_000, 512, 1_000
MAX_CONDITIONS, MAX_PARAMETERS, MAX_VALUES = 50, 20, 100
MODES, KINDS, CONNECTIVES = ("simple", "custom"), ("text", "number", "network"), ("and", "or")
WANTED = ("text", "part", "texts", "amount", "network", "nothing")
OPERATORS = (
    "is",
    "isNot",
    "isOneOf",
    "isNoneOf",
    "contains",
    "doesNotContain",
    "beginsWith",
    "endsWith",
    "isGreaterThan",
    "isAtLeast",
    "isLessThan",
    "isAtMost",
    "isInNetwork",
    "isNotInNetwork",
    "exists",
    "isMissing",
)

_MOMENT = "an RFC 3339 time, or relative to when the query is run: `-15m`, `-24h`, `-7d`, `-4w`"
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_VALUE: Schema = {
    "description": "As the operator wants it. `{{name}}` stands for the parameter of that name.",
    "anyOf": [_SCALAR, several(_SCALAR, most=MAX_VALUES), {"type": "null"}],
}
_PARAMETER = {
    "name": text("What stands in the query as `{{name}}`.", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$"),
    "kind": choice(KINDS, "What may be given for it.", default="text"),
    "default": or_null(text("What is taken where nothing is given; without one, something has to be.")),
    "description": text("What it is.", maxLength=MAX_DESCRIPTION),
}
_CONDITION = {
    "field": text("A field of the query language.", minLength=1, maxLength=MAX_FIELD, pattern=r"\S"),
    "operator": choice(OPERATORS),
    "value": _VALUE,
    "connective": choice(CONNECTIVES, "What joins it to the condition before. `and` binds tighter.", default="and"),
}
_ABOUT = {
    "name": text("What people call it.", minLength=1, maxLength=MAX_NAME, pattern=r"\S"),
    "description": text("What it is for.", maxLength=MAX_DESCRIPTION),
}
_WINDOW = {
    "startTime": or_null(text(f"From when on it looks: {_MOMENT}.", maxLength=MAX_NAME)),
    "endTime": or_null(text(f"Until before when: {_MOMENT}. Now where it is not given.", maxLength=MAX_NAME)),
}

SCHEMAS: dict[str, Schema] = {
    "SavedQuery": record(
        {
            "id": text("Of presets it begins with `preset-`."),
            **_ABOUT,
            "mode": choice(MODES, "Made of conditions, or written as text."),
            "query": text("The query's text. In simple mode it is what the conditions make."),
            "conditions": several(
                record(
                    {**_CONDITION, "value": {"anyOf": [text(), several(text()), {"type": "null"}]}},
                ),
                "What it is made of in simple mode.",
            ),
            "parameters": several(record(_PARAMETER), "What `{{name}}` in its text stands for."),
            **_WINDOW,
            "shared": flag("Whether everyone with the scope `view` sees it, and may run it."),
            "preset": flag("Whether it came with Trailkeep: such a one stays as it is."),
            "category": or_null(text("Of a preset, what it is about.")),
            "createdAt": or_null(time()),
            "createdBy": or_null(ref("Actor")),
            "updatedAt": or_null(time()),
            "updatedBy": or_null(ref("Actor")),
        }
    ),
    "SavedQueryDefinition": request(
        {
            **_ABOUT,
            "mode": choice(MODES, "Told by whether there are `conditions`, where it is not given."),
            "query": text(
                "The query's text, in custom mode. `{{name}}` stands, without quotes, where a value stands.",
                maxLength=MAX_QUERY,
            ),
            "conditions": several(
                request(_CONDITION, required=("field", "operator")), "In simple mode.", most=MAX_CONDITIONS
            ),
            "parameters": several(request(_PARAMETER, required=("name",)), most=MAX_PARAMETERS),
            **_WINDOW,
            "shared": flag("Whether everyone with the scope `view` sees it, and may run it.", default=False),
        },
        required=("name",),
        oneOf=[
            {"required": ["query"], "properties": {"conditions": {"maxItems": 0}, "mode": {"const": "custom"}}},
            {
                "required": ["conditions"],
                "properties": {"conditions": {"minItems": 1}, "mode": {"const": "simple"}, "query": False},
            },
        ],
    ),
    "Pickers": record(
        {
            "fields": several(
                record(
                    {
                        "field": text("Its name in the query language."),
                        "label": text("Its name for people."),
                        "operators": several(choice(OPERATORS), "Those that make sense for it, the usual one first."),
                        "values": several(text(), "All the values that there are, where they are few."),
                        "example": text("A value."),
                    },
                    optional=("values",),
                )
            ),
            "operators": several(
                record(
                    {
                        "name": choice(OPERATORS),
                        "label": text("Its name for people."),
                        "wants": choice(
                            WANTED,
                            "What its value is: a text, part of one, a list of texts, a number or time, a network, "
                            "or nothing.",
                        ),
                    }
                )
            ),
        }
    ),
}

_CUSTOM = {
    "name": "What a key did",
    "description": "Every call that an AccessKey signed.",
    "query": "accessKeyId: {{key}} and not event_name: Describe*",
    "parameters": [{"name": "key", "description": "The AccessKey ID."}],
    "startTime": "-7d",
    "shared": True,
}
_SIMPLE = {
    "name": "Refused deletions",
    "conditions": [
        {"field": "eventName", "operator": "beginsWith", "value": "Delete"},
        {"field": "errorCode", "operator": "exists", "connective": "and"},
    ],
}
_SAVED = {
    "id": "20260302T120000-3c1b8f4f",
    **_CUSTOM,
    "mode": "custom",
    "conditions": [],
    "parameters": [{"name": "key", "kind": "text", "default": None, "description": "The AccessKey ID."}],
    "endTime": None,
    "preset": False,
    "category": None,
    "createdAt": "2026-03-02T12:00:00Z",
    "createdBy": {"tokenId": "4c7d1f0a9b2e", "name": "ops"},
    "updatedAt": "2026-03-02T12:00:00Z",
    "updatedBy": {"tokenId": "4c7d1f0a9b2e", "name": "ops"},
}
_BODY = json_body(
    ref("SavedQueryDefinition"),
    {"custom": ("Written as text, with a parameter", _CUSTOM), "simple": ("Made of conditions", _SIMPLE)},
)
ID = in_path("queryId", "The saved query's ID, or that of a preset.", "preset-root-logins")
_OF_ONE = {"getSavedQuery": "queryId", "replaceSavedQuery": "queryId", "deleteSavedQuery": "queryId"}
_DEFINITION_ERRORS = (InvalidParameter, InvalidQuery, InvalidTimeRange)

_LIST = operation(
    "listSavedQueries",
    "List saved queries",
    "One's own, the shared ones, and the presets, which come last. Admins see those of everyone.",
    tag=TAG,
    scope="view",
    parameters=(
        in_query("name", "Only those whose name contains this, in any case.", text(minLength=1), "logins"),
        *PAGE,
    ),
    answers={"200": list_answer("Saved queries.", "savedQueries", ref("SavedQuery"), [_SAVED])},
    errors=(InvalidParameter, InvalidNextToken),
)
_POST = operation(
    "createSavedQuery",
    "Save a query",
    "It is checked as it would be when it is run. What a token may see is looked at when the query is run.",
    tag=TAG,
    scope="view",
    body=_BODY,
    answers={"201": answer("The saved query.", ref("SavedQuery"), _SAVED, links=leads_to(_OF_ONE, "id"))},
    errors=(*_DEFINITION_ERRORS, TooManySavedQueries, Conflict),
    writes=True,
)
_FIELDS = operation(
    "listFields",
    "What simple mode offers",
    "Fields to pick from, the operators that make sense for each, and what each operator wants as its value. Any other "
    "field of the query language may be used as well.",
    tag=TAG,
    scope="view",
    answers={
        "200": answer(
            "Fields and operators.",
            ref("Pickers"),
            {
                "fields": [
                    {
                        "field": "accessKeyId",
                        "label": "AccessKey ID",
                        "operators": ["is", "isOneOf"],
                        "example": "LTAI5tExample",
                    }
                ],
                "operators": [{"name": "is", "label": "is", "wants": "text"}],
            },
        )
    },
)
_GET = operation(
    "getSavedQuery",
    "Get a saved query",
    "With its text and its parameters.",
    tag=TAG,
    scope="view",
    parameters=(ID,),
    answers={"200": answer("The saved query.", ref("SavedQuery"), _SAVED)},
    errors=(SavedQueryNotFound, ObjectUnreadable),
)
_PUT = operation(
    "replaceSavedQuery",
    "Change a saved query",
    "Its owner and admins may. It stays its owner's.",
    tag=TAG,
    scope="view",
    parameters=({**ID, "example": _SAVED["id"]},),
    body=_BODY,
    answers={"200": answer("The saved query as it is now.", ref("SavedQuery"), _SAVED)},
    errors=(*_DEFINITION_ERRORS, SavedQueryNotFound, ObjectUnreadable),
    writes=True,
)
_DELETE = operation(
    "deleteSavedQuery",
    "Delete a saved query",
    "Its owner and admins may.",
    tag=TAG,
    scope="view",
    parameters=({**ID, "example": _SAVED["id"]},),
    answers={"200": answer("The saved query that was.", ref("SavedQuery"), _SAVED)},
    errors=(SavedQueryNotFound, ObjectUnreadable),
    writes=True,
)

PATHS: dict[str, Any] = {
    "/v1/saved-queries": {"get": _LIST, "post": _POST},
    "/v1/saved-queries/fields": {"get": _FIELDS},
    "/v1/saved-queries/{queryId}": {"get": _GET, "put": _PUT, "delete": _DELETE},
}
