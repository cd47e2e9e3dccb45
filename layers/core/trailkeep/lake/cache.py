"""What was read from objects that never change, kept between the requests of one function."""

from collections import OrderedDict
from threading import Lock
from typing import Any


class Cache:
    """What was read, by its place; the least recently used is dropped first when all take more than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._held: OrderedDict[tuple[str, ...], tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, place: tuple[str, ...]) -> Any | None:
        """What was kept for a place; None where nothing is."""
        with self._lock:
            if place not in self._held:
                return None
            self._held.move_to_end(place)
            return self._held[place][0]

    def put(self, place: tuple[str, ...], value: Any, size: int) -> None:
        """Keep a value of so many bytes, unless it would take most of the room."""
        if size > self._limit // 4:
            return
        with self._lock:
            if place not in self._held:
                self._size += size
            self._held[place] = (value, size)
            while self._size > self._limit:
                _, (_, dropped) = self._held.popitem(last=False)
                self._size -= dropped
