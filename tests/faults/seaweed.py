"""SeaweedFS: an S3 server of others, as a process of its own that can be killed and comes back with its data."""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

LOOPBACK = "127.0.0.1"
START_SECONDS = 90.0
"""How long a start may take, on a busy machine and with data to look through; it usually takes three seconds."""

# Below the ports that systems hand out to clients by themselves: while the server is down, nobody takes its ports.
_PORTS = range(15_000, 30_000)
_PARTS = ("master", "volume", "filer", "s3")

# What outlives a killed test run by a moment: it waits for the end of the pipe that only the run holds open.
_WATCH = 'cat >/dev/null; kill -9 -"$0"; sleep 1; rm -rf "$@"'


def why_not() -> str | None:
    """Why the server cannot run on this machine; None where it can."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return f"there is no SeaweedFS for {platform.system()} on {platform.machine()} among the tools"
    return None


class SeaweedFS:
    """A server on free ports, with its data in ``folder`` or in one that goes with it. Ends with this process.

    Its one user may do everything; ``environment`` is what lets a client of AWS speak to it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="seaweed-"))
        self._ports: dict[str, int] = {}
        self._access_key = f"key{secrets.token_hex(8)}"
        self._secret_key = secrets.token_hex(20)
        self._server: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def endpoint(self) -> str:
        """The address of its S3, the same after every restart."""
        return f"http://{LOOPBACK}:{self._ports['s3']}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send a client of AWS here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self._access_key,
            "AWS_SECRET_ACCESS_KEY": self._secret_key,
            "AWS_SESSION_TOKEN": "",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self) -> Any:
        """A plain S3 client, which tries once and is quick to give up."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self._access_key,
            aws_secret_access_key=self._secret_key,
            region_name="us-east-1",
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=2,
                read_timeout=20,
                s3={"addressing_style": "path"},
            ),
        )

    def start(self) -> None:
        """Start it, or start it again with the data it had; returns when S3 takes a write and gives it back."""
        if self._server is not None:
            raise RuntimeError("it runs already")
        self.folder.mkdir(parents=True, exist_ok=True)
        again = bool(self._ports)
        deadline = time.monotonic() + START_SECONDS
        while True:
            if not again:
                self._ports = _free_ports()
            self._launch()
            if self._answers(deadline):
                return
            self.kill()
            if time.monotonic() > deadline:
                raise RuntimeError(f"SeaweedFS does not start:\n{self.log()[-4000:]}")
            time.sleep(0.2)  # a port was taken in the meantime

    def stop(self) -> None:
        """Ask it to end, as an operator would; kill it when it has not after five seconds."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._server.wait(5.0)
        self.kill()

    def kill(self) -> None:
        """End it at once, wherever it is in its work (SIGKILL to the whole group)."""
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.communicate()
            self._watchdog = None
        if self._server is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = None
            for socket_file in self._sockets():
                socket_file.unlink(missing_ok=True)

    def log(self) -> str:
        """What it has written since its first start."""
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _sockets(self) -> list[Path]:
        """What it leaves there, wherever it is told to keep its files."""
        return [Path(f"/tmp/seaweedfs-{part}-grpc-{self._ports[f'{part}.grpc']}.sock") for part in _PARTS]

    def _litter(self) -> list[Path]:
        return [*self._sockets(), *([self.folder] if self._own_folder else [])]

    def _launch(self) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        identity = {"name": "tests", "credentials": [{"accessKey": self._access_key, "secretKey": self._secret_key}]}
        # A key is a path to it, and a part of that may be as long as S3's keys.
        filer = f'[filer.options]\nmax_file_name_length = 1024\n[leveldb2]\nenabled = true\ndir = "{data / "names"}"\n'
        (self.folder / "filer.toml").write_text(filer)
        # A bucket takes volumes of its own, and by default seven at once.
        (self.folder / "master.toml").write_text("[master.volume_growth]\ncopy_1 = 1\n")
        users = self.folder / "s3.json"
        users.write_text(json.dumps({"identities": [{**identity, "actions": ["Admin", "Read", "List", "Write"]}]}))
        command = [
            str(_program()),
            "-logtostderr",
            "server",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            f"-dir={data}",
            "-master.telemetry=false",
            "-master.electionTimeout=500ms",
            "-master.volumeSizeLimitMB=128",
            "-volume.max=400",
            "-volume.preStopSeconds=0",
            "-volume.minFreeSpace=100MiB",
            "-filer",
            f"-filer.localSocket={self.folder / 'f.sock'}",
            "-s3",
            f"-s3.config={users}",
            f"-s3.localSocket={self.folder / 's.sock'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *(f"-{part}.port={self._ports[part]}" for part in _PARTS),
            *(f"-{part}.port.grpc={self._ports[f'{part}.grpc']}" for part in _PARTS),
        ]
        with (self.folder / "server.log").open("ab") as log:
            # In its home it keeps what it wants to keep of its own; PATH and the rest of ours it does not need.
            self._server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"HOME": str(self.folder)},
                start_new_session=True,
            )
        # When this process ends, however it ends, the pipe closes and takes the server along.
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, str(self._server.pid), *map(str, self._litter())],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def _answers(self, deadline: float) -> bool:
        """Wait until S3 takes a write; False when the process ends before, or time runs out."""
        client = self.client()
        body = secrets.token_hex(8).encode()
        while time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                return False
            with suppress(BotoCoreError, ClientError):
                client.create_bucket(Bucket="seaweed-is-ready")
            with suppress(BotoCoreError, ClientError):
                client.put_object(Bucket="seaweed-is-ready", Key="probe", Body=body)
                if client.get_object(Bucket="seaweed-is-ready", Key="probe")["Body"].read() == body:
                    return True
            time.sleep(0.1)
        return False


def _program() -> Path:
    """It comes with the tools, so where it is missing they are incomplete: no reason to go on without."""
    program = Path(sysconfig.get_path("scripts")) / "weed"
    if not program.exists():
        raise FileNotFoundError(f"{program} is missing: install requirements/dev.txt anew")
    return program


def _free_ports() -> dict[str, int]:
    """Two free ports for each part of the server."""
    names = [name for part in _PARTS for name in (part, f"{part}.grpc")]
    found: list[int] = []
    while len(found) < len(names):
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            if port not in found:
                found.append(port)
    return dict(zip(names, found, strict=True))
