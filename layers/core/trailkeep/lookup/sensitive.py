"""Sensitive operations: those that a security engineer wants to hear of, whoever calls them and however they end.

Which they are is data: ``sensitive.json``, which docs/lookup.md says how to extend.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

COLUMNS = ("event_name", "service_name", "event_source", "user_name")
"""What tells whether an operation is sensitive."""

LIST = Path(__file__).with_name("sensitive.json")

_APART = "\n"
"""Between a service, an operation and a user: in none of those that are listed, so that no others read as one."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations by the service that they are of; if ``users`` are named, sensitive only where one of them calls."""

    why: str
    operations: dict[str, tuple[str, ...]]
    users: tuple[str, ...] = ()


def read_groups(text: bytes) -> tuple[Group, ...]:
    """The groups of a list. Raises :class:`msgspec.ValidationError` for what is none."""
    return msgspec.json.decode(text, type=tuple[Group, ...])


GROUPS = read_groups(LIST.read_bytes())

EVENT_NAMES = tuple(sorted({name for group in GROUPS for names in group.operations.values() for name in names}))
"""The names of all sensitive operations, whichever service's they are."""


def services_of(listed: str) -> tuple[str, ...]:
    """What events call a service of the list: CloudTrail's stand there by their host, which events may shorten."""
    label, _, domain = listed.partition(".")
    return (listed, label) if domain == "amazonaws.com" else (listed,)


def is_sensitive(table: pa.Table) -> pa.ChunkedArray:
    """For each row of a table with :data:`COLUMNS`, whether its operation is a sensitive one; never null.

    Names count as they are written. A service may stand in ``service_name`` or ``event_source``.
    """
    listed = _listed()
    named = pc.is_in(table.column("event_name"), value_set=listed.names).combine_chunks()
    likely = table.select(COLUMNS).filter(named)  # few: the rest need not be put together and compared
    found = pa.array([False] * len(likely), pa.bool_())
    for column in ("service_name", "event_source"):
        called = pc.binary_join_element_wise(likely.column(column), likely.column("event_name"), _APART)
        by_user = pc.binary_join_element_wise(called, likely.column("user_name"), _APART)
        here = pc.or_(pc.is_in(called, value_set=listed.by_anybody), pc.is_in(by_user, value_set=listed.by_users))
        found = pc.or_(found, here.combine_chunks())
    return pa.chunked_array([pc.replace_with_mask(named, named, found)], pa.bool_())


class _Listed(NamedTuple):
    names: pa.Array
    by_anybody: pa.Array
    by_users: pa.Array


@cache
def _listed() -> _Listed:
    joined = (sorted(_joined(restricted)) for restricted in (False, True))
    return _Listed(*(pa.array(texts, pa.string()) for texts in (EVENT_NAMES, *joined)))


def _joined(restricted: bool) -> Iterator[str]:
    """The operations of the groups with users, or of those without, each in every way that events may call it."""
    for group in GROUPS:
        if bool(group.users) is restricted:
            for service, names in group.operations.items():
                for parts in product(services_of(service), names, group.users or (None,)):
                    yield _APART.join(part for part in parts if part is not None)
