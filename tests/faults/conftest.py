"""Functions in this process, on emulated services."""

from tests.functions.conftest import clients, deployment

__all__ = ["clients", "deployment"]
