"""Detection, interrupted at every call of its functions: repeated, it leaves what an undisturbed run leaves."""

from __future__ import annotations

import pytest

from tests.faults import insights
from tests.faults.matrix import interrupt_everywhere, observe
from tests.faults.scenario import Scenario
from tests.faults.table import cases
from tests.functions.detections import told_by_bus, told_by_topic
from tests.functions.interruption import Fault, Killed, interrupted

pytestmark = pytest.mark.thorough

FUNCTIONS = ("detect_insights", "count_calls", "evaluate_account", "manage_insights")


@pytest.mark.parametrize(("scenario", "fault"), cases(*FUNCTIONS), ids=str)
def test_interrupted_anywhere_and_repeated_nothing_is_lost_or_twice(scenario: Scenario, fault: Fault) -> None:
    interrupt_everywhere(scenario, fault)


def test_only_who_dies_between_sending_and_noting_that_sends_something_twice() -> None:
    undisturbed = observe(insights.TELLING)
    calls = undisturbed.calls
    sent = {told_by_bus: calls.index("PutEvents") + 1, told_by_topic: calls.index("PublishBatch") + 1}
    for at in range(1, len(calls) + 1):
        with undisturbed.before.deployed() as deployment:
            with interrupted(at, Fault.KILLED_AFTER), pytest.raises(Killed):
                insights.TELLING.run(deployment)
            deployment.restart()
            assert insights.TELLING.run(deployment)
            for heard, sending in sent.items():
                expected = 2 if sending <= at < len(calls) else 1
                assert set(insights.counted(heard(deployment)).values()) == {expected}, (at, calls)
