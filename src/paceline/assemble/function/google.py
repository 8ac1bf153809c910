"""The entry points of a Google Cloud function, as functions-framework calls them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from paceline.assemble.function.function import Function, UnfinishedError, terms_of
from paceline.assemble.function.http import HttpDoor
from paceline.delivery.retry import RetryPolicy
from paceline.deploy.google import read_cloud_event
from paceline.deploy.lambda_events import HttpCall

TIMEOUT_SECS = 60.0
"""What a function has for an invocation unless PACELINE_TIMEOUT_SECS says otherwise."""

Result = TypeVar("Result")


class FlaskRequest(Protocol):
    """What is used of the request that functions-framework gives."""

    method: str
    path: str
    query_string: bytes
    headers: Mapping[str, str]

    def get_data(self) -> bytes:
        """The body."""


class CloudEvent(Protocol):
    """What is used of the CloudEvent that functions-framework gives."""

    data: Any

    def get_attributes(self) -> Mapping[str, Any]:
        """Its attributes."""


class GoogleFunction:
    """Handles HTTP requests and CloudEvents; Pub/Sub messages among them.

    functions-framework calls from threads of its own, so deliveries run in one loop beside them.
    Example: `function = GoogleFunction(Path(__file__).parent / "paceline_integration")`
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._function = Function(folder, self._environment)
        self._timeout_secs = float(self._environment.get("PACELINE_TIMEOUT_SECS") or TIMEOUT_SECS)
        self._max_deliveries = int(self._environment.get("PACELINE_MAX_DELIVERIES") or 0)
        self._http: HttpDoor | None = None
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def http(self, request: FlaskRequest) -> tuple[bytes, int, dict[str, str]]:
        """One HTTP request: body, status and headers of the answer."""
        call = HttpCall(
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            headers=tuple(
                (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                for name, value in request.headers.items()
            ),
            body=request.get_data(),
        )
        return self._run(self._call(call))

    def cloud_event(self, event: CloudEvent) -> None:
        """One CloudEvent. Raises UnfinishedError for one that is to come again."""
        self._run(self._take(event))

    def _run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._started_loop()).result()

    def _started_loop(self) -> asyncio.AbstractEventLoop:
        """The loop; begun by the first call: servers fork after the import, and threads stay behind."""
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="paceline", daemon=True).start()
            return self._loop

    async def _call(self, call: HttpCall) -> tuple[bytes, int, dict[str, str]]:
        if self._http is None:
            self._http = HttpDoor(self._function, await self._function.open())
        answer = await self._http.call(call, left_secs=self._timeout_secs)
        return answer.body, answer.status, answer.headers

    async def _take(self, event: CloudEvent) -> None:
        clock = self._function.clock
        message = read_cloud_event(
            event.get_attributes(),
            event.data,
            max_deliveries=self._max_deliveries if self._function.keeps_letters else 0,
            now_ms=clock.now_ms(),
        )
        retry = RetryPolicy(window_secs=self._function.packed.bundle.integration.limits.retry_window_hours * 3600)
        terms = terms_of([message], retry, now_secs=clock.monotonic_secs(), left_secs=self._timeout_secs)
        done = await self._function.deliver([message], trigger="cloud_event", terms=terms)
        if not all(done):
            raise UnfinishedError("the vendor does not take the event now", remedy="nothing: the platform tries again")
