"""Object storage: the only module that speaks to S3. Everything above it sees buckets, keys and typed errors."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from trailkeep.errors import ObjectNotFound, ObjectUnreadable, StorageUnavailable
from trailkeep.lake.parallel import requests_in_parallel

try:
    import obstore
    import obstore.store
    from obstore.exceptions import BaseError as _FastError
except ImportError:  # it comes with the Arrow layer: functions without that read nothing by range
    obstore = None  # type: ignore[assignment]
    _FastError = OSError  # type: ignore[assignment, misc]

STREAM_BYTES = 1 << 20
_GONE = frozenset({"404", "NoSuchKey", "NoSuchUpload", "NoSuchVersion", "NotFound"})
_TAKEN = frozenset({"412", "PreconditionFailed"})
_RACING = frozenset({"409", "ConditionalRequestConflict"})
_RACES = 5
_PAGE_KEYS = 1000


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


class Range(NamedTuple):
    """A stretch of an object's bytes."""

    key: str
    start: int
    length: int


@lru_cache(maxsize=1)
def _client() -> Any:
    """One client for the life of a function: its connections are kept alive between requests."""
    return boto3.client(
        "s3",
        config=Config(
            signature_version="s3v4",  # of links too: in some regions an older one is the default, refused by S3 today
            retries={"mode": "standard", "max_attempts": 5},
            connect_timeout=3,
            read_timeout=30,
            max_pool_connections=64,
            s3={"addressing_style": "path"},
        ),
    )


@lru_cache(maxsize=4)
def _fast_store(bucket: str) -> Any:
    """The bucket as obstore sees it: many small reads at once take two thirds of boto3's time, and half its CPU."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None
    return obstore.store.S3Store(
        bucket,
        config={"endpoint": endpoint} if endpoint else {},
        region=_client().meta.region_name,
        virtual_hosted_style_request=False,
        client_options={"allow_http": bool(endpoint), "connect_timeout": "3s", "timeout": "30s"},
        retry_config={"max_retries": 4},
    )


class Bucket:
    """A bucket by name. Methods raise :class:`ObjectNotFound` or :class:`StorageUnavailable`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, key: str) -> bytes:
        """The bytes of an object."""
        if obstore is not None:
            with _typed(key):
                return bytes(obstore.get(_fast_store(self.name), key).bytes())
        with _typed(key):
            answer = _client().get_object(Bucket=self.name, Key=key)
            body: bytes = answer["Body"].read()
        _check_length(key, len(body), answer)
        return body

    @contextmanager
    def open(self, key: str) -> Iterator[tuple[Stat, Iterator[bytes]]]:
        """What an object is, and its bytes in chunks; both of the same version, however often it is overwritten."""
        with _typed(key):
            answer = _client().get_object(Bucket=self.name, Key=key)
        with closing(answer["Body"]) as body:
            yield _stat(key, answer), _chunks(key, body, answer)

    def ranges(self, wanted: Sequence[Range]) -> list[bytes]:
        """The bytes of several ranges, read at once; :class:`ObjectUnreadable` for one behind an object's end."""
        return requests_in_parallel(self._range, wanted)

    def _range(self, wanted: Range) -> bytes:
        key, start, length = wanted
        with _typed(key):
            if obstore is None:
                last = start + length - 1
                answer = _client().get_object(Bucket=self.name, Key=key, Range=f"bytes={start}-{last}")
                body: bytes = answer["Body"].read()
            else:
                body = bytes(obstore.get_range(_fast_store(self.name), key, start=start, length=length))
        if len(body) != length:
            raise ObjectUnreadable(f"{key} ends before byte {start + length}")
        return body

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
        with suppress(ObjectNotFound):
            return self._put(key, body, IfMatch=f'"{etag}"')
        return False

    def delete(self, key: str, etag: str) -> bool:
        """Delete an object if it still is the one with this ``etag``; False where it is another, or gone."""
        with suppress(ObjectNotFound):
            return _won(key, lambda: _client().delete_object(Bucket=self.name, Key=key, IfMatch=f'"{etag}"'))
        return False

    def _put(self, key: str, body: bytes, **conditions: Any) -> bool:
        return _won(key, lambda: _client().put_object(Bucket=self.name, Key=key, Body=body, **conditions))

    def begin_upload(self, key: str, content_type: str) -> str:
        """Begin an object that comes in parts; gives the ID of the upload. Of the parts alone nothing can be seen."""
        with _typed(key):
            answer = _client().create_multipart_upload(Bucket=self.name, Key=key, ContentType=content_type)
        return str(answer["UploadId"])

    def upload_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Store the part ``number``, from 1 to 10,000, of 5 MB or more unless it is the last; gives its etag."""
        about = {"Bucket": self.name, "Key": key, "UploadId": upload, "PartNumber": number}
        with _typed(key):
            return str(_client().upload_part(**about, Body=body)["ETag"])

    def complete_upload(self, key: str, upload: str, etags: Sequence[str]) -> bool:
        """As :meth:`create`, of its parts; False also where there is no such upload, as after this call's success."""
        parts = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]}
        about = {"Bucket": self.name, "Key": key, "UploadId": upload, "MultipartUpload": parts}
        with suppress(ObjectNotFound):
            return _won(key, lambda: _client().complete_multipart_upload(**about, IfNoneMatch="*"))
        return False

    def abort_upload(self, key: str, upload: str) -> None:
        """Drop an upload and its parts; of no effect where it is completed, or dropped already."""
        with suppress(ObjectNotFound), _typed(key):
            _client().abort_multipart_upload(Bucket=self.name, Key=key, UploadId=upload)

    def link(self, key: str, seconds: int) -> str:
        """An address that gives one object to whoever holds it, for some seconds."""
        parameters = {"Bucket": self.name, "Key": key, "ResponseContentDisposition": "attachment"}
        return str(_client().generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds))

    def list(self, prefix: str, *, delimiter: str = "", after: str = "") -> Listing:
        """All objects under ``prefix`` in key order, behind the key ``after``; rolled up at ``delimiter`` if given."""
        pages = list(self.pages(prefix, delimiter=delimiter, after=after))
        return Listing(
            [stat for page in pages for stat in page.objects], [each for page in pages for each in page.prefixes]
        )

    def pages(self, prefix: str, *, delimiter: str = "", after: str = "") -> Iterator[Listing]:
        """As :meth:`list`, page by page, for listings that may not fit in memory."""
        if obstore is not None and after and prefix.endswith("/") and not delimiter:
            yield from self._fast_pages(prefix, after)
            return
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

    def _fast_pages(self, prefix: str, after: str) -> Iterator[Listing]:
        """What follows a key: lookups wait for it, and a first listing by boto3 takes as long again as the store."""
        # obstore drops a slash at the end. Behind this comes the same: no key of ours goes on with less than a digit.
        offset = f"{after}!" if after.endswith("/") else after
        with _typed(prefix):
            for page in obstore.list(_fast_store(self.name), prefix, offset=offset, chunk_size=_PAGE_KEYS):
                stats = [
                    Stat(item["path"], (item["e_tag"] or "").strip('"'), item["size"], item["last_modified"])
                    for item in page
                ]
                yield Listing(stats, [])


class _Taken(Exception):
    """An object stands where a new one should be created."""


class _Racing(Exception):
    """Another conditional write to the same key is under way."""


def _won(key: str, write: Callable[[], object]) -> bool:
    """Make a conditional write; False where its condition does not hold."""
    for _ in range(_RACES):
        try:
            with _typed(key):
                write()
            return True
        except _Taken:
            return False
        except _Racing:
            continue  # another conditional write is under way; the next try sees its outcome
    raise StorageUnavailable(f"{key} is being written by others all the time")


def _stat(key: str, answer: Mapping[str, Any]) -> Stat:
    return Stat(key, answer["ETag"].strip('"'), answer["ContentLength"], answer["LastModified"], answer["Metadata"])


def _chunks(key: str, body: Any, answer: Mapping[str, Any]) -> Iterator[bytes]:
    read = 0
    with _typed(key):
        for chunk in body.iter_chunks(STREAM_BYTES):
            read += len(chunk)
            yield chunk
    _check_length(key, read, answer)


def _check_length(key: str, read: int, answer: Mapping[str, Any]) -> None:
    """A body cut short on its way must not pass for a whole one: what it lacks would be lost for good."""
    if read != answer["ContentLength"]:
        raise StorageUnavailable(f"of {answer['ContentLength']} bytes of {key} only {read} arrived")


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
        if code == "InvalidRange":
            raise ObjectUnreadable(f"{key} is shorter than it should be") from error
        if code == "InvalidObjectState":
            raise ObjectUnreadable(f"{key} is archived and must be restored first") from error
        raise StorageUnavailable(f"the object store answered {code} for {key}") from error
    except FileNotFoundError as error:  # as obstore says it
        raise ObjectNotFound(f"there is no object {key}") from error
    except (BotoCoreError, ResponseParserError, OSError, _FastError) as error:
        if "416 " in str(error):
            raise ObjectUnreadable(f"{key} is shorter than it should be") from error
        raise StorageUnavailable(f"the object store did not answer for {key}: {type(error).__name__}") from error
