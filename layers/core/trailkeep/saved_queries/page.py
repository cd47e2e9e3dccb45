"""Pages of the list of saved queries: one's own and shared ones in the order of their creation, then the presets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from trailkeep.access.principal import Principal
from trailkeep.errors import InvalidNextToken, ObjectNotFound, ObjectUnreadable
from trailkeep.events.timestamps import format_time
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.storage import Bucket, Stat
from trailkeep.named import DEFAULT_RESULTS, parse_page
from trailkeep.saved_queries.presets import presets
from trailkeep.saved_queries.saved_query import SavedQuery
from trailkeep.saved_queries.store import SAVED_QUERIES, decode, id_in, key_of

_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page: queries whose names contain ``name``, whatever its case, at most so many, behind this ID."""

    name: str = ""
    most: int = DEFAULT_RESULTS
    behind: str | None = None


@dataclass(slots=True)
class SavedQueryPage:
    """Some saved queries, the token of the next page, and what could not be read."""

    saved_queries: list[SavedQuery] = field(default_factory=list)
    next_token: str | None = None
    failures: list[dict[str, str]] = field(default_factory=list)

    def as_json(self, now: datetime) -> dict[str, object]:
        """The answer of ``GET /v1/saved-queries``."""
        completeness = {"complete": not self.failures, "asOf": format_time(now), "failures": self.failures}
        token = {"nextToken": self.next_token} if self.next_token else {}
        return {"savedQueries": self.saved_queries, **token, "completeness": completeness}


def parse_wanted(parameters: Mapping[str, Sequence[str]]) -> Wanted:
    """The page that query parameters ask for. Raises :class:`InvalidParameter` or :class:`InvalidNextToken`."""
    most, behind = parse_page(parameters, "name")
    if behind is not None and behind not in presets() and id_in(key_of(behind)) is None:
        raise InvalidNextToken("nextToken is damaged")
    return Wanted(parameters.get("name", ("",))[0].lower(), most, behind)


def list_saved_queries(lake: Bucket, wanted: Wanted, who: Principal) -> SavedQueryPage:
    """A page of what ``who`` sees."""
    page = SavedQueryPage()
    seen = (saved for saved in _all(lake, wanted.behind, page) if saved.is_visible_to(who))
    found = list(islice((saved for saved in seen if wanted.name in saved.name.lower()), wanted.most + 1))
    page.saved_queries = found[: wanted.most]
    page.next_token = found[wanted.most - 1].id if len(found) > wanted.most else None
    return page


def _all(lake: Bucket, behind: str | None, page: SavedQueryPage) -> Iterator[SavedQuery]:
    """Every saved query and preset behind an ID, in the order of IDs: those of presets come last."""
    behind = behind or ""
    if behind not in presets():
        yield from _stored(lake, key_of(behind) if behind else "", page)
    yield from (preset for preset_id, preset in sorted(presets().items()) if preset_id > behind)


def _stored(lake: Bucket, after: str, page: SavedQueryPage) -> Iterator[SavedQuery]:
    def read(stat: Stat) -> SavedQuery | dict[str, str] | None:
        try:
            return decode(stat.key, lake.get(stat.key))
        except ObjectUnreadable as error:
            return {"object": stat.key, "reason": error.message}
        except ObjectNotFound:
            return None  # it was deleted meanwhile

    stats = (stat for listing in lake.pages(SAVED_QUERIES, after=after) for stat in listing.objects if id_in(stat.key))
    while some := list(islice(stats, _AT_ONCE)):
        for each in in_parallel(read, some):
            if isinstance(each, SavedQuery):
                yield each
            elif each is not None:
                page.failures.append(each)
