"""No test can reach a cloud: credentials are nobody's everywhere, and unit tests have no network at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest

ON_REQUEST = ("thorough", "heavy")
"""Marks of tests that are run where they are asked for by their mark."""

UNIT = Path(__file__).parent / "unit"

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_SESSION_TOKEN="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_REGION="us-east-1",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
)
os.environ.pop("AWS_PROFILE", None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is run on request only."""
    left_out = [mark for mark in ON_REQUEST if mark not in (config.option.markexpr or "")]
    chosen = [item for item in items if not any(item.get_closest_marker(mark) for mark in left_out)]
    if len(chosen) < len(items):
        config.hook.pytest_deselected(items=list(set(items).difference(chosen)))
        items[:] = chosen


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.path.is_relative_to(UNIT):
        monkeypatch.setattr(socket.socket, "connect", _refuse)
        monkeypatch.setattr(socket, "getaddrinfo", _refuse)


def _refuse(*_: Any) -> NoReturn:
    raise AssertionError("a unit test opens a connection")
