"""Object storage: the only module that speaks to S3. Everything above it sees buckets, keys and typed errors."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from trailkeep.errors import ObjectNotFound, ObjectUnreadable, StorageUnavailable

STREAM_BYTES = 1 << 20
_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})
_TAKEN = frozenset({"412", "PreconditionFailed"})
_RACING = frozenset({"409", "ConditionalRequestConflict"})
_RACES = 5


@dataclass(frozen=True, slots=True)
class Stat:
    """What a listing or a HEAD says of an object; ``metadata`` only where it was asked for."""

    key: str
    etag: str
    size: int
    modified_at: datetime
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing, all its pages: the objects, and the prefixes that a delimiter rolled up."""

    objects: list[Stat]
    prefixes: list[str]


@lru_cache(maxsize=1)
def _client() -> Any:
    """One client for the life of a function: its connections are kept alive between requests."""
    return boto3.client(
        "s3",
        config=Config(
            retries={"mode": "standard", "max_attempts": 5},
            connect_timeout=3,
            read_timeout=30,
            max_pool_connections=64,
            s3={"addressing_style": "path"},
        ),
    )


class Bucket:
    """A bucket by name. Methods raise :class:`ObjectNotFound` or :class:`StorageUnavailable`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, key: str) -> bytes:
        """The bytes of an object."""
        with _typed(key):
            body: bytes = _client().get_object(Bucket=self.name, Key=key)["Body"].read()
            return body

    @contextmanager
    def open(self, key: str) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        """What an object is, and its bytes in chunks; both of the same version, however often it is overwritten."""
        with _typed(key):
            answer = _client().get_object(Bucket=self.name, Key=key)
        with closing(answer["Body"]) as body:
            yield _stat(key, answer), _chunks(key, body)

    def stat(self, key: str) -> Stat:
        """What an object is, its metadata included, without its bytes."""
        with _typed(key):
            answer = _client().head_object(Bucket=self.name, Key=key)
        return _stat(key, answer)

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        """Write an object where none stands yet; False where one does, untouched.

        False may also follow this call's own success whose answer was lost: what stands there has to be compared.
        """
        return self._put(key, body, Metadata=dict(metadata or {}), IfNoneMatch="*")

    def replace(self, key: str, body: bytes, etag: str) -> bool:
        """Overwrite an object if it still is the one with this ``etag``; False where it is another, or gone."""
        try:
            return self._put(key, body, IfMatch=f'"{etag}"')
        except ObjectNotFound:
            return False

    def _put(self, key: str, body: bytes, **conditions: Any) -> bool:
        for _ in range(_RACES):
            try:
                with _typed(key):
                    _client().put_object(Bucket=self.name, Key=key, Body=body, **conditions)
                return True
            except _Taken:
                return False
            except _Racing:
                continue  # another conditional write is under way; the next try sees its outcome
        raise StorageUnavailable(f"{key} is being written by others all the time")

    def link(self, key: str, seconds: int) -> str:
        """An address that gives one object to whoever holds it, for some seconds."""
        parameters = {"Bucket": self.name, "Key": key, "ResponseContentDisposition": "attachment"}
        address: str = _client().generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)
        return address

    def list(self, prefix: str, *, delimiter: str = "", after: str = "") -> Listing:
        """All objects under ``prefix`` in key order, behind the key ``after``; rolled up at ``delimiter`` if given."""
        objects: list[Stat] = []
        prefixes: list[str] = []
        for page in self.pages(prefix, delimiter=delimiter, after=after):
            objects += page.objects
            prefixes += page.prefixes
        return Listing(objects, prefixes)

    def pages(self, prefix: str, *, delimiter: str = "", after: str = "") -> Iterator[Listing]:
        """As :meth:`list`, page by page, for listings that may not fit in memory."""
        arguments: dict[str, Any] = {"Bucket": self.name, "Prefix": prefix}
        if delimiter:
            arguments["Delimiter"] = delimiter
        if after:
            arguments["StartAfter"] = after
        while True:
            with _typed(prefix):
                answer = _client().list_objects_v2(**arguments)
            yield Listing(
                [
                    Stat(item["Key"], item["ETag"].strip('"'), item["Size"], item["LastModified"])
                    for item in answer.get("Contents", [])
                ],
                [item["Prefix"] for item in answer.get("CommonPrefixes", [])],
            )
            if not answer.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = answer["NextContinuationToken"]


class _Taken(Exception):
    """An object stands where a new one should be created."""


class _Racing(Exception):
    """Another conditional write to the same key is under way."""


def _stat(key: str, answer: Mapping[str, Any]) -> Stat:
    return Stat(key, answer["ETag"].strip('"'), answer["ContentLength"], answer["LastModified"], answer["Metadata"])


def _chunks(key: str, body: Any) -> Iterator[bytes]:
    with _typed(key):
        yield from body.iter_chunks(STREAM_BYTES)


@contextmanager
def _typed(key: str) -> Iterator[None]:
    """Turn the client's errors into ours, once."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _GONE:
            raise ObjectNotFound(f"there is no object {key}") from error
        if code in _TAKEN:
            raise _Taken from error
        if code in _RACING:
            raise _Racing from error
        if code == "InvalidObjectState":
            raise ObjectUnreadable(f"{key} is archived and must be restored first") from error
        raise StorageUnavailable(f"the object store answered {code} for {key}") from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailable(f"the object store did not answer for {key}: {type(error).__name__}") from error
