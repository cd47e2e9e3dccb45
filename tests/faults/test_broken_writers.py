"""The matrix finds the mistakes that it is there for, and says which promise they break."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults import broken_writers
from tests.faults.deliveries import DELIVERY
from tests.faults.invariants import Invariant
from tests.faults.matrix import violations
from tests.functions.interruption import Fault

FAULTS = (Fault.ANSWER_LOST, Fault.UNAVAILABLE, Fault.KILLED_BEFORE)


@pytest.mark.parametrize(
    ("writer", "broken"),
    [
        (broken_writers.random_keys, {Invariant.NOTHING_TWICE, Invariant.ONE_OUTCOME}),
        (broken_writers.standing_is_an_error, {Invariant.ENDS, Invariant.UNNOTICED}),
        (broken_writers.acknowledged_before_written, {Invariant.ACKNOWLEDGED_IS_DONE}),
        (broken_writers.commit_before_parts, {Invariant.COMMIT_IS_TRUE}),
    ],
    ids=lambda value: getattr(value, "__name__", "breaks"),
)
def test_a_broken_writer_is_found_out(
    writer: Callable[[pytest.MonkeyPatch], None], broken: set[Invariant], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer(monkeypatch)

    missing = set(broken)
    for invariant in violations(DELIVERY, *FAULTS):
        missing.discard(invariant)
        if not missing:
            return
    raise AssertionError(f"the matrix does not find that {missing} are broken")
