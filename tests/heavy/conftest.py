"""Heavy tests are run where they are asked for."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Pass over what is marked as heavy, unless the marks to be run are chosen by hand."""
    if "heavy" not in (config.option.markexpr or ""):
        for item in items:
            if item.get_closest_marker("heavy"):
                item.add_marker(pytest.mark.skip(reason="it takes minutes: make test-heavy"))
