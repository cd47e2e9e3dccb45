"""Filters: a query parameter and its values → a condition on columns. Exact and case-sensitive, as in ActionTrail."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.errors import InvalidParameter
from trailkeep.events.addresses import Network, parse_address, parse_network
from trailkeep.lookup.sensitive import COLUMNS, EVENT_NAMES, is_sensitive

FILTERS: dict[str, tuple[str, ...]] = {
    "eventId": ("event_id",),
    "serviceName": ("service_name", "event_source"),
    "eventName": ("event_name",),
    "eventRW": ("event_rw",),
    "eventType": ("event_type",),
    "user": ("user_name",),
    "roleName": ("role_name",),
    "accessKeyId": ("access_key_id",),
    "accountId": ("account_id",),
    "resourceType": ("resource_types",),
    "resourceName": ("resource_names",),
    "sourceIpAddress": ("source_ip_address",),
    "errorCode": ("error_code",),
}
"""Parameters and the columns of which one must hold a value. CloudTrail's users know services by their host."""

INSIGHT_FILTERS: dict[str, tuple[str, ...]] = {
    "insightType": ("insight_type",),
    "insightObject": ("insight_object",),
    "state": ("insight_state",),
    "sourceIpAddress": ("source_ip_address", "insight_object"),
}
"""For Insights also, or instead: an unusual address is what they are about, nobody called from it to tell of it."""

SENSITIVE = "sensitive"
"""The parameter that is no column's: ``true`` for the operations of the list, ``false`` for all others."""

_LISTS = frozenset({"resource_types", "resource_names"})


class Keys(NamedTuple):
    """Columns with values, of which every row that a filter lets through has one; ``is_enough`` where that suffices."""

    pairs: tuple[tuple[str, str], ...]
    is_enough: bool


@dataclass(frozen=True, slots=True)
class Filter(ABC):
    """A condition on some columns of a row; ``excludes`` where it was asked for the opposite, by ``name!``."""

    parameter: str
    columns: tuple[str, ...]
    values: tuple[str, ...]
    excludes: bool

    def holds(self, table: pa.Table) -> pa.ChunkedArray:
        """For each row, whether the filter lets it through; never null."""
        found = self._found(table)
        return pc.invert(found) if self.excludes else found

    @property
    @abstractmethod
    def is_broad(self) -> bool:
        """Whether it leaves out but a few values, so that one place is as good as another to look for the rest."""

    @property
    @abstractmethod
    def keys(self) -> Keys | None:
        """What the rows that it lets through can be looked up by; None for nothing in particular."""

    @abstractmethod
    def _found(self, table: pa.Table) -> pa.ChunkedArray:
        """For each row, whether it has what was asked for."""


@dataclass(frozen=True, slots=True)
class ValueFilter(Filter):
    """One of ``columns`` holds one of ``values`` or, for addresses, lies in one of ``networks``; or just not.

    Every address among the values is a network as well: it is found in all its spellings.
    """

    networks: tuple[Network, ...] = ()

    @property
    def is_broad(self) -> bool:
        """What is left out are the values."""
        return self.excludes

    @property
    def keys(self) -> Keys | None:
        """The values, unless any address of a range would do."""
        if self.excludes or self._has_ranges:
            return None
        return Keys(tuple((column, value) for column in self.columns for value in self._texts), is_enough=True)

    @property
    def _texts(self) -> list[str]:
        """The values, and the addresses among them in their one spelling."""
        return sorted({*self.values, *(str(network.network_address) for network in self.networks)})

    @property
    def _has_ranges(self) -> bool:
        return any(network.num_addresses > 1 for network in self.networks)

    def _found(self, table: pa.Table) -> pa.ChunkedArray:
        found = None
        for column in self.columns:
            here = self._found_in(column, table.column(column))
            found = here if found is None else pc.or_(found, here)
        return found

    def _found_in(self, column: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
        if column in _LISTS:
            return _any_element(values, self.values)
        wanted = self._texts
        if self.networks:
            # IPv4 has one spelling, so that a single address of it may look otherwise only in IPv6's clothes.
            texts = values if self._has_ranges else values.filter(pc.match_substring(values, ":"))
            wanted += [text for text in pc.unique(texts).to_pylist() if text and self._contains(text)]
        return pc.is_in(values, value_set=pa.array(wanted, pa.string()))

    def _contains(self, text: str) -> bool:
        address = parse_address(text)
        return address is not None and any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class SensitiveFilter(Filter):
    """The operation is one of the list of sensitive ones, or is none: ``values`` are ``true``, ``false`` or both."""

    @property
    def is_broad(self) -> bool:
        """Most operations are not sensitive."""
        return ("false" in self.values) != self.excludes

    @property
    def keys(self) -> Keys | None:
        """The names of the operations; which service's they are is another matter."""
        if self.is_broad:
            return None
        names = EVENT_NAMES if ("true" in self.values) != self.excludes else ()
        return Keys(tuple(("event_name", name) for name in names), is_enough=False)

    def _found(self, table: pa.Table) -> pa.ChunkedArray:
        sensitive = is_sensitive(table)
        wanted = [value == "true" for value in self.values]
        return pc.is_in(sensitive, value_set=pa.array(wanted, pa.bool_()))


def make_filter(name: str, values: tuple[str, ...], known: Mapping[str, tuple[str, ...]]) -> Filter:
    """The filter for a parameter, ``name!`` for its opposite; :class:`InvalidParameter` for values that cannot be."""
    parameter = name.removesuffix("!")
    excludes = name != parameter
    values = tuple(sorted(set(values)))  # a question stays the same in whatever order its values come
    for value in values:
        _check_text(name, value)
    if parameter == SENSITIVE:
        if not set(values) <= {"true", "false"}:
            raise InvalidParameter(f"{name} must be true or false")
        return SensitiveFilter(parameter, COLUMNS, values, excludes)
    if parameter == "eventRW" and not set(values) <= {"Read", "Write"}:
        raise InvalidParameter("eventRW must be Read or Write")
    networks: tuple[Network, ...] = ()
    if parameter == "sourceIpAddress":
        networks = tuple(
            _network(name, value) for value in values if "/" in value or ":" in value or parse_address(value)
        )
    return ValueFilter(parameter, known[parameter], values, excludes, networks)


def _check_text(name: str, value: str) -> None:
    """Refuse what JSON can carry and UTF-8 cannot: half of a character. No event has it."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidParameter(f"{name} must be Unicode text") from None


def _network(name: str, value: str) -> Network:
    try:
        return parse_network(value)
    except ValueError:
        raise InvalidParameter(f"{name} must be an address, a CIDR range such as 10.0.0.0/8, or a service") from None


def _any_element(lists: pa.ChunkedArray, wanted: tuple[str, ...]) -> pa.ChunkedArray:
    """Whether a list holds one of the wanted texts."""
    value_set = pa.array(wanted, pa.string())
    chunks = []
    for chunk in lists.chunks:
        rows = pc.unique(pc.list_parent_indices(chunk).filter(pc.is_in(pc.list_flatten(chunk), value_set=value_set)))
        chunks.append(pc.is_in(pa.array(range(len(chunk)), pa.int64()), value_set=rows))
    return pa.chunked_array(chunks, pa.bool_())
