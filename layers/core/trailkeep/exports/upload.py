"""One object of an export, written piece by piece: in bounded memory, hashed on the way, seen once it is whole."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Self

from trailkeep.errors import StorageUnavailable
from trailkeep.lake.storage import Bucket

PART_BYTES = 8 << 20
"""What is held until it is sent. S3 takes 10,000 parts of at least 5 MB: with these an object may have 80 GB."""


class KeyTaken(Exception):
    """Something else stands under the key: what was written is dropped, and has to be written under another one."""


@dataclass(frozen=True, slots=True)
class Written:
    """An object that stands: its size in bytes, and the SHA-256 of them in hexadecimal digits."""

    bytes: int
    sha256: str


class Upload:
    """A context: where it is left before :meth:`finish`, by an error or not, nothing is left of the object."""

    def __init__(self, bucket: Bucket, key: str, content_type: str) -> None:
        self._bucket = bucket
        self._key = key
        self._id = bucket.begin_upload(key, content_type)
        self._etags: list[str] = []
        self._held = bytearray()
        self._hash = sha256()
        self._is_open = True
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def drop(self) -> None:
        """Leave nothing of an object that is not finished; of no effect on one that is."""
        if self._is_open:
            # What cannot be dropped now goes by the bucket's rule for unfinished uploads, a day later.
            with suppress(StorageUnavailable):
                self._abort()

    def write(self, piece: bytes) -> None:
        """Add bytes."""
        self._held += piece
        self._hash.update(piece)
        self.bytes += len(piece)
        while len(self._held) >= PART_BYTES:
            self._send(PART_BYTES)

    def finish(self) -> Written:
        """Let the object be seen; raises :class:`KeyTaken` where another one stands, which is left as it is."""
        if self._held or not self._etags:
            self._send(len(self._held))
        written = Written(self.bytes, self._hash.hexdigest())
        if self._bucket.complete_upload(self._key, self._id, self._etags):
            self._is_open = False
            return written
        # By this very call, of which the answer was lost; or by a run that was interrupted before it could tell.
        self._abort()
        if self._standing() != written:
            raise KeyTaken(self._key)
        return written

    def _send(self, size: int) -> None:
        part = bytes(memoryview(self._held)[:size])
        self._etags.append(self._bucket.upload_part(self._key, self._id, len(self._etags) + 1, part))
        del self._held[:size]

    def _standing(self) -> Written:
        digest, size = sha256(), 0
        with self._bucket.open(self._key) as (_, chunks):
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
        return Written(size, digest.hexdigest())

    def _abort(self) -> None:
        self._is_open = False
        self._bucket.abort_upload(self._key, self._id)
