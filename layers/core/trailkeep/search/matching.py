"""Which events are looked for: a window, places, filters and a condition, complete and free of whoever asks."""

from dataclasses import dataclass, replace

from trailkeep.access.principal import EVERYTHING, Principal
from trailkeep.lookup.filters import FILTERS, Filter, make_filter
from trailkeep.search.conditions import Condition

_NOWHERE = ("",)
"""A region that no event has."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What an event must be: within a half-open window in microseconds, and all of the rest as well.

    ``datasets`` are :data:`trailkeep.lake.partitions.EVENTS`, ``INSIGHTS`` or both; ``regions`` empty: all. Of
    ``filters``, which are lookup's, every one must hold, and so must ``condition``. ``newest_first`` is the order in
    which they are wanted.
    """

    start: int
    end: int
    datasets: tuple[str, ...]
    regions: tuple[str, ...]
    filters: tuple[Filter, ...]
    condition: Condition
    newest_first: bool = True


def narrowed(matching: Matching, who: Principal) -> Matching:
    """Of what is looked for, what its asker may see: the accounts and regions of the token."""
    if who.regions != EVERYTHING:
        asked = matching.regions or who.regions
        allowed = tuple(region for region in asked if region in who.regions)
        matching = replace(matching, regions=allowed or _NOWHERE)
    if who.accounts != EVERYTHING:
        accounts = make_filter("accountId", who.accounts, FILTERS)
        matching = replace(matching, filters=(*matching.filters, accounts))
    return matching
