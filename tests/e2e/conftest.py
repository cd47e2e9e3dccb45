"""End to end: the real template on the emulator, talked to from outside, as its users do."""

import pytest

from tests.local.fixtures import stack

__all__ = ["stack"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(__file__.rpartition("/")[0]):
            item.add_marker(pytest.mark.e2e)
