"""The program of the process that runs SQL: DuckDB, behind pipes, and nothing else.

It is not imported but run, by :mod:`trailkeep.sql.sandbox`: alone, with an empty environment, by

    python -I -S engine.py <folders of packages>

From standard input comes a line of JSON, the :class:`Order`, and then the rows of the lake as an Arrow stream, unless
the SQL reads none. To standard output goes the result as an Arrow stream, to standard error a line of JSON:
``{"truncated": …}``, or ``{"error": the class of DuckDB's exception, "message": …}``.

Before it looks at the SQL it gives up what it could do harm with. It can open no file and no connection any more, not
even those of its own packages, so that everything is imported before; it can start no process, and write to nothing but
the pipes; its memory and its time on the processor are bounded. DuckDB's own settings say the same once more.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

SLACK_BYTES = 384 << 20
"""Address space beyond DuckDB's memory: for threads' stacks, Arrow's batches, and what allocators reserve unused."""

BATCH_ROWS = 8192

_SIZE = Path("/proc/self/statm")
_PASSING = "CREATE VIEW found AS SELECT * FROM rows"
_KEPT = "CREATE TABLE found AS SELECT * FROM rows"


class Order(NamedTuple):
    """What to run, and with how much."""

    sql: str
    relations: list[str]
    """Views on the rows, as SQL, before what is asked."""
    is_stream: bool
    """Whether rows can be passed by; else they are kept, to be read again."""
    has_rows: bool
    memory: int
    """Bytes."""
    processor_seconds: int
    threads: int
    most_rows: int
    most_bytes: int


class RowTooLarge(Exception):
    """A single row is more than a whole result may be."""


def main() -> None:
    """Run one order."""
    sys.path += sys.argv[1:]
    # Packages that would be used if they were there: nothing here needs them, and they take long to import.
    sys.modules["numpy"] = sys.modules["pandas"] = None  # type: ignore[assignment]
    import duckdb
    import pyarrow as pa

    source, target = sys.stdin.buffer, sys.stdout.buffer
    order = Order(**json.loads(source.readline()))
    connection = _connect(duckdb, order)
    _warm(connection, pa)
    _give_up(order)
    report: dict[str, Any]
    try:
        report = {"truncated": _run(connection, order, source, target, pa)}
    except (duckdb.Error, MemoryError, pa.ArrowException, RowTooLarge) as error:
        report = {"error": type(error).__name__, "message": str(error)}
    sys.stderr.write(json.dumps(report) + "\n")


def _connect(duckdb: Any, order: Order) -> Any:
    """A database in memory that can reach nothing."""
    settings = {
        "threads": order.threads,
        "memory_limit": f"{order.memory}B",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    for statement in (
        "SET TimeZone = 'UTC'",
        # What does not fit into memory is an error. To be said before access is closed.
        "SET temp_directory = ''",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ):
        connection.execute(statement)
    return connection


def _warm(connection: Any, pa: Any) -> None:
    """Go the whole way once: what it imports on the way could not be imported later."""
    connection.register("nothing", pa.RecordBatchReader.from_batches(pa.schema([("n", pa.int64())]), []))
    for _ in connection.sql("SELECT count(*) FROM nothing").to_arrow_reader(BATCH_ROWS):
        pass
    connection.unregister("nothing")


def _give_up(order: Order) -> None:
    """Take from this process what running SQL does not need, for good."""
    limits = {
        resource.RLIMIT_CPU: order.processor_seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,
    }
    if _SIZE.exists():  # on Linux, as on Lambda; elsewhere DuckDB's own limit has to do
        pages = int(_SIZE.read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + order.memory + SLACK_BYTES
    for limit, most in limits.items():
        resource.setrlimit(limit, (most, most))


def _run(connection: Any, order: Order, source: BinaryIO, target: BinaryIO, pa: Any) -> bool:
    """Run the SQL over the rows and write what it gives; whether more was left out."""
    if order.has_rows:
        connection.register("rows", pa.ipc.open_stream(source))
        connection.execute(_PASSING if order.is_stream else _KEPT)
    for relation in order.relations:
        connection.execute(relation)
    result = connection.sql(order.sql).to_arrow_reader(BATCH_ROWS)
    rows_left, bytes_left = order.most_rows, order.most_bytes
    with pa.ipc.new_stream(target, result.schema) as writer:
        for batch in result:
            fitting = batch.slice(0, _fitting(batch, rows_left, bytes_left))
            if len(batch) and not len(fitting) and rows_left == order.most_rows > 0:
                raise RowTooLarge(f"a row of the result is larger than {order.most_bytes:,} bytes")
            writer.write_batch(fitting)
            if len(fitting) < len(batch):
                return True
            rows_left, bytes_left = rows_left - len(batch), bytes_left - batch.nbytes
    return False


def _fitting(batch: Any, rows: int, size: int) -> int:
    """How many rows of a batch there is room for."""
    low, high = 0, min(len(batch), rows)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if batch.slice(0, middle).nbytes <= size else (low, middle - 1)
    return low


if __name__ == "__main__":
    main()
