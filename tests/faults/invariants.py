"""What must hold whatever fails: each with a name, so that a violation says which promise is broken."""

from __future__ import annotations

from enum import Enum


class Invariant(Enum):
    """A promise to users, or what one rests on."""

    NOTHING_LOST = "every event that was accepted is answered"
    NOTHING_TWICE = "no event is answered twice, or stored twice by one delivery"
    CONSERVED = "a commit accounts for every record: in = out + quarantined + duplicates"
    COMMIT_IS_TRUE = "every part that a commit names stands as it says, and every part is named"
    ONE_OUTCOME = "a delivery ends with one commit, and interrupted work leaves what undisturbed work leaves"
    ACKNOWLEDGED_IS_DONE = "what was acknowledged is stored"
    ENDS = "repeated, the work comes to its end"
    QUIET = "done once more, the work changes nothing"
    UNNOTICED = "a moment of weakness of a service is not seen from outside"
    NAMED = "what fails outside is reported as an error of ours, never as one that nobody expected"


class Violated(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: Invariant, detail: object) -> None:
        super().__init__(f"{invariant.name}: {invariant.value}\n{detail}")
        self.invariant = invariant


def demand(invariant: Invariant, holds: bool, detail: object = "") -> None:
    """Raise :class:`Violated` unless the invariant ``holds``."""
    if not holds:
        raise Violated(invariant, detail)
