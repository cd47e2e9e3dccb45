"""The lake asked as the query function asks it: `python -m tests.benchmarks.reader` answers one question.

A process for each question, so that nothing is known from before. What a function does before its first request
(imports, making its client) is done before the clock starts; no connection is open then, nothing is cached.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import msgspec

from tests.benchmarks.memory import peak_bytes
from tests.benchmarks.peer import LONGEST, ROOT
from tests.benchmarks.questions import COUNT, EVENT, Answer, Question, Source, counts_digest, digest
from tests.benchmarks.searching import search
from trailkeep.access.principal import Principal
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.lookup.lookup import Lookup


class CannotAnswer(RuntimeError):
    """The lake failed to answer, or cannot answer such questions yet."""


def ask(source: Source, question: Question) -> Answer:
    """What the lake answers, asked in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.reader"],
        input=json.dumps({"bucket": source.bucket, "question": asdict(question)}),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **source.environment, "PYTHONPATH": f"{ROOT / 'layers/core'}:{ROOT}"},
        timeout=LONGEST,
    )
    if done.returncode:
        raise CannotAnswer(done.stderr[-2_000:])
    return Answer(**json.loads(done.stdout))


def _answer(bucket_name: str, question: Question) -> Answer:
    bucket = Bucket(bucket_name)
    bucket.link("nothing", 1)  # makes the client, sends nothing
    if question.search:
        return search(Lake(bucket), question)
    lookup = Lookup(bucket, Lake(bucket), b"k" * 32)
    who = Principal("bench", "bench", frozenset({"view"}))
    now = datetime.now(UTC)
    started = time.perf_counter()
    if question.kind == COUNT:
        body = lookup.histogram({**_parameters(question), "field": ["sourceIpAddress"]}, who, now, lambda: False)
        seconds = time.perf_counter() - started
        (counted,) = msgspec.json.decode(body)["histogram"]
        found = counts_digest(counted["values"], counted.get("others", 0))
        return Answer(seconds, len(counted["values"]), found, peak_bytes())
    if question.kind == EVENT:
        event = lookup.event(question.filters["eventId"], who, now, lambda: False)
        texts = [event.event or ""]
        seconds = time.perf_counter() - started
    else:
        body = lookup.events({**_parameters(question), "maxResults": [str(question.limit)]}, who, now, lambda: False)
        seconds = time.perf_counter() - started
        page = msgspec.json.decode(body, type=_Page)
        if not page.completeness["complete"]:
            raise CannotAnswer(f"the page is not complete: {page.completeness}")
        texts = [bytes(event).decode() for event in page.events]
    return Answer(seconds, len(texts), digest(texts), peak_bytes())


def _parameters(question: Question) -> dict[str, list[str]]:
    first, last = (date.fromisoformat(day) for day in question.days)
    return {
        **{name: [value] for name, value in question.filters.items()},
        "startTime": [f"{first}T00:00:00Z"],
        "endTime": [f"{last + timedelta(days=1)}T00:00:00Z"],
        "region": list(question.regions) or ["*"],
    }


class _Page(msgspec.Struct):
    events: list[msgspec.Raw]
    completeness: dict[str, object]


if __name__ == "__main__":
    request = json.loads(sys.stdin.read())
    asked = {**request["question"], "days": tuple(request["question"]["days"])}
    print(json.dumps(asdict(_answer(request["bucket"], Question(**asked)))))
