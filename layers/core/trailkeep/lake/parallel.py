"""Requests at once: one to the object store waits far longer than it computes."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 64
"""As many as the client keeps connections."""

Input = TypeVar("Input")
Output = TypeVar("Output")

# Two pools, since work that waits for requests must not take the threads that these need.
_work = ThreadPoolExecutor(THREADS, thread_name_prefix="lake")
_requests = ThreadPoolExecutor(THREADS, thread_name_prefix="requests")


def in_parallel(work: Callable[[Input], Output], inputs: Iterable[Input]) -> list[Output]:
    """``work`` done for each input on several threads; results in the order of the inputs. Not to be nested."""
    return list(_work.map(work, inputs))


def requests_in_parallel(request: Callable[[Input], Output], inputs: Iterable[Input]) -> list[Output]:
    """As :func:`in_parallel`, for single requests: may be called from its ``work``."""
    return list(_requests.map(request, inputs))


def in_background(work: Callable[[], Output]) -> Future[Output]:
    """``work`` begun on a thread of its own, while the caller goes on."""
    return _work.submit(work)
