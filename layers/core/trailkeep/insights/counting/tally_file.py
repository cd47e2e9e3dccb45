"""Tallies as they are stored: Parquet, with the account as it is, since a key may hold no more than a hash of it."""

import pyarrow as pa
import pyarrow.parquet as pq

from trailkeep.errors import ObjectUnreadable
from trailkeep.insights.facts import FACTS

_ACCOUNT = b"trailkeep:account"


def encode_tally(facts: pa.Table, account: str) -> bytes:
    """The stored form of facts of an account. The same facts give the same bytes."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, FACTS, compression="zstd", store_schema=False, write_page_checksum=True) as writer:
        writer.write_table(facts)
        writer.add_key_value_metadata({_ACCOUNT: account.encode()})
    body: bytes = sink.getvalue().to_pybytes()
    return body


def decode_tally(body: bytes, account: str, key: str) -> pa.Table:
    """The facts in the stored form. Raises :class:`ObjectUnreadable` for what is damaged, or of another account."""
    try:
        file = pq.ParquetFile(pa.BufferReader(body), pre_buffer=False, page_checksum_verification=True)
        is_own = (file.metadata.metadata or {}).get(_ACCOUNT) == account.encode()
        facts = file.read(use_threads=False).select(FACTS.names).replace_schema_metadata(None).cast(FACTS)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise ObjectUnreadable(f"{key} is damaged: {type(error).__name__}") from error
    if not is_own:
        raise ObjectUnreadable(f"{key} is of another account")
    return facts
