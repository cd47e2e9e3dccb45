"""How the peers are spoken to: each request is a process of their environment, cold."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.questions import Answer, Question, Source

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv/bench/bin/python"
LONGEST = 1_800
"""Seconds after which a peer is given up."""

READERS = {"DuckDB": "duckdb_reader", "Polars": "polars_reader", "pyarrow.dataset": "arrow_reader"}


class PeerFailed(RuntimeError):
    """A peer ended with an error: its last words."""


def ask(reader: str, source: Source, question: Question) -> Answer:
    """What one of :data:`READERS` answers."""
    return Answer(**_request({"module": READERS[reader], "source": asdict(source), "question": asdict(question)}))


def run(module: str, source: Source, arguments: Mapping[str, object], python: Path = PYTHON) -> Any:
    """What another of the peers' modules gives, run by another environment if need be."""
    return _request({"module": module, "source": asdict(source), "arguments": dict(arguments)}, python)


def _request(request: Mapping[str, object], python: Path = PYTHON) -> Any:
    # What the environment says of AWS is for others: engines would add a session token from there to the keys given.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [str(python), "-m", "tests.benchmarks.peers"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        timeout=LONGEST,
    )
    if done.returncode:
        raise PeerFailed(done.stderr[-2_000:])
    return json.loads(done.stdout)
