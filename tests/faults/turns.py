"""Two workers that take turns at their calls to AWS, in an order that a test gives: no chance, no sleeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Thread, current_thread
from typing import Any

import pytest
from botocore.endpoint import Endpoint

from tests.functions.interruption import SEND

PATIENCE_SECONDS = 60.0


class Turns:
    """``order`` names the worker of each call; used up, whoever runs goes on to its end, and then the others.

    One worker runs at a time, not only at its calls: processes share nothing, but threads do.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._order = list(order)
        self._running: list[str] = []
        self._active = ""
        self._changed = Condition()
        self.calls: dict[str, int] = {}
        self.failures: dict[str, BaseException] = {}

    def run(self, workers: dict[str, Callable[[], object]]) -> None:
        """Run each worker in a thread of its name, until all have ended; the first error of a worker is raised."""
        self._running = list(workers)
        self.calls = dict.fromkeys(workers, 0)
        self._active = self._next()
        threads = [Thread(target=self._work, args=(name, work), name=name) for name, work in workers.items()]
        with self._at_every_call():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for failure in self.failures.values():
            raise failure

    def _work(self, name: str, work: Callable[[], object]) -> None:
        try:
            self._wait(name)
            work()
        except BaseException as failure:  # noqa: BLE001 - raised by run(), in the thread of the test
            self.failures[name] = failure
        with self._changed:
            self._running.remove(name)
            self._active = self._next()
            self._changed.notify_all()

    def _wait(self, name: str) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._active == name, PATIENCE_SECONDS):
                raise TimeoutError(f"{name} never gets its turn")

    def _next(self) -> str:
        """Whose call is next: those in the order that have ended are passed over."""
        while self._order and self._order[0] not in self._running:
            self._order.pop(0)
        if self._order:
            return self._order[0]
        return self._active if self._active in self._running else next(iter(self._running), "")

    @contextmanager
    def _at_every_call(self) -> Iterator[None]:
        send = getattr(Endpoint, SEND)

        def in_turn(*arguments: Any) -> Any:
            name = current_thread().name
            with self._changed:
                self._active = self._next()
                self._changed.notify_all()
            self._wait(name)
            if self._order:
                self._order.pop(0)
            self.calls[name] += 1
            return send(*arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Endpoint, SEND, in_turn)
            yield
