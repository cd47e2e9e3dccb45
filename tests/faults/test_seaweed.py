"""The server that other tests rest on: it keeps what it acknowledged, and never outlives who started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.seaweed import SeaweedFS, why_not
from tests.functions.deployment import REPOSITORY

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.seaweed,
    pytest.mark.skipif(why_not() is not None, reason=why_not() or ""),
]

HOLDER = """
import time
from tests.faults.seaweed import SeaweedFS
with SeaweedFS() as server:
    print(server.endpoint, server.folder, flush=True)
    time.sleep(600)
"""


def test_what_it_acknowledged_stands_after_a_kill_and_after_a_stop() -> None:
    with SeaweedFS() as server:
        endpoint, client = server.endpoint, server.client()
        client.create_bucket(Bucket="kept")
        for number, end in enumerate((server.kill, server.stop)):
            client.put_object(Bucket="kept", Key=f"object {number}", Body=b"body %d" % number)
            end()
            server.start()
            assert server.endpoint == endpoint
            listed = client.list_objects_v2(Bucket="kept")["Contents"]
            assert [item["Key"] for item in listed] == [f"object {n}" for n in range(number + 1)]
            assert client.get_object(Bucket="kept", Key=f"object {number}")["Body"].read() == b"body %d" % number
    assert not server.folder.exists()


def test_it_ends_with_the_process_that_started_it_even_if_that_is_killed() -> None:
    path = os.pathsep.join((str(REPOSITORY / "layers" / "core"), str(REPOSITORY)))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    endpoint, folder = holder.stdout.readline().split()
    assert listening(endpoint)

    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    deadline = time.monotonic() + 30
    while listening(endpoint) or Path(folder).exists():
        assert time.monotonic() < deadline, f"the server of {folder} outlives the one who started it"
        time.sleep(0.05)


def listening(endpoint: str) -> bool:
    address = urlsplit(endpoint)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname or "", address.port or 0)) == 0
