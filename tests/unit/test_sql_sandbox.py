"""Whatever SQL gets as far as the engine: it has nothing to take there, and the process around it goes on."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from trailkeep.errors import InvalidQuery, ObjectUnreadable, QueryFailed
from trailkeep.sql.sandbox import Limits, Result, Sandbox, Script

LIMITS = Limits(memory=128 << 20, seconds=60)
NUMBERS = pa.table({"n": pa.array(range(10_000), pa.int64())})


def run(sql: str, limits: Limits = LIMITS, rows: Iterator[pa.Table] | None = None, *, is_stream: bool = True) -> Result:
    with Sandbox(limits) as sandbox:
        if rows is None:
            return sandbox.run(Script(sql))
        return sandbox.run(Script(sql, is_stream=is_stream), NUMBERS.schema, rows)


HARMLESS = ("pragma enable_profiling", "checkpoint")
"""These are run, and have nothing to write to."""


def answered(sql: str) -> str:
    """All that can be seen of running SQL."""
    try:
        return str(run(sql).rows.to_pylist())
    except (InvalidQuery, QueryFailed) as refusal:
        return "refused" if "canary" not in refusal.message else refusal.message


def children() -> set[int]:
    """The processes that this one has started and that still are."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = status.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields.split()[1]) == os.getpid() and fields.split()[0] != "Z":
            found.add(int(status.parent.name))
    return found


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/limits").exists(), reason="processes are looked at as Linux shows them"
)


class TestNothingToTake:
    @pytest.mark.parametrize(
        "sql",
        [
            "select * from read_text('{file}')",
            "select * from read_blob('{file}')",
            "select * from read_csv('{file}')",
            "select * from read_parquet('{file}')",
            "select * from read_json('{file}')",
            "select * from sniff_csv('{file}')",
            "select * from '{file}'",
            "select * from glob('/*')",
            "select * from read_text('/proc/self/environ')",
            "attach '{file}.db'",
            "copy (select 1) to '{file}.csv'",
            "copy (select 1) to '/dev/stdout'",
            "export database '{file}.folder'",
            "import database '{file}.folder'",
            "install httpfs",
            "load httpfs",
            "load '{file}'",
            "select * from read_csv('https://example.org/x.csv')",
            "select * from read_parquet('s3://bucket/key.parquet')",
            "create secret s (type s3)",
            "create persistent secret s (type s3, key_id 'a', secret 'b')",
            "set enable_external_access = true",
            "set memory_limit = '100GB'",
            "set lock_configuration = false",
            "set temp_directory = '{file}.tmp'",
            "set home_directory = '{file}.home'",
            "reset memory_limit",
            "pragma enable_profiling",
            "select getenv('PATH')",
            "select current_setting('no_such_setting')",
            "checkpoint",
            "select 1; copy (select 1) to '{file}.csv'",
        ],
    )
    def test_no_file_no_network_no_setting(self, sql: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("a canary")
        before = sorted(tmp_path.iterdir())

        said = answered(sql.format(file=tmp_path / "file"))

        assert "canary" not in said
        assert said == "refused" or sql in HARMLESS
        assert sorted(tmp_path.iterdir()) == before

    def test_no_variable_of_python(self) -> None:
        with pytest.raises(InvalidQuery):
            run("select * from order")

    @needs_proc
    def test_no_credentials_and_no_way_to_open_write_or_start_anything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a canary")
        seen: dict[str, str] = {}
        others = children()

        def looking() -> Iterator[pa.Table]:
            yield NUMBERS
            (child,) = children() - others
            deadline = time.monotonic() + 60
            while "Max open files            0" not in seen.get("limits", "") and time.monotonic() < deadline:
                seen["limits"] = Path(f"/proc/{child}/limits").read_text()
                time.sleep(0.05)
            seen["environment"] = Path(f"/proc/{child}/environ").read_bytes().decode()
            seen["folder"] = str(Path(f"/proc/{child}/cwd").readlink())
            yield NUMBERS

        assert run("select count(*) as n from found", rows=looking()).rows.to_pylist() == [{"n": 20_000}]
        limits = {line[:25].strip(): line[25:].split()[:2] for line in seen["limits"].splitlines()[1:]}
        assert limits["Max open files"] == limits["Max file size"] == limits["Max processes"] == ["0", "0"]
        assert limits["Max core file size"] == ["0", "0"]
        assert limits["Max cpu time"] == ["121", "121"]
        assert limits["Max address space"][0] == limits["Max address space"][1] != "unlimited"
        assert "canary" not in seen["environment"]
        assert "AWS" not in seen["environment"]
        assert seen["folder"] == "/"


class TestBounds:
    @pytest.mark.parametrize(
        "sql",
        [
            "select repeat('a', 4000000000)",
            "select length(repeat('a', 4000000000))",
            "select list(range) from range(100000000)",
            "select max(a || a || a || a) from (select repeat('a', 100000000) as a)",
            "select range, repeat('x', 1000000) from range(100000) order by 2 desc, 1",
        ],
    )
    def test_memory(self, sql: str) -> None:
        with pytest.raises(QueryFailed, match="needs more than the 128 MB of memory that it may take"):
            run(sql)

    @pytest.mark.parametrize(
        "sql",
        [
            "select count(*) from range(1000000000000)",
            "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c",
            "with recursive r as (select 1 as n union all select n + 1 from r) select max(n) from r",
        ],
    )
    def test_time(self, sql: str) -> None:
        with pytest.raises(QueryFailed, match="the SQL was stopped after 2 seconds"):
            run(sql, Limits(memory=128 << 20, seconds=2))

    def test_time_of_reading_too(self) -> None:
        def slow() -> Iterator[pa.Table]:
            while True:
                yield NUMBERS
                time.sleep(0.01)

        with pytest.raises(QueryFailed, match="the SQL was stopped after 2 seconds"):
            run("select count(*) as n from found", Limits(memory=128 << 20, seconds=2), slow())

    def test_rows(self) -> None:
        result = run("select range as n from range(1000000)", Limits(128 << 20, 60, most_rows=10_000))
        assert result.truncated
        assert result.rows.column("n").to_pylist() == list(range(10_000))

    def test_exactly_as_many_rows_are_all(self) -> None:
        result = run("select range as n from range(10000)", Limits(128 << 20, 60, most_rows=10_000))
        assert (len(result.rows), result.truncated) == (10_000, False)

    def test_bytes(self) -> None:
        result = run("select repeat('a', 1000) as x from range(100000)", Limits(128 << 20, 60, most_bytes=1 << 20))
        assert result.truncated
        assert 1_000_000 < result.rows.nbytes <= 1 << 20

    def test_bytes_of_a_single_row(self) -> None:
        with pytest.raises(QueryFailed, match="a row of the result is larger than 1,048,576 bytes"):
            run("select repeat('a', 2000000) as x", Limits(128 << 20, 60, most_bytes=1 << 20))


class TestRows:
    def test_they_pass_by_or_stay(self) -> None:
        assert run("select sum(n) as s from found", rows=iter([NUMBERS] * 3)).rows.to_pylist() == [{"s": 149985000}]
        joined = "select count(*) as c from found a join found b on a.n = b.n"
        assert run(joined, rows=iter([NUMBERS]), is_stream=False).rows.to_pylist() == [{"c": 10_000}]

    def test_none_are_none(self) -> None:
        assert run("select count(*) as c from found", rows=iter([])).rows.to_pylist() == [{"c": 0}]

    def test_more_than_memory_pass_by(self) -> None:
        wide = pa.table({"n": NUMBERS.column("n")})
        tables = (wide for _ in range(2_000))
        limits = Limits(memory=64 << 20, seconds=120)
        assert run("select count(*) as c, max(n) as m from found", limits, tables).rows.to_pylist() == [
            {"c": 20_000_000, "m": 9_999}
        ]

    def test_no_more_are_read_than_are_needed(self) -> None:
        taken = 0

        def endless() -> Iterator[pa.Table]:
            nonlocal taken
            while True:
                taken += 1
                yield NUMBERS

        assert len(run("select n from found limit 5", rows=endless()).rows) == 5
        assert taken < 1_000_000

    @needs_proc
    def test_what_goes_wrong_in_reading_them_is_told(self) -> None:
        others = children()

        def damaged() -> Iterator[pa.Table]:
            yield NUMBERS
            raise ObjectUnreadable("damaged")

        with pytest.raises(ObjectUnreadable, match="damaged"):
            run("select count(*) as n from found", rows=damaged())
        assert children() == others

    def test_a_broken_pipe_of_theirs_is_not_ours(self) -> None:
        def broken() -> Iterator[pa.Table]:
            yield NUMBERS
            raise BrokenPipeError("the store hung up")

        with pytest.raises(BrokenPipeError, match="the store hung up"):
            run("select count(*) as n from found", rows=broken())


class TestEnds:
    def test_what_fails_on_rows_says_why(self) -> None:
        with pytest.raises(QueryFailed, match="Could not convert") as failure:
            run("select cast('x' as bigint)")
        assert failure.value.status == 422
        assert "try_cast" in failure.value.hint
        with pytest.raises(QueryFailed, match="the SQL failed: Division by zero"):
            run("select 1 // 0")

    def test_what_is_no_sql_is_the_askers_fault(self) -> None:
        with pytest.raises(InvalidQuery, match="the SQL cannot be run"):
            run("select from where")

    @needs_proc
    def test_a_process_that_is_killed_is_told_and_gone(self) -> None:
        others = children()

        def killing() -> Iterator[pa.Table]:
            while True:
                yield NUMBERS
                for child in children() - others:
                    os.kill(child, signal.SIGKILL)

        with pytest.raises(QueryFailed, match="it needed too much time or memory"):
            run("select count(*) as n from found", rows=killing())
        assert children() == others

    @needs_proc
    def test_a_process_that_breaks_down_is_told(self) -> None:
        others = children()

        def breaking() -> Iterator[pa.Table]:
            while True:
                yield NUMBERS
                for child in children() - others:
                    os.kill(child, signal.SIGSEGV)

        with pytest.raises(QueryFailed, match="the engine broke down"):
            run("select count(*) as n from found", rows=breaking())

    def test_a_process_that_cannot_start_is_our_fault(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("trailkeep.sql.sandbox._packages", lambda: ([], []))
        with pytest.raises(RuntimeError, match="No module named 'duckdb'"):
            run("select 1")

    @needs_proc
    def test_nothing_is_left_behind(self) -> None:
        others, before = children(), len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            run("select 1 as n")
        with Sandbox(LIMITS):
            pass  # nothing was asked after all
        assert children() == others
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    def test_the_process_around_it_goes_on(self) -> None:
        with pytest.raises(QueryFailed):
            run("select repeat('a', 4000000000)")
        assert run("select 42 as n").rows.to_pylist() == [{"n": 42}]

    def test_it_runs_where_compiled_code_cannot_be_kept(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        folders = [str(Path(module.__file__).parents[1]) for module in (duckdb, pa)]
        options = ["-X", f"pycache_prefix={tmp_path}"]
        monkeypatch.setattr("trailkeep.sql.sandbox._packages", lambda: (folders, options))
        assert run("select 1 as n").rows.to_pylist() == [{"n": 1}]
        assert list(tmp_path.rglob("*.pyc"))
