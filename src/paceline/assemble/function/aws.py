"""The handler of an AWS Lambda function."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from paceline.assemble.function.function import Function, UnfinishedError, terms_of
from paceline.delivery.retry import RetryPolicy
from paceline.deploy.lambda_events import Brought, HttpCall, Trigger, failed_items, http_answer, read_lambda_event

if TYPE_CHECKING:
    from paceline.assemble.function.http import HttpDoor

EVENT_WINDOW_SECS = 150.0
"""Lambda makes a second try after one minute and the third, its last, two minutes later: what is older is the last."""

STREAM_WINDOW_SECS = 23 * 3600.0
"""A stream keeps its records for a day unless it is told otherwise."""


class LambdaContext(Protocol):
    """What Lambda gives beside the event."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Until the function is ended."""


class LambdaHandler:
    """Handles HTTP API and function URL requests, SQS and Kinesis batches, EventBridge events and direct invocations.

    Example: `handler = LambdaHandler(Path(__file__).parent / "paceline_integration")`
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._function = Function(folder, self._environment)
        self._loop = asyncio.new_event_loop()
        self._http: HttpDoor | None = None
        self._max_receives = int(self._environment.get("PACELINE_MAX_RECEIVES") or 0)

    def __call__(self, event: Mapping[str, object], context: LambdaContext) -> object:
        """One invocation. Raises UnfinishedError for an event that is to come again."""
        return self._loop.run_until_complete(self._handle(event, context))

    async def _handle(self, event: Mapping[str, object], context: LambdaContext) -> object:
        clock = self._function.clock
        left_secs = context.get_remaining_time_in_millis() / 1000
        read = read_lambda_event(
            event,
            max_receives=self._max_receives if self._function.keeps_letters else 0,
            request_id=context.aws_request_id,
            now_ms=clock.now_ms(),
        )
        if isinstance(read, HttpCall):
            if self._http is None:
                from paceline.assemble.function.http import HttpDoor  # noqa: PLC0415 - 40 ms that queues need not pay

                self._http = HttpDoor(self._function, await self._function.open())
            answer = await self._http.call(read, left_secs=left_secs)
            return http_answer(answer.status, answer.headers, answer.body)
        now_secs = clock.monotonic_secs()
        terms = terms_of(read.messages, self._retry(read), now_secs=now_secs, left_secs=left_secs)
        done = await self._function.deliver(read.messages, trigger=read.trigger, terms=terms)
        if read.trigger is not Trigger.EVENT:
            return failed_items([one.token for one, is_done in zip(read.messages, done, strict=True) if not is_done])
        if not all(done):
            raise UnfinishedError("the vendor does not take the event now", remedy="nothing: Lambda tries again")
        return {"success": True}

    def _retry(self, read: Brought) -> RetryPolicy:
        """How long the platform goes on bringing what is not done with."""
        own = self._function.packed.bundle.integration.limits.retry_window_hours * 3600
        match read.trigger:
            case Trigger.EVENT if self._function.keeps_letters:
                return RetryPolicy(window_secs=EVENT_WINDOW_SECS)
            case Trigger.KINESIS:
                return RetryPolicy(window_secs=min(own, STREAM_WINDOW_SECS))
            case _:
                return RetryPolicy(window_secs=own)
