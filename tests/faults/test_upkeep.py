"""What runs by itself, interrupted at every call: repeated, it leaves what an undisturbed run leaves."""

from __future__ import annotations

import pytest

from tests.faults.matrix import interrupt_everywhere
from tests.faults.scenario import Scenario
from tests.faults.table import cases
from tests.functions.interruption import Fault

pytestmark = pytest.mark.thorough

FUNCTIONS = ("publish_index",)


@pytest.mark.parametrize(("scenario", "fault"), cases(*FUNCTIONS), ids=str)
def test_interrupted_anywhere_and_repeated_nothing_is_lost_or_twice(scenario: Scenario, fault: Fault) -> None:
    interrupt_everywhere(scenario, fault)
