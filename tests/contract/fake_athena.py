"""Athena on the wire, as its API reference has it: what it is asked, and what it would answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORKGROUP = "trailkeep"
OUTPUT = "s3://lake/exports/athena/"


class FakeAthena:
    """One workgroup. Queries go through ``states``, one at each look, and stay in the last."""

    def __init__(self) -> None:
        self.states = ["SUCCEEDED"]
        self.reason = ""
        self.error_category: int | None = None
        self.refuses: tuple[str, str, dict[str, Any]] | None = None
        """Code, message and further members of an error that every request gets."""
        self.started: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self._looks: dict[str, int] = {}
        self.url = ""

    def start_query_execution(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert 32 <= len(asked["ClientRequestToken"]) <= 128
        tokens = [each["ClientRequestToken"] for each in self.started]
        if asked["ClientRequestToken"] not in tokens:
            self.started.append(asked)
            tokens.append(asked["ClientRequestToken"])
        return {"QueryExecutionId": f"query-{tokens.index(asked['ClientRequestToken'])}"}

    def get_query_execution(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["QueryExecutionId"]
        look = self._looks[name] = self._looks.get(name, -1) + 1
        state = "CANCELLED" if name in self.stopped else self.states[min(look, len(self.states) - 1)]
        status: dict[str, Any] = {"State": state}
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.error_category:
            status["AthenaError"] = {"ErrorCategory": self.error_category, "Retryable": False}
        return {
            "QueryExecution": {
                "QueryExecutionId": name,
                "Status": status,
                "Statistics": {"DataScannedInBytes": 1234},
                "ResultConfiguration": {"OutputLocation": f"{OUTPUT}{name}.csv"},
            }
        }

    def stop_query_execution(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.stopped.append(asked["QueryExecutionId"])
        return {}

    @contextmanager
    def serving(self) -> Iterator[FakeAthena]:
        """Answer at ``url`` for as long as the block runs."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


_OPERATIONS = {
    "AmazonAthena.StartQueryExecution": FakeAthena.start_query_execution,
    "AmazonAthena.GetQueryExecution": FakeAthena.get_query_execution,
    "AmazonAthena.StopQueryExecution": FakeAthena.stop_query_execution,
}


def _handler(athena: FakeAthena) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if athena.refuses:
                code, message, more = athena.refuses
                self._answer(400, {"__type": code, "message": message, **more})
            else:
                self._answer(200, _OPERATIONS[self.headers["X-Amz-Target"]](athena, asked))

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
