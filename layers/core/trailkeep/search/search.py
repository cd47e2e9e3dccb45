"""Searching: a body of ``POST /v1/search``, and who asks → an answer, or the job that will find one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import msgspec

from trailkeep.access.budget import charge, demand_some, give_back, left, spend
from trailkeep.access.principal import Principal
from trailkeep.errors import AccessDenied, JobUnfinished, TrailkeepError
from trailkeep.events.timestamps import from_micros, to_micros
from trailkeep.jobs.description import describe
from trailkeep.jobs.idempotency import Idempotency
from trailkeep.jobs.job import Job, Tally
from trailkeep.jobs.lifecycle import claimed, succeeded
from trailkeep.jobs.ordering import begin, order
from trailkeep.jobs.store import JobStore
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lookup.completeness import completeness
from trailkeep.lookup.cursor import CursorSigner
from trailkeep.lookup.oversized import is_oversized, stand_in
from trailkeep.search.engines import Choice, Thresholds, choose
from trailkeep.search.estimate import Estimate, estimate, price
from trailkeep.search.inquiry import Inquiry, understand
from trailkeep.search.page import read_matches
from trailkeep.search.results import files_in, result_of, shown
from trailkeep.search.stored_rows import first_rows, place_in, read_rows, rows_token, store_rows

if TYPE_CHECKING:
    from trailkeep.sql.statement import Statement

Clock = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON text, and the status that it is answered with."""

    text: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Search:
    """The capability: one for the life of a function."""

    lake: Lake
    jobs: JobStore
    cursor_key: bytes
    thresholds: Thresholds
    dollars_per_tb: float
    has_athena: bool

    def answer(
        self,
        body: Mapping[str, Any],
        who: Principal,
        now: datetime,
        out_of_time: Clock,
        idempotency: Idempotency | None = None,
    ) -> Answer:
        """The answer to a search.

        Without SQL the page of events that match; with SQL its rows, of which ``nextToken`` gives the next ones; for
        ``dryRun`` what it would read. 202 and a job where it takes longer than an answer may. Raises the errors of
        :func:`understand`, :class:`EngineUnavailable`, :class:`QueryFailed` and :class:`ScanBudgetExceeded`.
        """
        asked = understand(body, who, now)
        has_rows = asked.statement is not None or asked.request.engine == "athena"
        if has_rows and (token := asked.request.next_token) is not None:
            return self._stored_page(asked, token, who, now)
        if not (has_rows or asked.request.dry_run):
            return self._page(asked, who, now, out_of_time)
        size = estimate(self.lake, asked.matching, asked.as_of, now)
        engine = choose(
            asked.request.engine,
            size.bytes,
            self.thresholds,
            has_sql=asked.statement is not None,
            has_athena=self.has_athena,
        )
        if asked.request.dry_run:
            return self._cost(size, engine, asked, who, now)
        spend(self.lake.bucket, who, size.bytes, now)
        if engine == "request" and asked.statement is not None:
            answer = self._rows(asked, asked.statement, body, size, who, now, out_of_time)
            if answer is not None:
                return answer
        return self._job(body, engine, size.bytes, who, now, idempotency)

    # Events

    def _page(self, asked: Inquiry, who: Principal, now: datetime, out_of_time: Clock) -> Answer:
        """A page of events. Of a budget it costs what it read, since how much that is, only reading tells."""
        question, matching, as_of, behind = asked.request.question, asked.matching, to_micros(asked.as_of), None
        signer = CursorSigner(self.cursor_key, who.token_id, f"search\0{asked.request.query}")
        if asked.request.next_token is not None:
            question, behind, as_of = signer.read(asked.request.next_token, question)
            matching = replace(matching, start=question.start, end=question.end)
        bucket = self.lake.bucket
        demand_some(bucket, who, now)
        page = read_matches(self.lake, matching, behind, question.max_results, from_micros(as_of), now, out_of_time)
        charge(bucket, who, page.reading.bytes, now)
        events = [(stand_in(bucket, row) if is_oversized(row) else row.event).encode() for row in page.rows]
        token = signer.write(question, page.ended_at, as_of) if page.ended_at else None
        return _listed("events", events, token, {"completeness": self._stated(page.reading, as_of, who)})

    # Rows

    def _rows(
        self,
        asked: Inquiry,
        statement: "Statement",
        body: Mapping[str, Any],
        size: Estimate,
        who: Principal,
        now: datetime,
        out_of_time: Clock,
    ) -> Answer | None:
        """The rows of SQL, found within the request; None where there is not enough time."""
        from trailkeep.search.selection import LIMITS, select

        reading = Reading()
        try:
            selected = select(self.lake, asked.matching, statement, asked.as_of, now, reading, out_of_time, LIMITS)
        except TrailkeepError:
            give_back(self.lake.bucket, who, size.bytes - reading.bytes, now)
            raise
        if selected is None:
            return None
        give_back(self.lake.bucket, who, size.bytes - reading.bytes, now)
        stated = self._stated(reading, to_micros(asked.as_of), who)
        result = result_of("embedded", "rows", selected, stated)
        first = first_rows(selected.rows, asked.request.question.max_results)
        if len(first) == len(selected.rows):
            return _listed("rows", first, None, shown(result))
        job = self._finished(body, selected.rows, result, who, now)
        token = rows_token(self.cursor_key, _bound(asked, who), job.id, len(first))
        return _listed("rows", first, token, {"job": job.id, **shown(result)})

    def _stored_page(self, asked: Inquiry, next_token: str, who: Principal, now: datetime) -> Answer:
        """A further page of rows, as they were stored when the first one was asked for."""
        bound = _bound(asked, who)
        job_id, place = place_in(self.cursor_key, bound, next_token)
        job = self.jobs.read_for(job_id, who, now)
        if job.result is None:
            raise JobUnfinished(f"the rows are not there, the job is {job.state}")
        if not job.result_may_be_seen_by(who):
            raise AccessDenied("the rows were found for a token that may see more")
        most = asked.request.question.max_results
        page = read_rows(self.lake.bucket, job.results, files_in(job.result), place, most)
        token = None if page.next is None else rows_token(self.cursor_key, bound, job_id, page.next)
        return _listed(job.result["list"], page.rows, token, {"job": job_id, **shown(job.result)})

    def _finished(
        self, body: Mapping[str, Any], rows: Sequence[bytes], result: Mapping[str, Any], who: Principal, now: datetime
    ) -> Job:
        """A job that is done already, so that its rows are kept, paged, linked and deleted as those of any other."""
        require_conditional_writes(self.lake.bucket)
        job = self.jobs.create("search", {**body, "engine": "embedded"}, who, "view", now)
        owner = token_hex(8)
        self.jobs.change(job.id, lambda job: claimed(job, owner, now))
        files = store_rows(self.lake.bucket, job.results, rows)
        stored = {**result, "rowCount": len(rows), "files": msgspec.to_builtins(files)}
        return self.jobs.change(job.id, lambda job: succeeded(job, owner, now, Tally(1.0, len(rows)), stored))

    # Jobs

    def _job(
        self,
        body: Mapping[str, Any],
        engine: Choice,
        paid: int,
        who: Principal,
        now: datetime,
        idempotency: Idempotency | None,
    ) -> Answer:
        """A job that will find the rows, for which so many bytes of a budget were taken."""
        require_conditional_writes(self.lake.bucket)
        request = {**body, "engine": "athena" if engine == "athena" else "embedded"}
        job = order(self.jobs, "search", request, who, "view", now, paid=paid, idempotency=idempotency)
        begin(job)
        return Answer(msgspec.json.encode({"job": describe(job, self.jobs.retention)}).decode(), 202)

    def _cost(self, size: Estimate, engine: Choice, asked: Inquiry, who: Principal, now: datetime) -> Answer:
        """What a search would read at most, and what that would cost by Athena's price, whichever engine it is."""
        reading = Reading()
        stated = self._stated(reading, to_micros(asked.as_of), who)
        cost = {
            "dryRun": True,
            "engine": "athena" if engine == "athena" else "embedded",
            "runsAsJob": engine != "request",
            "partitions": size.partitions,
            "objects": size.objects,
            "bytes": size.bytes,
            "estimatedPrice": {"amount": round(price(size.bytes, self.dollars_per_tb), 6), "currency": "USD"},
            "scanBudgetLeft": left(self.lake.bucket, who, now),
            "completeness": stated,
        }
        return Answer(msgspec.json.encode(cost).decode())

    def _stated(self, reading: Reading, as_of: int, who: Principal) -> dict[str, object]:
        return completeness(self.lake.bucket, reading, as_of, who)


def _bound(asked: Inquiry, who: Principal) -> bytes:
    """What a token for rows is good for: this search, by this token."""
    question = asked.request.question
    same = (asked.request.query, question.regions, question.newest_first, question.asked_window)
    return f"rows\0{who.token_id}\0".encode() + sha256(repr(same).encode()).digest()


def _listed(name: str, items: Sequence[bytes], next_token: str | None, rest: Mapping[str, object]) -> Answer:
    """An answer around items that are JSON already: they go into it verbatim."""
    token = f',"nextToken":{msgspec.json.encode(next_token).decode()}' if next_token else ""
    others = msgspec.json.encode(rest).decode()[1:-1]
    return Answer(f'{{"{name}":[{b",".join(items).decode()}]{token},{others}}}')
