"""Where something unusual ends: with the first pause that is long enough, two days after its date at the latest."""

from collections.abc import Sequence

from trailkeep.insights.facts import Fact
from trailkeep.insights.scene import Scene


def end_of(scene: Scene, facts: Sequence[Fact], begin: int, quiet: int) -> tuple[int, int | None]:
    """How many of the facts belong to what began in the minute ``begin``, and the minute after the last of them.

    ``facts`` are in order of time. The end is None as long as a call may follow within ``quiet`` minutes.
    """
    last = begin
    for number, fact in enumerate(facts):
        if fact.minute > last + quiet:
            return number, last + 1
        last = max(last, fact.minute)
    is_over = last + quiet < scene.closed or scene.closed >= scene.minutes.stop + len(scene.minutes)
    return len(facts), last + 1 if is_over else None
