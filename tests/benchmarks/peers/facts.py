"""What there is to ask for in a lake: values that are neither everywhere nor nowhere."""

from __future__ import annotations

from tests.benchmarks.peers.duckdb_reader import connect
from tests.benchmarks.questions import Source

_ADDRESS_WRITES = 200
_COMBINED = 60


def run(source: Source, day: str, common_service: str) -> dict[str, str]:
    """An event's ID on a day, an address with some 200 writes, and a user with some 60 equal errors of one service."""
    connection = connect(source)
    connection.execute(
        f"CREATE VIEW events AS FROM read_parquet('s3://{source.bucket}/events/*/*/*.parquet',"
        " hive_partitioning = true, hive_types_autocast = false)"
    )
    event = connection.execute("SELECT event_id FROM events WHERE date = ? ORDER BY hash(event_id) LIMIT 1", [day])
    (event_id,) = event.fetchone() or ("",)
    address = connection.execute(
        "SELECT source_ip_address FROM events WHERE event_rw = 'Write'"
        f" GROUP BY ALL ORDER BY abs(count(*) - {_ADDRESS_WRITES}), 1 LIMIT 1"
    )
    (source_ip_address,) = address.fetchone() or ("",)
    combined = connection.execute(
        "SELECT user_name, error_code FROM events WHERE service_name = ? AND error_code IS NOT NULL"
        f" GROUP BY ALL ORDER BY abs(count(*) - {_COMBINED}), 1, 2 LIMIT 1",
        [common_service],
    )
    user, error = combined.fetchone() or ("", "")
    return {"event_id": event_id, "address": source_ip_address, "user": user, "error": error}
