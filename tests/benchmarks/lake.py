"""Lakes to ask questions of: generated events, delivered, compacted and indexed by the project's own code on SeaweedFS.

A lake stays in its folder under ``build/bench`` and is used again until its size or the code that wrote it changes.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.benchmarks import peer
from tests.benchmarks.cast import COMMON_SERVICE
from tests.benchmarks.events import days_of
from tests.benchmarks.plan import Plan
from tests.benchmarks.questions import Source
from tests.benchmarks.work import LAKE, LANDING, PEERS, compact_partition, deliver_day, publish, workers
from tests.faults.seaweed import SeaweedFS

_CODE = Path(__file__).resolve().parents[2] / "layers/core/trailkeep"
_WRITERS = ("delivery.py", "schema.py", "events", "lake", "compaction", "index")
"""What a lake that stands depends on, below the code: other changes let it stand."""
_GENERATORS = ("cast.py", "events.py", "lake.py", "work.py", "peers/layout.py", "peers/facts.py")


@dataclass(frozen=True, slots=True)
class Built:
    """A lake on its running server, with what building it took (seconds by step), sizes, and values to ask for."""

    plan: Plan
    environment: Mapping[str, str]
    seconds: Mapping[str, float]
    sizes: Mapping[str, int]
    facts: Mapping[str, str]

    def ours(self) -> Source:
        """The lake as the project wrote it."""
        return Source(LAKE, self.environment)

    def peers(self) -> Source:
        """The same events as the peers read them: in their own layout, if there is a copy."""
        return Source(PEERS if self.plan.is_copied else LAKE, self.environment)


@contextmanager
def standing(plan: Plan, folder: Path) -> Iterator[Built]:
    """The lake of a plan, on a server that runs until the end of the block."""
    home = folder / f"{plan.name}-{_version(plan)}"
    for other in folder.glob(f"{plan.name}-*"):
        if other != home:
            shutil.rmtree(other)
    finished = home / "built.json"
    if home.exists() and not finished.exists():
        shutil.rmtree(home)
    server = SeaweedFS(home)
    server.start()
    try:
        if finished.exists():
            with workers(server.environment) as pool:
                pool.submit(publish, datetime.now(UTC)).result()  # as its schedule would have done meanwhile
        else:
            built = _build(plan, server)
            finished.write_text(json.dumps({"seconds": built[0], "sizes": built[1], "facts": built[2]}))
        yield Built(plan, server.environment, **json.loads(finished.read_text()))
    finally:
        server.stop()


def _build(plan: Plan, server: SeaweedFS) -> tuple[dict[str, float], dict[str, int], dict[str, str]]:
    client = server.client()
    for bucket in (LANDING, LAKE, PEERS):
        client.create_bucket(Bucket=bucket)
    seconds: dict[str, float] = {}
    environment = server.environment
    places = plan.partitions()
    started = time.perf_counter()
    with workers(environment) as pool:
        landed = sum(pool.map(deliver_day, *zip(*[(plan, *place) for place in places], strict=True)))
        seconds["generate and deliver"] = time.perf_counter() - started
        started = time.perf_counter()
        peaks = list(pool.map(compact_partition, places))
        seconds["compact"] = time.perf_counter() - started
    started = time.perf_counter()
    with workers(environment) as pool:
        published, peak = pool.submit(publish, datetime.now(UTC)).result()
    seconds["index"] = time.perf_counter() - started
    if published["rows"] != plan.events or published["pending"]:
        raise RuntimeError(f"the index is not of the whole lake: {published}")
    _let_rest(client)
    if plan.is_copied:
        started = time.perf_counter()
        partitions = [f"region={region}/date={day}" for region, day in places]
        rows = peer.run("layout", Source(LAKE, environment), {"partitions": partitions, "target": PEERS})
        if rows != plan.events:
            raise RuntimeError(f"{plan.events} events were delivered, and the lake holds {rows}")
        seconds["copy for the peers"] = time.perf_counter() - started
    middle = days_of(plan.days)[plan.days // 2].isoformat()
    facts = peer.run("facts", Source(LAKE, environment), {"day": middle, "common_service": COMMON_SERVICE})
    sizes = {
        "landing": landed,
        "lake": _size(client, LAKE, "events/"),
        "index": published["tier_bytes"] + published["root_bytes"],
        "memory of compaction": max(peaks),
        "memory of indexing": peak,
        "peers": _size(client, PEERS, "events/"),
    }
    return seconds, sizes, facts


def _let_rest(client: Any) -> None:
    """Put the commits a day back: otherwise the deliveries of months would all stand in the last hour of the feed."""
    for item in _objects(client, LAKE, "state/commits/"):
        prefix, minute, name = item["Key"].rsplit("/", 2)
        earlier = datetime.strptime(minute, "%Y-%m-%dT%H-%M").replace(tzinfo=UTC) - timedelta(days=1)
        target = f"{prefix}/{earlier:%Y-%m-%dT%H-%M}/{name}"
        client.copy_object(Bucket=LAKE, Key=target, CopySource={"Bucket": LAKE, "Key": item["Key"]})
        client.delete_object(Bucket=LAKE, Key=item["Key"])


def _size(client: Any, bucket: str, prefix: str) -> int:
    return sum(item["Size"] for item in _objects(client, bucket, prefix))


def _objects(client: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item for page in pages for item in page.get("Contents", [])]


def _version(plan: Plan) -> str:
    """Changes with the plan and with the code that writes lakes."""
    digest = sha256(json.dumps(asdict(plan)).encode())
    written_by = [_CODE / name for name in _WRITERS] + [Path(__file__).parent / name for name in _GENERATORS]
    for place in written_by:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
