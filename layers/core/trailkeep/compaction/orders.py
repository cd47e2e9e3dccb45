"""Messages of the compaction queue: which partition is to be compacted. A hint only, and harmless to repeat."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from trailkeep.errors import InvalidBody
from trailkeep.lake.partitions import EVENTS, Partition, parse_partition


def ordered_partition(body: str) -> Partition:
    """The partition that a message names. Raises :class:`InvalidBody` for what the planner cannot have sent."""
    try:
        partition = parse_partition(json.loads(body)["partition"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidBody("the message does not name a partition") from error
    if partition is None or partition.dataset != EVENTS:
        raise InvalidBody("the message names no partition of events")
    return partition


def order(send: Callable[[Sequence[str]], Iterable[bool]], partitions: Sequence[Partition]) -> Iterator[Partition]:
    """Send a message for each partition; gives those for which the queue took it."""
    bodies = [json.dumps({"partition": partition.prefix}) for partition in partitions]
    for partition, is_taken in zip(partitions, send(bodies), strict=True):
        if is_taken:
            yield partition
