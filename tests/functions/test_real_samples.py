"""Real events of both clouds, from a folder that is not part of the project: all of them land whole and are found.

Run with ``TRAILKEEP_SAMPLES=<folder>``, which holds ``cloudtrail/*.jsonl.gz`` (an event a line, or one in a wrapper),
``cloudtrail/umccr_schema_versions.json`` (files by name) and ``actiontrail/*.json`` (an event each).
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functions.deployment import Deployment, deployed
from tests.functions.events import Event

FOLDER = os.environ.get("TRAILKEEP_SAMPLES", "")
NO_EVENTS = "accesskey_audit_api_shapes.json"

pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not FOLDER, reason="TRAILKEEP_SAMPLES does not name a folder with real sample events"),
]


def objects() -> Iterator[tuple[str, bytes, list[Event]]]:
    """Log objects of the folder, as they are there, each with the events that must be found again."""
    folder = Path(FOLDER)
    for path in sorted(folder.glob("cloudtrail/*.jsonl.gz")):
        lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        yield path.name, path.read_bytes(), [line["event"] if "technique" in line else line for line in lines]
    for name, file in json.loads((folder / "cloudtrail/umccr_schema_versions.json").read_text()).items():
        yield f"AWSLogs/{name}", json.dumps(file).encode(), file["Records"]
    for path in sorted(folder.glob("actiontrail/*.json")):
        if path.name != NO_EVENTS:
            yield path.name, path.read_bytes(), [json.loads(path.read_text())]


@pytest.fixture(scope="module")
def lake() -> Iterator[Deployment]:
    with deployed() as deployment:
        for key, body, _ in objects():
            deployment.land_and_deliver(key, body)
        yield deployment


def identity(event: Event) -> tuple[str, ...]:
    """An event's own ID and time; without an ID, what else tells it apart."""
    event_id = event.get("eventId") or event.get("eventID")
    return (event["eventTime"], event_id or f"{event['eventName']} {event.get('requestId')}")


def test_the_folder_holds_what_the_test_is_about() -> None:
    counts = [len(events) for _, _, events in objects()]
    assert len(counts) >= 3
    assert sum(counts) > 3_000


def test_every_sample_lands_whole(lake: Deployment) -> None:
    assert lake.keys("quarantine/") == []
    for key, _, events in objects():
        commit = lake.commit_of(key)
        assert commit["records_in"] == len(events), key
        assert commit["quarantined"] == 0, key
        assert commit["rows_out"] + commit["duplicates"] == len(events), key


def test_every_sample_is_found_equal_but_for_masked_values(lake: Deployment) -> None:
    originals: dict[tuple[str, ...], list[Event]] = {}
    for _, _, events in objects():
        for event in events:
            originals.setdefault(identity(event), []).append(event)

    found = lake.all_events()

    assert Counter(identity(event) for event in found).keys() == originals.keys()
    assert len(found) == len(originals)
    masked = Counter[str]()
    for event in found:
        assert any(is_masked_form(event, original, masked) for original in originals[identity(event)]), event
    # Masking hides secrets, not the events: a few values, by name.
    assert sum(masked.values()) < len(found) / 2, masked


def is_masked_form(answer: Any, original: Any, masked: Counter[str], name: str = "") -> bool:
    """Whether the answer is the original but for values that are ``***`` or hold it."""
    if isinstance(original, dict) and isinstance(answer, dict):
        return list(answer) == list(original) and all(
            is_masked_form(answer[key], value, masked, key) for key, value in original.items()
        )
    if isinstance(original, list) and isinstance(answer, list):
        return len(answer) == len(original) and all(
            is_masked_form(*pair, masked, name) for pair in zip(answer, original, strict=True)
        )
    if answer == original and type(answer) is type(original):
        return True
    if isinstance(answer, str) and "***" in answer:
        masked[name] += 1
        pattern = ".*".join(re.escape(part) for part in answer.split("***"))
        return answer == "***" or (isinstance(original, str) and re.fullmatch(pattern, original, re.DOTALL) is not None)
    return False


def test_each_of_some_samples_is_found_by_its_id(lake: Deployment) -> None:
    for _, _, events in objects():
        for event in events[:: max(1, len(events) // 5)]:
            event_id = event.get("eventId") or event.get("eventID")
            if event_id:
                assert lake.get(f"/v1/events/{event_id}").status == 200


def test_a_document_that_is_no_event_ends_in_quarantine(lake: Deployment) -> None:
    parts = lake.keys("events/")

    lake.land_and_deliver(NO_EVENTS, (Path(FOLDER) / "actiontrail" / NO_EVENTS).read_bytes())

    (entry,) = lake.quarantine_of(NO_EVENTS)["entries"]
    assert (entry["index"], entry["reason"]) == (0, "missing_event_time")
    assert lake.keys("events/") == parts
