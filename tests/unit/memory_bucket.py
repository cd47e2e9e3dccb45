"""A bucket in memory that keeps S3's promises: conditional writes, etags of the contents, listings in key order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import md5

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.lake.storage import Bucket, Listing, Range, Stat

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


class MemoryBucket(Bucket):
    """Objects stand since ``now``, which a test may move; :meth:`before_call` may be replaced to interfere."""

    def __init__(self, name: str = "lake", now: datetime = NOW) -> None:
        super().__init__(name)
        self.now = now
        self.objects: dict[str, tuple[bytes, Stat]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.page_size = 1000

    def before_call(self, operation: str, key: str) -> None:
        """Comes before every operation, with what it is about to do."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> Stat:
        """Write without any condition, as others do."""
        etag = md5(body, usedforsecurity=False).hexdigest()
        stat = Stat(key, etag, len(body), self.now, dict(metadata or {}))
        self.objects[key] = (body, stat)
        return stat

    def get(self, key: str) -> bytes:
        self.before_call("get", key)
        return self._standing(key)[0]

    @contextmanager
    def open(self, key: str) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        self.before_call("open", key)
        body, stat = self._standing(key)
        yield stat, iter([body])

    def stat(self, key: str) -> Stat:
        self.before_call("stat", key)
        return self._standing(key)[1]

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        self.before_call("create", key)
        if key in self.objects:
            return False
        self.put(key, body, metadata)
        return True

    def replace(self, key: str, body: bytes, etag: str) -> bool:
        self.before_call("replace", key)
        if key not in self.objects or self.objects[key][1].etag != etag:
            return False
        self.put(key, body)
        return True

    def delete(self, key: str, etag: str) -> bool:
        self.before_call("delete", key)
        if key not in self.objects or self.objects[key][1].etag != etag:
            return False
        del self.objects[key]
        return True

    def begin_upload(self, key: str, content_type: str) -> str:
        self.before_call("begin_upload", key)
        self.uploads[upload := f"upload-{len(self.uploads)}-of-{key}"] = {}
        return upload

    def upload_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        self.before_call("upload_part", key)
        self.uploads[upload][number] = bytes(body)
        return f"etag-{number}"

    def complete_upload(self, key: str, upload: str, etags: Sequence[str]) -> bool:
        self.before_call("complete_upload", key)
        if upload not in self.uploads or key in self.objects:
            return False
        self.put(key, b"".join(part for _, part in sorted(self.uploads.pop(upload).items())))
        return True

    def abort_upload(self, key: str, upload: str) -> None:
        self.before_call("abort_upload", key)
        self.uploads.pop(upload, None)

    def ranges(self, wanted: Sequence[Range]) -> list[bytes]:
        found = []
        for key, start, length in wanted:
            self.before_call("range", key)
            body = self._standing(key)[0][start : start + length]
            if len(body) != length:
                raise ObjectUnreadable(f"{key} ends before byte {start + length}")
            found.append(body)
        return found

    def link(self, key: str, seconds: int) -> str:
        return f"https://{self.name}.example/{key}?seconds={seconds}"

    def pages(self, prefix: str, *, delimiter: str = "", after: str = "") -> Iterator[Listing]:
        self.before_call("list", prefix)
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        rolled_up: dict[str, None] = {}
        objects: list[Stat] = []
        for key in keys:
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if found:
                rolled_up[prefix + head + delimiter] = None
            else:
                objects.append(self.objects[key][1])
        yield Listing(objects[: self.page_size], list(rolled_up))
        for start in range(self.page_size, len(objects), self.page_size):
            yield Listing(objects[start : start + self.page_size], [])

    def _standing(self, key: str) -> tuple[bytes, Stat]:
        if key not in self.objects:
            raise ObjectNotFound(f"there is no object {key}")
        return self.objects[key]
