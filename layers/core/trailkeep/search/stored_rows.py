"""Rows of SQL that are more than one page: stored under a job's results, a thousand to a file, and read page by page.

Files are named by their place and their contents. So work that is done twice writes nothing twice, and a reader of one
run never sees rows of another.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate

import msgspec

from trailkeep.access.seals import seal, unseal
from trailkeep.errors import InvalidNextToken, ObjectUnreadable
from trailkeep.lake.storage import Bucket

FILE_ROWS = 1000
FILE_BYTES = 4_000_000
"""A file ends here: one that is read for a page has to fit into an answer."""

PAGE_BYTES = 5_000_000
CONTENT_TYPE = "application/x-ndjson"


class RowsFile(msgspec.Struct, frozen=True):
    """A file of rows, one JSON object a line; ``name`` below the job's results."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Some rows as JSON objects, and the place of the next one; None behind the last."""

    rows: list[bytes]
    next: int | None


def store_rows(lake: Bucket, prefix: str, rows: Iterable[bytes]) -> list[RowsFile]:
    """Store rows, each a JSON object without line breaks, under ``prefix``; gives the files in order."""
    stored = []
    for number, lines in enumerate(_cut(rows), start=1):
        body = b"".join(line + b"\n" for line in lines)
        digest = sha256(body).hexdigest()
        file = RowsFile(f"rows-{number:06d}-{digest[:16]}.ndjson", len(lines), len(body), digest)
        lake.create(f"{prefix}{file.name}", body)  # where it stands already, it holds the same
        stored.append(file)
    return stored


def first_rows(rows: Sequence[bytes], most: int) -> Sequence[bytes]:
    """The rows of a first page, at most ``most`` and 5 MB of them."""
    size = 0
    for count, row in enumerate(rows[:most]):
        size += len(row) + 1
        if count and size > PAGE_BYTES:
            return rows[:count]
    return rows[:most]


def read_rows(lake: Bucket, prefix: str, files: Sequence[RowsFile], first: int, most: int) -> RowsPage:
    """Rows from the place ``first`` on, at most ``most`` and 5 MB of them.

    Raises :class:`InvalidNextToken` for a place behind the last row, and :class:`ObjectUnreadable` for a file that is
    not what was stored.
    """
    ends = list(accumulate(file.rows for file in files))
    if first < 0 or (first and first >= (ends[-1] if ends else 0)):
        raise InvalidNextToken("nextToken is behind the last row")
    rows: list[bytes] = []
    size = 0
    for file, end in zip(files, ends, strict=True):
        if end <= first:
            continue
        for line in _lines(lake, prefix, file)[max(0, first - (end - file.rows)) :]:
            size += len(line) + 1
            if len(rows) == most or (rows and size > PAGE_BYTES):
                return RowsPage(rows, first + len(rows))
            rows.append(line)
    return RowsPage(rows, None)


def rows_token(key: bytes, bound_to: bytes, job_id: str, place: int) -> str:
    """The ``nextToken`` of the page of a job's rows that begins at ``place``."""
    return seal(key, bound_to, msgspec.json.encode([job_id, place]))


def place_in(key: bytes, bound_to: bytes, token: str) -> tuple[str, int]:
    """The job and the place that :func:`rows_token` was given; :class:`InvalidNextToken` for any other token."""
    payload = unseal(key, bound_to, token)
    try:
        return msgspec.json.decode(payload, type=tuple[str, int])
    except msgspec.DecodeError as error:
        raise InvalidNextToken("nextToken is of another version") from error


def _cut(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    lines: list[bytes] = []
    size = 0
    for row in rows:
        if lines and (len(lines) == FILE_ROWS or size + len(row) >= FILE_BYTES):
            yield lines
            lines, size = [], 0
        lines.append(row)
        size += len(row) + 1
    if lines:
        yield lines


def _lines(lake: Bucket, prefix: str, file: RowsFile) -> list[bytes]:
    body = lake.get(f"{prefix}{file.name}")
    if sha256(body).hexdigest() != file.sha256:
        raise ObjectUnreadable(f"{prefix}{file.name} is not what was stored", hint="Run the search again.")
    return body.split(b"\n")[:-1]
