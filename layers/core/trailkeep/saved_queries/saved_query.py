"""A saved query, as it is stored and as the API shows it."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from trailkeep.access.principal import Principal

SIMPLE, CUSTOM = "simple", "custom"
"""Made of conditions that were picked field by field, or written as text."""

Mode = Literal["simple", "custom"]
Kind = Literal["text", "number", "network"]
Connective = Literal["and", "or"]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Actor(msgspec.Struct, frozen=True, rename="camel"):
    """Who did something: a token, and the name that it was issued under."""

    token_id: str
    name: str


class Parameter(msgspec.Struct, frozen=True, rename="camel"):
    """What ``{{name}}`` in a query's text stands for. Without a default it has to be given when the query is run."""

    name: str
    kind: Kind = "text"
    default: str | None = None
    description: str = ""


class Condition(msgspec.Struct, frozen=True, rename="camel"):
    """A condition of simple mode: ``connective`` joins it to the one before. ``value`` as its operator wants it."""

    field: str
    operator: str
    value: str | tuple[str, ...] | None = None
    connective: Connective = "and"


class Definition(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What its owner says of a saved query. ``query`` is the text, in simple mode the one that the conditions make.

    ``start_time`` and ``end_time`` are RFC 3339 times, or relative to when the query is run: ``-7d``.
    """

    name: str
    description: str = ""
    mode: Mode
    query: str
    conditions: tuple[Condition, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    start_time: str | None = None
    end_time: str | None = None
    shared: bool = False


class SavedQuery(Definition, frozen=True, rename="camel", kw_only=True):
    """A definition with what became of it. A preset has a category, and neither owner nor times."""

    id: str
    preset: bool = False
    category: str | None = None
    created_at: Moment | None = None
    created_by: Actor | None = None
    updated_at: Moment | None = None
    updated_by: Actor | None = None

    def is_visible_to(self, who: Principal) -> bool:
        """Whether a token sees it at all: its owner's, any where it is shared, and an admin's."""
        return self.preset or self.shared or self.may_be_changed_by(who)

    def may_be_changed_by(self, who: Principal) -> bool:
        """Whether a token may change or delete it: its owner's and an admin's, of presets nobody's."""
        owner = self.created_by.token_id if self.created_by else None
        return not self.preset and (who.token_id == owner or "admin" in who.scopes)
