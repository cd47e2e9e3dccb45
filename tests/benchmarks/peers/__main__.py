"""`python -m tests.benchmarks.peers`, in the peers' environment: takes a request as JSON, prints the answer as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib import import_module

from tests.benchmarks.questions import Question, Source


def main() -> None:
    """One request for each process: every peer starts cold every time."""
    request = json.loads(sys.stdin.read())
    source = Source(**request["source"])
    module = import_module(f"tests.benchmarks.peers.{request['module']}")
    if "question" in request:
        question = Question(**{**request["question"], "days": tuple(request["question"]["days"])})
        print(json.dumps(asdict(module.ask(source, question))))
    else:
        print(json.dumps(module.run(source, **request["arguments"])))


if __name__ == "__main__":
    main()
