"""What a function costs before its first request: the query function's imports, and the package's weight."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

from tests.benchmarks.options import Options
from tests.benchmarks.peer import ROOT
from tests.benchmarks.rows import Row, at_most, unmeasured
from tests.local.build import BUILD, LIMIT, weigh

_TIMED = "import time; t = time.process_time(); {}; print(time.process_time() - t)"
_LIBRARIES = "import boto3, pyarrow.parquet, aws_lambda_powertools.event_handler"
_FUNCTION = "import app"
_MEGABYTES = 250


def measure(options: Options) -> list[Row]:
    """Import times, taken in turns so that both have the same noise, and the heaviest function if there is a build."""
    runs = 9 if options.runs > 1 else 3
    pairs = [(_import(_FUNCTION), _import(_LIBRARIES)) for _ in range(runs)]
    ours, libraries = (median(times) * 1000 for times in zip(*pairs, strict=True))
    peer = "boto3, pyarrow.parquet and powertools"
    name = "query function: imports"
    return [at_most(name, ours, "ms", peer=peer, peer_value=libraries, ratio_limit=1.2), _weight()]


def _import(statement: str) -> float:
    """Processor seconds that an import takes in a new process; the files themselves are in the system's memory."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'layers/core'}:{ROOT / 'functions/query_events'}",
        "LAKE_BUCKET": "bench",
        "LANDING_BUCKET": "bench",
        "CURSOR_KEY_SECRET": "bench",
        "HOME_REGION": "us-east-1",
        "GLOBAL_EVENTS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_METRICS_NAMESPACE": "bench",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_TRACE_DISABLED": "1",
    }
    command = [sys.executable, "-c", _TIMED.format(statement)]
    return float(subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def _weight() -> Row:
    name, unit = "heaviest function with its layers", "MB"
    build = ROOT / BUILD
    if not (build / "template.yaml").exists():
        return unmeasured(f"{name} (make build comes first)", unit, f"≤ {_MEGABYTES} {unit}")
    heaviest = weigh(build)[0]
    megabytes = heaviest.total / LIMIT * _MEGABYTES
    return at_most(f"{name}: {heaviest.function}", megabytes, unit, _MEGABYTES)
