"""A proxy before S3 that makes every request wait, and counts.

A process of its own, so that it waits for nobody. Bytes pass unchanged, the Host header too, so that signatures
made for the proxy's address hold behind it. A request waits once, when all of its head has come: as long as S3 takes to
its first byte. Connections are kept alive as both sides want them, and opening one costs nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.benchmarks.traffic import Traffic


class Proxy:
    """The proxy as a process; ``environment`` is what sends a client of AWS through it."""

    def __init__(self, behind: Mapping[str, str]) -> None:
        self._behind = behind

    def __enter__(self) -> Self:
        target = urlsplit(self._behind["AWS_ENDPOINT_URL"])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.proxy_server", str(target.hostname), str(target.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send a client of AWS through the proxy."""
        return {**self._behind, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}"}

    def reset(self, delay: float) -> None:
        """Count anew, and let every request wait ``delay`` seconds."""
        self._ask(f"reset {delay}")

    def traffic(self) -> Traffic:
        """What passed since the last reset."""
        counted: dict[str, int] = self._ask("stats")
        return Traffic(**{field.name: counted[field.name] for field in fields(Traffic)})

    def trace(self) -> list[str]:
        """Every request since the last reset, with when it began and when its answer had passed."""
        told: list[str] = self._ask("trace")
        return told

    def _ask(self, line: str) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
