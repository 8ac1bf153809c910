"""A function's HTTP side: the gateway itself, over a bus that delivers at once instead of keeping."""

from __future__ import annotations

import contextvars
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Never

import msgspec

from paceline.assemble.function.function import RESERVED_SECS, Function, OpenFunction
from paceline.delivery.retry import RetryPolicy
from paceline.deploy.lambda_events import HttpCall
from paceline.errors import DefectError, StorageError
from paceline.model.record import PartitionEnds, Position, Record
from paceline.ports.bus import BusCapabilities, Reader
from paceline.runtime.deliver.invocation import Terms
from paceline.runtime.gateway.app import Gateway

_ends_secs: contextvars.ContextVar[float] = contextvars.ContextVar("ends_secs")


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway answers."""

    status: int
    headers: dict[str, str]
    body: bytes


class HttpDoor:
    """Takes HTTP requests as the gateway does: the same keys, limits, signatures and verdicts."""

    def __init__(self, function: Function, opened: OpenFunction) -> None:
        self._function = function
        self.gateway = Gateway(
            bus=DeliveringBus(function, opened),
            door=opened.parts.door,
            clock=function.clock,
            telemetry=function.telemetry,
        )

    async def call(self, call: HttpCall, *, left_secs: float) -> HttpAnswer:
        """One request, answered before its time is over."""
        _ends_secs.set(self._function.clock.monotonic_secs() + left_secs - min(RESERVED_SECS, left_secs / 5))
        call = _at_gateway_path(call)
        sent: list[MutableMapping[str, Any]] = []
        parts = iter([{"type": "http.request", "body": call.body, "more_body": False}])

        async def receive() -> MutableMapping[str, Any]:
            return next(parts, {"type": "http.disconnect"})

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        headers = [pair for pair in call.headers if pair[0] not in {b"content-length", b"transfer-encoding"}]
        scope = {
            "type": "http",
            "method": call.method,
            "path": call.path,
            "raw_path": call.path.encode("latin-1", "replace"),
            "query_string": call.query.encode("latin-1", "replace"),
            "headers": headers,
        }
        await self.gateway(scope, receive, send)
        names: Mapping[bytes, bytes] = dict(sent[0]["headers"])
        return HttpAnswer(
            status=sent[0]["status"],
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in names.items()},
            body=b"".join(message.get("body", b"") for message in sent[1:]),
        )


class DeliveringBus:
    """Delivers what is appended, before it says that it has it. Keeps nothing, so nothing can be read."""

    capabilities = BusCapabilities(name="function", durable=True, shared=False, dense_offsets=False)

    def __init__(self, function: Function, opened: OpenFunction, *, longest_secs: float = 30.0) -> None:
        self._function = function
        self._opened = opened
        self._longest_secs = longest_secs
        self._retry = RetryPolicy(window_secs=opened.parts.integration.limits.retry_window_hours * 3600)

    async def append(self, topic: str, records: Sequence[Record]) -> Sequence[Position]:
        """Returns when each record is delivered, or a dead letter that is kept. Raises StorageError when one is not."""
        clock = self._function.clock
        ends_secs = _ends_secs.get(clock.monotonic_secs() + self._longest_secs)
        last = frozenset(range(len(records))) if self._function.keeps_letters else frozenset()
        terms = Terms(ends_secs=ends_secs, retry=self._retry, last_chances=last)
        ends = await self._opened.deliver(records, terms, trigger="http")
        undone = sum(end.fate is None for end in ends)
        if undone:
            raise StorageError(f"{undone} of {len(records)} events could not be delivered, nor kept as dead letters")
        return [Position(0, place) for place in range(len(records))]

    def reader(self, topic: str, group: str) -> Reader:
        """There is nothing to read."""
        self._refuse()

    async def fetch(self, topic: str, positions: Sequence[Position]) -> Mapping[Position, Record]:
        """Nothing is kept."""
        return {}

    async def ends(self, topic: str) -> Mapping[int, PartitionEnds]:
        """Nothing is kept."""
        return {}

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _refuse(self) -> Never:
        raise DefectError("a function has no log to read")


def _at_gateway_path(call: HttpCall) -> HttpCall:
    """The call on the gateway's own path: stages of an API Gateway come before it, function URLs may have none."""
    _, found, rest = call.path.partition("/v1/")
    if found:
        return msgspec.structs.replace(call, path=f"/v1/{rest}")
    if call.path.strip("/") or call.method != "POST":
        return call
    return msgspec.structs.replace(call, path="/v1/batch", body=_as_batch(call.body))


def _as_batch(body: bytes) -> bytes:
    """A single event as a batch of one, with the fields that concern the request beside it."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    if "batch" in fields or "type" not in fields:
        return body
    about_request = {name: fields[name] for name in ("writeKey", "sentAt") if name in fields}
    return msgspec.json.encode({**about_request, "batch": [msgspec.Raw(body)]})
