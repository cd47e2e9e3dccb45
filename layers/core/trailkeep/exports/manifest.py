"""The manifest of an export: what was asked for, which files hold it, and whether that is all. Its last object."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
import pyarrow as pa

from trailkeep.errors import StorageUnavailable
from trailkeep.events.timestamps import format_micros, format_time
from trailkeep.exports.files import StoredFile
from trailkeep.exports.request import Export
from trailkeep.jobs.job import Job
from trailkeep.lake.storage import Bucket

NAME = "manifest.json"


def outcome(
    files: Sequence[StoredFile], failures: Sequence[dict[str, str]], failure_count: int, *, is_truncated: bool = False
) -> dict[str, Any]:
    """What came of an export. ``failures`` are what could not be read, perhaps only the first of so many."""
    return {
        "rows": sum(file.rows for file in files),
        "bytes": sum(file.bytes for file in files),
        "complete": not failure_count and not is_truncated,
        "truncated": is_truncated,
        "failureCount": failure_count,
        "failures": list(failures),
        "files": msgspec.to_builtins(files),
    }


def about(job: Job, export: Export, schema: pa.Schema, as_of: datetime) -> dict[str, Any]:
    """What an export is of: all that its rows depend on, in the words of the request."""
    who = job.principal
    return {
        "job": job.id,
        "request": job.request,
        "createdBy": {"tokenId": who.token_id, "name": who.name},
        "within": {"accounts": list(who.accounts), "regions": list(who.regions)},
        "window": {
            "startTime": format_micros(export.question.start),
            "endTime": format_micros(export.question.end),
        },
        "asOf": format_time(as_of),
        "columns": schema.names,
    }


def write_manifest(bucket: Bucket, prefix: str, document: dict[str, Any]) -> dict[str, Any]:
    """Store the manifest under ``prefix``; gives its name, size and hash. Whoever wrote one before was interrupted."""
    key = f"{prefix}{NAME}"
    body = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    if not bucket.create(key, body):
        with bucket.open(key) as (stat, chunks):
            standing = b"".join(chunks)
        if standing != body and not bucket.replace(key, body, stat.etag) and bucket.get(key) != body:
            raise StorageUnavailable("the manifest is being written by others as well")
    return {"name": NAME, "bytes": len(body), "sha256": sha256(body).hexdigest()}
