"""Filters over Insights: what one is about is its object, or stands in its attributions among what the calls had.

An Insight has no service, event, address or key of its own: nobody called it. It is of all those that it tells of.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from trailkeep.events.addresses import Network, parse_network
from trailkeep.lookup.filters import FILTERS, INSIGHT_FILTERS, Filter, Keys, ValueFilter, make_filter


class Told(NamedTuple):
    """Where an Insight tells of a value: the attribution, what its texts begin with, and the side of their colon."""

    attribution: str
    prefix: str = ""
    side: int | None = None

    def of(self, text: str) -> str | None:
        """The value in a text of the attribution; None where it is of another kind."""
        if not text.startswith(self.prefix):
            return None
        text = text.removeprefix(self.prefix)
        if self.side is None:
            return text
        sides = text.split(":", 1)
        return sides[self.side] if len(sides) > 1 else None


TOLD: dict[str, Told] = {
    "serviceName": Told("apiRelated", side=0),
    "eventName": Told("apiRelated", side=1),
    "sourceIpAddress": Told("sourceIpAddress"),
    "accessKeyId": Told("accessKeyId"),
    "user": Told("principalId", "user/"),
    "roleName": Told("principalId", "role/"),
    "errorCode": Told("errorCode"),
}
"""The parameters that look into Insights as well as at their columns."""

_HOST = ".amazonaws.com"
_COLUMNS = ("insight_object", "event")


@dataclass(frozen=True, slots=True)
class AboutFilter(Filter):
    """The columns hold what is asked for, or the Insight is about it."""

    own: Filter
    told: Told
    networks: tuple[Network, ...] = ()

    @property
    def is_broad(self) -> bool:
        """What is left out is what is about the values."""
        return self.excludes

    @property
    def keys(self) -> Keys | None:
        """None: what is inside of Insights is in no index."""
        return None

    def _found(self, table: pa.Table) -> pa.ChunkedArray:
        by_columns = self.own.holds(table).to_pylist()
        rows = zip(by_columns, *(table.column(name).to_pylist() for name in _COLUMNS), strict=True)
        found = [here or self._is_about(subject, event) for here, subject, event in rows]
        return pa.chunked_array([pa.array(found, pa.bool_())])

    def _is_about(self, subject: str | None, event: str | None) -> bool:
        return any(self._matches(each) for each in self._texts(subject, event))

    def _texts(self, subject: str | None, event: str | None) -> Iterator[str]:
        if subject is not None:
            yield subject
            yield from filter(None, [self.told.of(subject)])
        for text in _attributed(event, self.told.attribution):
            if (value := self.told.of(text)) is not None:
                yield value

    def _matches(self, text: str) -> bool:
        if text in self.values:
            return True
        return bool(self.networks) and (network := _network(text)) is not None and self._meets(network)

    def _meets(self, network: Network) -> bool:
        """Whether an address, or a network that is told of as a whole, has addresses in common with what is asked."""
        return any(network.version == asked.version and network.overlaps(asked) for asked in self.networks)


def make_insight_filter(name: str, values: tuple[str, ...]) -> Filter:
    """The filter for a parameter of ``GET /v1/insights``; :class:`InvalidParameter` for values that cannot be."""
    known: Mapping[str, tuple[str, ...]] = {**FILTERS, **INSIGHT_FILTERS}
    parameter = name.removesuffix("!")
    if parameter not in TOLD:
        return make_filter(name, values, known)
    own = replace(make_filter(name, values, known), excludes=False)
    networks = own.networks if isinstance(own, ValueFilter) else ()
    columns = tuple(dict.fromkeys((*own.columns, *_COLUMNS)))
    return AboutFilter(parameter, columns, _services(own), name != parameter, own, TOLD[parameter], networks)


def _services(own: Filter) -> tuple[str, ...]:
    """The values; of a host of CloudTrail's also the name of its service, by which Insights tell of it."""
    if own.parameter != "serviceName":
        return own.values
    names = (value.removesuffix(_HOST) for value in own.values if value.endswith(_HOST))
    return tuple(dict.fromkeys((*own.values, *names)))


def _network(text: str) -> Network | None:
    try:
        return parse_network(text)
    except ValueError:
        return None


def _attributed(event: str | None, attribution: str) -> Iterator[str]:
    """The values of an attribution in the Insight, not in its baseline; none for what is no Insight of ours."""
    context = _members(_members(_parsed(event), "insightDetails"), "insightContext")
    for each in _listed(context, "attributions"):
        # CloudTrail's own Insights say "attribute".
        if isinstance(each, dict) and attribution in (each.get("attribution"), each.get("attribute")):
            for value in _listed(each, "insight"):
                if isinstance(value, dict) and isinstance(value.get("value"), str):
                    yield value["value"]


def _parsed(event: str | None) -> Any:
    try:
        return msgspec.json.decode(event or "null")
    except (msgspec.DecodeError, RecursionError):
        return None


def _members(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _listed(value: Any, name: str) -> Iterable[Any]:
    found = _members(value, name)
    return found if isinstance(found, list) else ()
