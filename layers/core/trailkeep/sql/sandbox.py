"""A process of its own for SQL: with no files, no network, no credentials, and bounds.

A statement was read as a tree and made anew of known parts (:mod:`trailkeep.sql.statement`), so that nothing else
should ever get here. If something did, it would find itself in a process that has nothing to give away
(:mod:`trailkeep.sql.engine`). Whatever happens there, the process that answers requests goes on.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa

from trailkeep.errors import QueryFailed
from trailkeep.sql.complaints import complaint, died
from trailkeep.sql.engine import Order

_PROGRAM = Path(__file__).with_name("engine.py")
_BATCH_ROWS = 16_384
"""Rows handed over at once: originals of so many are some 20 MB, on both sides."""

_PASSED_ON = ("LD_LIBRARY_PATH",)
"""Of the environment: where Lambda's Python finds its own library. All else, credentials first, stays here."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What running SQL may take, and how much it may give."""

    memory: int
    """Bytes of the engine's memory. The process needs another 200 MB or so for itself."""
    seconds: float
    """From the start of the process to the result, reading the rows included."""
    most_rows: int = 100_000
    most_bytes: int = 64 << 20
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Script:
    """SQL for DuckDB, the views that it reads, on the rows as ``found``, and whether it reads them only once."""

    sql: str
    relations: Sequence[str] = ()
    is_stream: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """The rows that SQL gives; whether there were more than :class:`Limits` allow."""

    rows: pa.Table
    truncated: bool


class Sandbox:
    """One process for one script. It starts with the ``with`` block, and needs some tenths of a second to be ready."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._is_late = False
        self._output: list[pa.Table | Exception] = []
        self._report = b""

    def __enter__(self) -> Self:
        folders, options = _packages()
        command = [sys.executable, "-I", "-S", *options, str(_PROGRAM), *folders]
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/", env=environment)  # noqa: S603
        self._watch = threading.Timer(self._limits.seconds, self._expire)
        self._readers = [threading.Thread(target=each) for each in (self._read_rows, self._read_report)]
        for thread in (self._watch, *self._readers):
            thread.daemon = True
            thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._watch.cancel()
        self._process.kill()
        self._process.wait()
        for thread in self._readers:
            thread.join()
        for pipe in self._pipes:
            with suppress(BrokenPipeError):  # what was still to be written has nobody to read it
                pipe.close()

    @property
    def _pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise AssertionError("all three are pipes")
        return process.stdin, process.stdout, process.stderr

    def run(self, script: Script, schema: pa.Schema | None = None, rows: Iterable[pa.Table] = ()) -> Result:
        """What a script gives for rows of a schema, or for none where there is no schema.

        Raises :class:`QueryFailed` where it needs more than it may take, or fails on the rows, and
        :class:`InvalidQuery` where the engine does not take it. What ``rows`` raises is raised; they are not read to
        their end where that is not needed.
        """
        limits = self._limits
        order = Order(
            sql=script.sql,
            relations=list(script.relations),
            is_stream=script.is_stream,
            has_rows=schema is not None,
            memory=limits.memory,
            processor_seconds=math.ceil(limits.seconds * limits.threads) + 1,
            threads=limits.threads,
            most_rows=limits.most_rows,
            most_bytes=limits.most_bytes,
        )
        self._write(order, schema, iter(rows))
        for thread in self._readers:
            thread.join()
        return self._result(self._process.wait())

    def _write(self, order: Order, schema: pa.Schema | None, rows: Iterator[pa.Table]) -> None:
        """Hand over the order and the rows, as far as the process takes them: what became of it, its report tells."""
        pipe, _, _ = self._pipes
        try:
            pipe.write(json.dumps(order._asdict()).encode() + b"\n")
            pipe.flush()
            writer: Any = pa.ipc.new_stream(pipe, schema) if schema is not None else pipe
        except BrokenPipeError:
            return
        for table in rows:
            try:
                writer.write_table(table, _BATCH_ROWS)
            except BrokenPipeError:
                return
        with suppress(BrokenPipeError):
            writer.close()
            pipe.close()

    def _read_rows(self) -> None:
        try:
            self._output.append(pa.ipc.open_stream(self._pipes[1]).read_all())
        except (pa.ArrowException, OSError) as error:
            self._output.append(error)

    def _read_report(self) -> None:
        self._report = self._pipes[2].read()

    def _expire(self) -> None:
        self._is_late = True
        self._process.kill()

    def _result(self, status: int) -> Result:
        """What came of it, by what it wrote and how it ended."""
        if self._is_late:
            raise QueryFailed(
                f"the SQL was stopped after {self._limits.seconds:g} seconds",
                hint="Narrow the search or its window, or group before joining; a larger question can run as a job.",
            )
        report = _parsed(self._report)
        if report is None:
            raise died(status, self._report.decode(errors="replace"))
        if "error" in report:
            raise complaint(report["error"], report["message"], self._limits.memory)
        (rows,) = self._output
        if isinstance(rows, Exception):
            raise rows
        return Result(rows, report["truncated"])


def _parsed(report: bytes) -> dict[str, Any] | None:
    """The report of the process: its last line, if it came that far."""
    lines = report.decode(errors="replace").strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        return None
    parsed: dict[str, Any] = json.loads(lines[-1])
    return parsed


@cache
def _packages() -> tuple[list[str], list[str]]:
    """The folders that DuckDB and pyarrow are in, and options for Python.

    Where their code cannot be kept compiled beside it, as in a Lambda layer, it is kept elsewhere: compiling it takes
    twice as long as all the rest of starting.
    """
    origins = [spec.origin for name in ("duckdb", "pyarrow") if (spec := find_spec(name)) and spec.origin]
    folders = [str(Path(origin).parents[1]) for origin in origins]
    if all(os.access(folder, os.W_OK) for folder in folders):
        return folders, []
    return folders, ["-X", f"pycache_prefix={tempfile.mkdtemp(prefix='trailkeep-sql-')}"]
