"""Rows on their way to SQL, kept below a job's results: so a scan that takes several steps begins none of them anew."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

import msgspec
import pyarrow as pa

from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.storage import Bucket

SPOOLED = "spool-"
FILE_BYTES = 64 << 20
"""Of rows in memory; stored they take a fifth or less."""

_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


class SpoolFile(msgspec.Struct, frozen=True):
    """Some rows as an Arrow stream; ``name`` below the job's results."""

    name: str
    rows: int
    sha256: str


def spool(lake: Bucket, prefix: str, number: int, tables: list[pa.Table]) -> SpoolFile:
    """Store rows of one schema under ``prefix``. Stored twice, the same rows stand once."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, tables[0].schema, options=_OPTIONS) as writer:
        for table in tables:
            writer.write_table(table)
    body = sink.getvalue().to_pybytes()
    digest = sha256(body).hexdigest()
    file = SpoolFile(f"{SPOOLED}{number:06d}-{digest[:16]}.arrows", sum(map(len, tables)), digest)
    lake.create(f"{prefix}{file.name}", body)
    return file


def spooled(lake: Bucket, prefix: str, files: Iterable[SpoolFile]) -> Iterator[pa.Table]:
    """The rows of files, a file at a time. Raises :class:`ObjectUnreadable` for one that is not what was stored."""
    for file in files:
        body = lake.get(f"{prefix}{file.name}")
        if sha256(body).hexdigest() != file.sha256:
            raise ObjectUnreadable(f"{prefix}{file.name} is not what was stored", hint="Run the search again.")
        yield pa.ipc.open_stream(body).read_all()


def clear_spool(lake: Bucket, prefix: str) -> None:
    """Delete what was spooled under ``prefix``."""
    for stat in lake.list(f"{prefix}{SPOOLED}").objects:
        lake.delete(stat.key, stat.etag)
