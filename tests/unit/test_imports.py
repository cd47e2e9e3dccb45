"""Imports point one way, S3 is spoken to in one place, and functions without the Arrow layer start without Arrow."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LAYER = REPOSITORY / "layers" / "core"
PACKAGE = LAYER / "trailkeep"
MODULES = {
    ".".join(path.relative_to(LAYER).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
WITHOUT_ARROW = (
    "authorize_request",
    "describe_api",
    "detect_insights",
    "ingest_events",
    "issue_token",
    "manage_jobs",
    "manage_retention",
    "plan_compaction",
    "report_health",
    "sweep_landing",
)

SPEAKS_TO_AWS = {
    "trailkeep.lake.storage",
    "trailkeep.access.keys",
    "trailkeep.announcements",
    "trailkeep.jobs.starting",
    "trailkeep.athena.engine",
    "trailkeep.insights.telling.event_bus",
    "trailkeep.insights.telling.topic",
}
CAPABILITIES = ("delivery", "sweep", "ingest", "lookup", "insights", "health", "retention", "compaction")


def imports_in(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            # What is imported from a package may be a module of it.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imported(module: str) -> frozenset[str]:
    """What a module of ours imports: modules of ours by their full names, of others by their first."""
    found = set()
    for name in imports_in(MODULES[module]):
        parts = name.split(".")
        ours = [".".join(parts[:length]) for length in range(len(parts), 0, -1) if ".".join(parts[:length]) in MODULES]
        found.add(ours[0] if ours else parts[0])
    return frozenset(found)


def ours(module: str) -> set[str]:
    return {name.removeprefix("trailkeep.") for name in imported(module) if name.partition(".")[0] == "trailkeep"}


def below(package: str) -> list[str]:
    return [name for name in MODULES if name == f"trailkeep.{package}" or name.startswith(f"trailkeep.{package}.")]


@pytest.mark.parametrize("module", below("events"))
def test_events_is_pure(module: str) -> None:
    foreign = {name for name in imported(module) if name != "trailkeep" and not name.startswith("trailkeep.")}

    assert all(name.startswith("events.") for name in ours(module))
    assert foreign - set(sys.stdlib_module_names) <= {"hyperscan", "msgspec", "zlib_ng"}
    assert not foreign & {"os", "io", "pathlib", "socket", "random", "secrets", "time"}


@pytest.mark.parametrize("module", below("lake"))
def test_the_lake_knows_events_errors_and_the_schema(module: str) -> None:
    assert all(name.partition(".")[0] in ("lake", "events", "errors", "schema") for name in ours(module))


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_capabilities_do_not_know_each_other_nor_http(capability: str) -> None:
    others = {*CAPABILITIES, "api"} - {capability}

    for module in below(capability):
        assert not {name.partition(".")[0] for name in ours(module)} & others, module


@pytest.mark.parametrize("module", below("jobs"))
def test_jobs_know_nothing_of_what_is_done_as_one(module: str) -> None:
    known = ("jobs", "access", "lake", "events", "errors", "observability", "settings")
    assert all(name.partition(".")[0] in known for name in ours(module))


@pytest.mark.parametrize("module", below("saved_queries"))
def test_saved_queries_know_the_languages_that_they_are_written_in(module: str) -> None:
    known = ("saved_queries", "search", "sql", "access", "lake", "events", "errors", "named")
    assert all(name.partition(".")[0] in known for name in ours(module))


@pytest.mark.parametrize("module", below("athena"))
def test_athena_knows_what_searches_and_sql_mean_and_not_who_asks(module: str) -> None:
    known = ("athena", "search", "sql", "lookup", "lake", "events", "errors", "schema")
    assert all(name.partition(".")[0] in known for name in ours(module))


@pytest.mark.parametrize("module", below("sql"))
def test_sql_knows_the_lake_and_nothing_of_who_asks(module: str) -> None:
    assert all(name.partition(".")[0] in ("sql", "lake", "events", "schema", "errors") for name in ours(module))


@pytest.mark.parametrize("module", below("openapi"))
def test_the_description_of_the_api_rests_on_the_errors_alone(module: str) -> None:
    assert all(name.partition(".")[0] in ("openapi", "errors", "trailkeep") for name in ours(module))


@pytest.mark.parametrize("module", ["errors", "schema", "observability"])
def test_what_everything_rests_on_rests_on_nothing_of_ours(module: str) -> None:
    assert ours(f"trailkeep.{module}") == set()


def test_no_module_imports_itself_through_others() -> None:
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way, module))
        if module not in done:
            for name in imported(module):
                if name in MODULES:
                    visit(name, (*way, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def test_aws_is_spoken_to_in_few_modules() -> None:
    assert {module for module in MODULES if imported(module) & {"boto3", "botocore"}} == SPEAKS_TO_AWS


def test_each_of_them_speaks_to_one_service() -> None:
    services = {
        (module, ast.unparse(call.args[0]))
        for module in MODULES
        for call in ast.walk(ast.parse(MODULES[module].read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("boto3.client", "boto3.resource")
    }

    assert services == {
        ("trailkeep.lake.storage", "'s3'"),
        ("trailkeep.access.keys", "'secretsmanager'"),
        ("trailkeep.announcements", "'sqs'"),
        ("trailkeep.jobs.starting", "'lambda'"),
        ("trailkeep.athena.engine", "'athena'"),
        ("trailkeep.insights.telling.event_bus", "'events'"),
        ("trailkeep.insights.telling.topic", "'sns'"),
    }


def test_handlers_reach_aws_only_through_the_layer() -> None:
    for path in REPOSITORY.glob("functions/*/app.py"):
        assert not {name.partition(".")[0] for name in imports_in(path)} & {"boto3", "botocore", "pyarrow"}, path


START = """
import importlib.util, json, sys, traceback
sys.modules["pyarrow"] = None
failures = {}
for name in sys.argv[2:]:
    spec = importlib.util.spec_from_file_location(name, f"{sys.argv[1]}/functions/{name}/app.py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        failures[name] = None if callable(module.handler) else "no handler"
    except Exception:
        failures[name] = traceback.format_exc()
print(json.dumps(failures))
"""


@pytest.fixture(scope="module")
def started() -> dict[str, str | None]:
    """The functions without the Arrow layer, started in a process that has no Arrow; for each, what went wrong."""
    settings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(LAYER),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LANDING_BUCKET": "landing",
        "LAKE_BUCKET": "lake",
        "HOME_REGION": "cn-hangzhou",
        "GLOBAL_EVENTS_REGION": "ap-southeast-1",
        "HOME_ACCOUNT": "111122223333",
        "DELIVERY_QUEUE_URL": "https://queue.example",
        "COMPACTION_QUEUE_URL": "https://compaction.example",
        "COUNTING_QUEUE_URL": "https://counting.example",
        "EVALUATION_QUEUE_URL": "https://evaluation.example",
        "TOKEN_PEPPER_SECRET": "pepper",
        "POWERTOOLS_SERVICE_NAME": "trailkeep",
        "POWERTOOLS_METRICS_NAMESPACE": "Trailkeep",
    }
    command = [sys.executable, "-c", START, str(REPOSITORY), *WITHOUT_ARROW, "query_events"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=True)
    failures: dict[str, str | None] = json.loads(done.stdout.splitlines()[-1])
    return failures


@pytest.mark.parametrize("function", WITHOUT_ARROW)
def test_a_function_starts_without_arrow(started: dict[str, str | None], function: str) -> None:
    assert started[function] is None, started[function]


def test_the_process_that_they_were_started_in_has_no_arrow(started: dict[str, str | None]) -> None:
    assert "pyarrow" in (started["query_events"] or "")
