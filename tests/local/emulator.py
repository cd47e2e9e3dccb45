"""The emulator as a process: started, watched, stopped."""

import http.client
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.local import processes
from tests.local.clients import ACCESS_KEY, SECRET_KEY
from tests.local.errors import LocalStackError
from tests.local.home import Home, holder

REGION = "us-east-1"
ACCOUNT = "000000000000"
LOOPBACK = "127.0.0.1"
QUEUE_ADDRESS = re.compile(rf"(http://localhost:)\d+(/{ACCOUNT}/)")
START_PATIENCE_SECONDS = 60.0
LOG_LIMIT_BYTES = 10_000_000
PROGRAM = Path(__file__).with_name("emulator_process.py")


class EmulatorFailed(LocalStackError):
    """The emulator did not start, or ended by itself."""


class PortTaken(LocalStackError):
    """Something else listens on the port."""


class Emulator:
    """One MiniStack process with its data in a home."""

    def __init__(self, home: Home, port: int, python: Path) -> None:
        self.home = home
        self.port = port or free_port()
        self._any_port = port == 0
        # Told back by the emulator's health: another one on the same port is not taken for ours.
        self._mark = secrets.token_hex(8)
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of all services."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it and return when it answers."""
        clear_leftovers(self.home)
        while True:
            try:
                return self._start()
            except PortTaken:
                if not self._any_port:
                    raise
                self.port = free_port()

    def _start(self) -> None:
        if _listening(self.port):
            raise self._port_taken()
        shutil.rmtree(self.home.scratch, ignore_errors=True)
        self.home.create()
        _move_queues(self.home.state, self.port)
        if self.home.emulator_log.exists() and self.home.emulator_log.stat().st_size > LOG_LIMIT_BYTES:
            self.home.emulator_log.replace(self.home.emulator_log.with_suffix(".old.log"))
        with self.home.emulator_log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._python), "-P", str(PROGRAM), str(self.home.path)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.home.path,
                env=self._environment(),
                # Ctrl-C is for the command in the foreground, which then stops the emulator in good order.
                start_new_session=True,
            )
        deadline = time.monotonic() + START_PATIENCE_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                if _listening(self.port):
                    raise self._port_taken()
                raise EmulatorFailed(f"the emulator did not start; its last words:\n{self.last_words()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Shut it down so that its state is on disk."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            # The state is saved by now; what it still waits for are functions at work, which may take minutes.
            processes.kill_workers(self.home.scratch)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10.0)
        self.kill()

    def kill(self) -> None:
        """End it at once, saving nothing, and its workers with it."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        processes.kill_workers(self.home.scratch)
        self._process = None

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.home.emulator_log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=2.0)
        try:
            connection.request("GET", "/_ministack/health")
            health = json.loads(connection.getresponse().read())
            return bool(health["edition"] == self._mark and health["ready_scripts"]["status"] == "completed")
        except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
            # Nothing listens yet, or something that is no emulator.
            return False
        finally:
            connection.close()

    def _port_taken(self) -> PortTaken:
        return PortTaken(
            f"port {self.port} is taken by another program: stop it, or choose a port with TRAILKEEP_PORT=<port>"
        )

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's environment but the search path: functions see it all, and must not depend on it."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.home.scratch),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": LOOPBACK,
            "MINISTACK_EDITION": self._mark,
            # Listeners for other services' protocols: nothing here uses them, and two stacks would fight for the ports.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # IAM policies of the template are enforced.
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.home.state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.home.objects),
            "LAMBDA_EXECUTOR": "local",
            # No container engine is asked for anything, whether there is one or not.
            "DOCKER_HOST": f"unix://{self.home.scratch}/no-docker",
        }


def clear_leftovers(home: Home) -> bool:
    """End what an earlier, killed command left running on this home; True when there was something."""
    pid = holder(home.emulator_lock)
    if pid is not None:
        processes.end(pid, patience=15.0)
    return processes.kill_workers(home.scratch) > 0 or pid is not None


def _move_queues(state: Path, port: int) -> None:
    """Give the queues of an earlier run this run's port: the emulator knows a queue by its address."""
    for path in state.glob("*.json"):
        text = path.read_text()
        moved = QUEUE_ADDRESS.sub(rf"\g<1>{port}\g<2>", text)
        if moved != text:
            scratch = path.with_suffix(".new")
            scratch.write_text(moved)
            scratch.replace(path)


def free_port() -> int:
    """A port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0
