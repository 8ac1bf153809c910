"""Tests written as coroutines, without a plugin."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import ParamSpec

Parameters = ParamSpec("Parameters")


def runs_to_end(test: Callable[Parameters, Coroutine[object, object, None]]) -> Callable[Parameters, None]:
    """Makes an ordinary test of a coroutine function: each call gets an event loop of its own.

    >>> @runs_to_end
    ... async def test_nothing_happens() -> None: ...
    >>> test_nothing_happens()
    """

    @functools.wraps(test)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run
