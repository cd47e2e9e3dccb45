"""What passes a proxy before S3: requests by kind, rounds, bytes, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

_GET, _LIST, _PUT = 0.0004 / 1000, 0.005 / 1000, 0.005 / 1000
"""US dollars a request, as AWS asks in us-east-1: HEAD as GET."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What passed since the last reset; ``received`` is the bytes of the answers' bodies and heads."""

    gets: int
    lists: int
    puts: int
    rounds: int
    received: int

    @property
    def requests(self) -> int:
        """All of them."""
        return self.gets + self.lists + self.puts

    @property
    def dollars(self) -> float:
        """What AWS would ask for the requests."""
        return self.gets * _GET + self.lists * _LIST + self.puts * _PUT


def rounds(spans: list[tuple[float, float]]) -> int:
    """The longest chain of requests, given as start and end, of which each began after the one before had ended.

    A request that begins after the first answer of a round has ended begins the next round. Requests of one round wait
    together, so this is what remains of the time when everything else is fast.
    """
    count, ended = 0, float("-inf")
    for start, end in sorted(spans, key=lambda span: span[1]):
        if start >= ended:
            count, ended = count + 1, end
    return count
