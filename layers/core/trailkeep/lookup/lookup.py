"""Lookup: a question, and who asks it → the answer of ``GET /v1/events``, and one event by its ID."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import unquote

import msgspec

from trailkeep.access.principal import EVERYTHING, Principal
from trailkeep.errors import EventNotFound, StorageUnavailable
from trailkeep.events.timestamps import from_micros, to_micros
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.lookup.candidates import Row
from trailkeep.lookup.completeness import completeness
from trailkeep.lookup.cursor import CursorSigner
from trailkeep.lookup.filters import FILTERS, make_filter
from trailkeep.lookup.histogram import buckets, count
from trailkeep.lookup.histogram_question import parse_histogram
from trailkeep.lookup.operator_view import operator_row
from trailkeep.lookup.oversized import is_oversized, link_to, stand_in
from trailkeep.lookup.page import read_page, visible_before
from trailkeep.lookup.question import Question, parse_question
from trailkeep.lookup.regions import read_regions, regions_of
from trailkeep.named import refuse_unknown

Parameters = Mapping[str, Sequence[str]]
Clock = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """An event as the text that it is, or a link to it where it is too large for an answer."""

    event: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The capability: the lake it reads and the key its cursors are signed with. One for the life of a function."""

    bucket: Bucket
    lake: Lake
    cursor_key: bytes

    def events(self, parameters: Parameters, who: Principal, now: datetime, out_of_time: Clock) -> str:
        """The JSON answer of ``GET /v1/events``: events as they are stored, ``nextToken``, ``completeness``."""
        return self._list(EVENTS, "events", parameters, who, now, out_of_time)

    def insights(self, parameters: Parameters, who: Principal, now: datetime, out_of_time: Clock) -> str:
        """The JSON answer of ``GET /v1/insights``: as :meth:`events`, over the Insights."""
        return self._list(INSIGHTS, "insights", parameters, who, now, out_of_time)

    def histogram(self, parameters: Parameters, who: Principal, now: datetime, out_of_time: Clock) -> str:
        """The JSON answer of ``GET /v1/histogram``: counts by bucket of time and by value, and ``completeness``."""
        asked = parse_histogram(parameters, now)
        asked = replace(asked, question=_narrowed(asked.question, who))
        as_of = visible_before(to_micros(now))
        counts, reading = count(self.lake, asked, as_of, now, out_of_time)
        stated = completeness(self.bucket, reading, to_micros(as_of), who)
        return msgspec.json.encode({"histogram": buckets(asked, counts), "completeness": stated}).decode()

    def regions(self, parameters: Parameters, who: Principal, now: datetime, out_of_time: Clock) -> str:
        """The JSON answer of ``GET /v1/regions``: those with events that the asker may see, and ``completeness``."""
        refuse_unknown(parameters, (), kind="parameter")
        as_of = visible_before(to_micros(now))
        found, reading = read_regions(self.lake, None if who.regions == EVERYTHING else who.regions, as_of, now)
        if who.accounts != EVERYTHING:
            accounts = make_filter("accountId", who.accounts, FILTERS)
            found, own = regions_of(self.lake, found, accounts, as_of, now, out_of_time)
            reading.also(own.failures)
        stated = completeness(self.bucket, reading, to_micros(as_of), who)
        return msgspec.json.encode({"regions": [each.as_json() for each in found], "completeness": stated}).decode()

    def event(self, event_id: str, who: Principal, now: datetime, out_of_time: Clock) -> Found:
        """The event with this ID, as it is stored; of several with the ID, the newest.

        Raises :class:`EventNotFound`; :class:`StorageUnavailable` where it could not be looked for everywhere.
        """
        question = Question(
            start=0,
            end=to_micros(now + timedelta(days=2)),
            regions=(),
            newest_first=True,
            max_results=1,
            # Gateways differ in whether they decode a path.
            filters=(make_filter("eventId", (event_id, unquote(event_id)), FILTERS),),
        )
        allowed = _narrowed(question, who)
        page = read_page(self.lake, EVENTS, allowed, None, visible_before(to_micros(now)), now, out_of_time)
        if page.rows:
            row = page.rows[0]
            return Found(None, link_to(self.bucket, row)) if is_oversized(row) else Found(row.event, None)
        if page.reading.failures or page.ended_at:
            raise StorageUnavailable("the event could not be looked for everywhere", hint="Try again in a moment.")
        raise EventNotFound(f"no event has the ID {event_id[:128]}")

    def _list(
        self, dataset: str, name: str, parameters: Parameters, who: Principal, now: datetime, out_of_time: Clock
    ) -> str:
        question, token = parse_question(parameters, now, insights=dataset == INSIGHTS)
        signer = CursorSigner(self.cursor_key, who.token_id, dataset)
        as_of = to_micros(visible_before(to_micros(now)))
        behind = None
        if token is not None:
            question, behind, as_of = signer.read(token, question)
        allowed = _narrowed(question, who)
        page = read_page(self.lake, dataset, allowed, behind, from_micros(as_of), now, out_of_time)
        next_token = signer.write(question, page.ended_at, as_of) if page.ended_at else None
        events = [self._shown(row, question.is_operator_view) for row in page.rows]
        return _answer(name, events, next_token, completeness(self.bucket, page.reading, as_of, who))

    def _shown(self, row: Row, is_operator_view: bool) -> str:
        """An event as it stands in an answer."""
        if is_operator_view:
            return msgspec.json.encode(operator_row(row.time, row.event)).decode()
        return stand_in(self.bucket, row) if is_oversized(row) else row.event


def _narrowed(question: Question, who: Principal) -> Question:
    """The question within what its asker may see."""
    if who.regions != EVERYTHING:
        asked = question.regions or who.regions
        question = replace(question, regions=tuple(region for region in asked if region in who.regions) or ("",))
    if who.accounts != EVERYTHING:
        accounts = make_filter("accountId", who.accounts, FILTERS)
        question = replace(question, filters=(*question.filters, accounts))
    return question


def _answer(name: str, events: Sequence[str], next_token: str | None, completeness: dict[str, object]) -> str:
    """Events go into the answer as the texts that they are: verbatim, and never parsed on the way."""
    token = f',"nextToken":{msgspec.json.encode(next_token).decode()}' if next_token else ""
    return f'{{"{name}":[{",".join(events)}]{token},"completeness":{msgspec.json.encode(completeness).decode()}}}'
