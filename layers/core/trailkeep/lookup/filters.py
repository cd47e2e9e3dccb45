"""Filters: a query parameter and its values → a condition on columns. Exact and case-sensitive, as in ActionTrail."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.errors import InvalidParameter

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

_LISTS = frozenset({"resource_types", "resource_names"})


@dataclass(frozen=True, slots=True)
class Filter:
    """One of ``columns`` holds one of ``values`` or, for addresses, lies in one of ``networks``; or just not."""

    parameter: str
    columns: tuple[str, ...]
    values: tuple[str, ...]
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    excludes: bool

    def holds(self, table: pa.Table) -> pa.ChunkedArray:
        """For each row, whether the filter lets it through; never null."""
        found = None
        for column in self.columns:
            here = self._holds_in(column, table.column(column))
            found = here if found is None else pc.or_(found, here)
        return pc.invert(found) if self.excludes else found

    def _holds_in(self, column: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
        if column in _LISTS:
            return _any_element(values, self.values)
        wanted = list(self.values)
        if self.networks:
            wanted += [text for text in pc.unique(values).to_pylist() if text and self._contains(text)]
        return pc.is_in(values, value_set=pa.array(wanted, pa.string()))

    def _contains(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self.networks)


def make_filter(name: str, values: tuple[str, ...], known: Mapping[str, tuple[str, ...]]) -> Filter:
    """The filter for a parameter, ``name!`` for its opposite; :class:`InvalidParameter` for values that cannot be."""
    parameter = name.removesuffix("!")
    values = tuple(sorted(set(values)))  # a question stays the same in whatever order its values come
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    if parameter == "eventRW" and not set(values) <= {"Read", "Write"}:
        raise InvalidParameter("eventRW must be Read or Write")
    if parameter == "sourceIpAddress":
        networks = tuple(_network(name, value) for value in values if "/" in value or ":" in value)
    return Filter(parameter, known[parameter], values, networks, name != parameter)


def _network(name: str, value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A CIDR range, or an IPv6 address in whichever of its spellings."""
    try:
        return ipaddress.ip_network(value, strict=False)
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
