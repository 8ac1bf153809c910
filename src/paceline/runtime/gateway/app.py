"""The HTTP door: a bare ASGI application, Segment-compatible, that answers 200 only when events are on disk."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from paceline.errors import StorageError
from paceline.model.event import EventType
from paceline.model.record import Record
from paceline.observe.facts import AppendFailed
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.runtime.gateway.decode import (
    DecodedRequest,
    EventVerdict,
    RequestFacts,
    RequestRefusal,
    body_too_large,
    decode_request,
    inflate,
    read_envelope,
)
from paceline.runtime.gateway.door import Door, Source
from paceline.runtime.gateway.pages import describe_limits, sdk_settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

EVENTS_TOPIC = "events"
BODY_READ_SECS = 30.0
MAX_HEADER_BYTES = 16 * 1024
UNREADY_SECS = 5.0
"""For so long after a failed append the gateway says that it is not ready, so that a balancer tries another one."""

_paths: dict[str, EventType | None] = {
    **{f"/v1/{call.value}": call for call in EventType},
    **{f"/v1/{call.value[0]}": call for call in EventType},
    "/v1/batch": None,
    "/v1/b": None,
    "/v1/import": None,
}
_METRICS_PATH = "/v1/m"
"""Where the browser SDK reports about itself. Answered and dropped: its reports are no events."""

_kept_headers = (b"user-agent", b"origin", b"referer")


class _AcceptedAnswer(msgspec.Struct, frozen=True):
    success: bool
    events: list[EventVerdict]


class Gateway:
    """The ASGI application of the gateway.

    Serves the Segment HTTP API (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/, read
    2026-11-23) under /v1, `/health`, `/ready` and `/.well-known/paceline`. Events are appended to the topic `events`
    and the answer is sent after the append is durable. `door` may be replaced at any time.
    """

    def __init__(self, *, bus: Bus, door: Door, clock: Clock, telemetry: Telemetry) -> None:
        self.door = door
        self._bus = bus
        self._clock = clock
        self._telemetry = telemetry
        self._pending_events = 0
        self._failed_at = -UNREADY_SECS
        self._known_credentials: dict[bytes, Source] = {}
        self._known_door = door
        self.requests = 0
        self.events = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        method: str = scope["method"]
        headers = dict(scope["headers"])
        answer = _Answer(send, self._cors(headers.get(b"origin")))
        header_bytes = sum(len(name) + len(value) for name, value in scope["headers"])
        if header_bytes > MAX_HEADER_BYTES:
            await answer.refuse_request(_headers_too_large(header_bytes))
        elif path in _paths:
            if method == "POST":
                self.requests += 1
                await self._collect(_paths[path], headers, receive, answer)
            elif method == "OPTIONS":
                await answer.preflight()
            else:
                await answer.refuse(405, "method_not_allowed", f"{path} takes POST", (("allow", "POST, OPTIONS"),))
        elif path == _METRICS_PATH and method == "POST":
            refusal = await self._read_body(headers, receive)
            if isinstance(refusal, RequestRefusal):
                await answer.refuse_request(refusal)
            else:
                await answer.ok(b'{"success":true}')
        elif method not in {"GET", "HEAD", "OPTIONS"}:
            await answer.refuse(404, "not_found", "there is nothing here; events go to /v1/batch or /v1/track")
        elif method == "OPTIONS":
            await answer.preflight()
        else:
            await self._page(path, headers, answer)

    async def _collect(
        self, call: EventType | None, headers: Mapping[bytes, bytes], receive: Receive, answer: _Answer
    ) -> None:
        source: Source | None = None
        credentials = headers.get(b"authorization")
        if credentials is not None:
            source = self._authenticate(credentials)
            if source is None:
                return await answer.refuse(401, "unauthorized", "the write key is not known here")
        body = await self._read_body(headers, receive)
        if isinstance(body, RequestRefusal):
            return await answer.refuse_request(body)
        envelope = read_envelope(body, self.door.limits)
        if isinstance(envelope, RequestRefusal):
            return await answer.refuse_request(envelope)
        if source is None:
            source = self.door.find_source(envelope.writeKey or "")
            if source is None:
                return await answer.refuse(
                    401, "unauthorized", 'send the write key as the user of Basic auth or as "writeKey" in the body'
                )
        facts = RequestFacts(
            call=call, source=source, received_ms=self._clock.now_ms(), headers=_headers_to_keep(headers)
        )
        decoded = decode_request(body, envelope, facts, self.door, _new_id)
        if isinstance(decoded, RequestRefusal):
            return await answer.refuse_request(decoded)
        return await self._append(decoded, is_single=call is not None, answer=answer)

    async def _append(self, decoded: DecodedRequest, *, is_single: bool, answer: _Answer) -> None:
        if is_single and not decoded.records:
            verdict = decoded.verdicts[0]
            return await answer.refuse(400, verdict.reason, verdict.detail)
        if decoded.records and not await self._store(decoded.records):
            retry_after = str(random.randint(1, 10))  # noqa: S311  (spreads clients out, protects nothing)
            return await answer.refuse(
                503, "not_stored", "the events are not stored; send them again later", (("retry-after", retry_after),)
            )
        self.events += len(decoded.records)
        return await answer.ok(_encode(_AcceptedAnswer(success=True, events=decoded.verdicts)))

    async def _store(self, records: list[Record]) -> bool:
        """Append; False when there is no room now or the bus refuses. Then none of the records was acknowledged."""
        if self._pending_events + len(records) > self.door.limits.max_pending_events and self._pending_events:
            return False
        self._pending_events += len(records)
        try:
            await self._bus.append(EVENTS_TOPIC, records)
        except StorageError as error:
            self._failed_at = self._clock.monotonic_secs()
            self._telemetry.record(AppendFailed(reason=str(error), events=len(records)))
            return False
        else:
            return True
        finally:
            self._pending_events -= len(records)

    def _authenticate(self, credentials: bytes) -> Source | None:
        if self._known_door is not self.door:
            self._known_credentials.clear()
            self._known_door = self.door
        known = self._known_credentials.get(credentials)
        if known is not None:
            return known
        source = self.door.find_source(_user_of_basic_auth(credentials))
        if source is not None:
            self._known_credentials[credentials] = source
        return source

    async def _read_body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes | RequestRefusal:
        limit = self.door.limits.max_body_bytes
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            return body_too_large(limit, int(declared))
        encoding = headers.get(b"content-encoding", b"identity").strip().lower()
        if encoding not in {b"identity", b"gzip", b""}:
            return RequestRefusal(status=415, code="bad_encoding", message="content-encoding is gzip or identity")
        try:
            body = await _receive_body(receive, limit)
        except TimeoutError:
            return RequestRefusal(
                status=408, code="body_too_slow", message=f"the body did not arrive within {BODY_READ_SECS:.0f} s"
            )
        if isinstance(body, bytes) and encoding == b"gzip":
            return inflate(body, max_bytes=limit)
        return body

    async def _page(self, path: str, headers: Mapping[bytes, bytes], answer: _Answer) -> None:
        if path == "/health":
            return await answer.ok(b'{"status":"ok"}')
        if path == "/ready":
            return await self._readiness(answer)
        if path == "/.well-known/paceline":
            return await answer.ok(_encode(describe_limits(self.door)))
        parts = path.split("/")
        if len(parts) == 5 and parts[1:3] == ["v1", "projects"] and parts[4] == "settings":
            if self.door.find_source(parts[3]) is None:
                return await answer.refuse(404, "not_found", "the write key is not known here")
            host = headers.get(b"host", b"").decode("latin-1")
            return await answer.ok(_encode(sdk_settings(parts[3], host)))
        return await answer.refuse(404, "not_found", "there is nothing here; events go to /v1/batch or /v1/track")

    async def _readiness(self, answer: _Answer) -> None:
        if self._clock.monotonic_secs() - self._failed_at < UNREADY_SECS:
            return await answer.refuse(503, "not_ready", "the last events could not be stored", (("retry-after", "5"),))
        try:
            await self._bus.ends(EVENTS_TOPIC)
        except StorageError as error:
            return await answer.refuse(503, "not_ready", str(error), (("retry-after", "5"),))
        return await answer.ok(b'{"status":"ready"}')

    def _cors(self, origin: bytes | None) -> tuple[tuple[bytes, bytes], ...]:
        allowed = self.door.settings.cors_origins
        if origin is None or not ("*" in allowed or origin.decode("latin-1") in allowed):
            return ()
        return ((b"access-control-allow-origin", b"*" if "*" in allowed else origin), (b"vary", b"Origin"))


class _Answer:
    """Writes one answer. Every answer is JSON and carries the CORS headers that its request earned."""

    def __init__(self, send: Send, cors: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send = send
        self._cors = cors

    async def ok(self, body: bytes) -> None:
        await self._write(200, body, ())

    async def preflight(self) -> None:
        allowed = (
            (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
            (b"access-control-allow-headers", b"authorization, content-type, content-encoding"),
            (b"access-control-max-age", b"86400"),
        )
        await self._write(204, b"", allowed if self._cors else ())

    async def refuse(self, status: int, code: str, message: str, extra: tuple[tuple[str, str], ...] = ()) -> None:
        body = _encode({"success": False, "error": {"code": code, "message": message}})
        await self._write(status, body, tuple((name.encode(), value.encode("latin-1")) for name, value in extra))

    async def refuse_request(self, refusal: RequestRefusal) -> None:
        error: dict[str, object] = {"code": refusal.code, "message": refusal.message}
        headers: list[tuple[bytes, bytes]] = []
        if refusal.limit:
            error |= {"limit": refusal.limit, "value": refusal.value, "actual": refusal.actual}
            shown = f"{refusal.limit}={refusal.value}; actual={refusal.actual}"
            headers.append((b"x-paceline-limit", shown.encode()))
        if refusal.status in {408, 413, 431}:
            headers.append((b"connection", b"close"))
        await self._write(refusal.status, _encode({"success": False, "error": error}), tuple(headers))

    async def _write(self, status: int, body: bytes, extra: tuple[tuple[bytes, bytes], ...]) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *self._cors, *extra]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _headers_too_large(header_bytes: int) -> RequestRefusal:
    return RequestRefusal(
        status=431,
        code="headers_too_large",
        message=f"the headers are larger than {MAX_HEADER_BYTES} bytes",
        limit="max_header_bytes",
        value=MAX_HEADER_BYTES,
        actual=header_bytes,
    )


async def _receive_body(receive: Receive, limit: int) -> bytes | RequestRefusal:
    """The body, or a refusal as soon as it is over the limit. Raises TimeoutError when it comes too slowly."""
    parts: list[bytes] = []
    size = 0
    async with asyncio.timeout(BODY_READ_SECS):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return RequestRefusal(status=400, code="disconnected", message="the client left before the body's end")
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                return body_too_large(limit, size)
            parts.append(part)
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)


def _user_of_basic_auth(credentials: bytes) -> str:
    scheme, _, encoded = credentials.partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _headers_to_keep(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): headers[name].decode("latin-1")[:512] for name in _kept_headers if name in headers}


def _new_id() -> str:
    return str(uuid.UUID(bytes=os.urandom(16), version=4))


_encode = msgspec.json.Encoder().encode
