"""The HTTP door: a bare ASGI application, Segment-compatible, that answers 200 only when events are on disk."""

from __future__ import annotations

import base64
import binascii
import os
import traceback
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import PurePath
from typing import Any

import msgspec

from paceline.delivery.signatures import SignedRequest
from paceline.errors import StorageError
from paceline.model.event import EventType
from paceline.model.record import Record
from paceline.observe.facts import AppendFailed, GatewayFailed, RequestsRefused
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.runtime.gateway.answer import Answer, Send
from paceline.runtime.gateway.decode import (
    DecodedRequest,
    EventVerdict,
    RequestFacts,
    body_too_large,
    decode_request,
    inflate,
    read_envelope,
)
from paceline.runtime.gateway.door import Door, Source, WebhookAddress
from paceline.runtime.gateway.openapi import describe_api
from paceline.runtime.gateway.pages import describe_limits, sdk_settings
from paceline.runtime.gateway.pressure import DiskState, Pressure, come_back_secs
from paceline.runtime.gateway.quotas import Quotas
from paceline.runtime.gateway.refusal import Header, RequestRefusal, headers_too_large
from paceline.runtime.gateway.sunset import gone, sunset_notice
from paceline.runtime.gateway.webhook import PATH_PREFIX, ChallengeAnswer, join_headers, read_webhook

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

EVENTS_TOPIC = "events"
UNREADY_SECS = 5.0
"""For so long after a failed append the gateway says that it is not ready, so that a balancer tries another one."""

_MOST_KNOWN_CREDENTIALS = 1_000
_MOST_REFUSAL_KINDS = 1_000

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
_unknown_key = RequestRefusal(status=401, code="unauthorized", message="the write key is not known here")
_no_key = RequestRefusal(
    status=401,
    code="unauthorized",
    message='send the write key as the user of Basic auth or as "writeKey" in the body',
)
_no_such_key = RequestRefusal(status=404, code="not_found", message=_unknown_key.message)
_nothing_here = RequestRefusal(
    status=404, code="not_found", message="there is nothing here; events go to /v1/batch or /v1/track"
)


class _AcceptedAnswer(msgspec.Struct, frozen=True):
    success: bool
    events: list[EventVerdict]


class Gateway:
    """The ASGI application of the gateway.

    Serves the Segment HTTP API (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/, read
    2026-11-23) under /v1, signed webhooks under /v1/in, `/health`, `/ready`, `/openapi.json` and
    `/.well-known/paceline`. Events are appended to the topic `events` and the answer is sent after the append is
    durable. `door` may be replaced at any time. `disk` says when there is no room to take anything in.
    """

    def __init__(
        self, *, bus: Bus, door: Door, clock: Clock, telemetry: Telemetry, disk: DiskState | None = None
    ) -> None:
        self.door = door
        self._bus = bus
        self._clock = clock
        self._telemetry = telemetry
        self._disk = disk
        self._pressure = Pressure(disk)
        self._quotas = Quotas()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._failed_at = -UNREADY_SECS
        self._known_credentials: dict[bytes, Source] = {}
        self._known_door = door
        self.requests = 0
        self.events = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        answer = Answer(send, self._cors(headers.get(b"origin")))
        try:
            await self._route(scope, headers, receive, answer)
        except Exception as defect:  # noqa: BLE001  (told below; one request must not take others with it)
            self._telemetry.record(GatewayFailed(defect=type(defect).__name__, place=_place_of(defect)))
            if not answer.is_begun:
                await self._refuse(answer, _defect())

    def tell_refusals(self) -> None:
        """Tell how many requests were refused since the last time, by their kind."""
        refused, self._refused = self._refused, Counter()
        for (code, source), requests in sorted(refused.items()):
            self._telemetry.record(RequestsRefused(code=code, source=source, requests=requests))

    async def _route(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, answer: Answer) -> None:
        path: str = scope["path"]
        method: str = scope["method"]
        refusal = self._refusal_of_head(scope)
        if refusal is not None:
            return await self._refuse(answer, refusal)
        is_webhook = path.startswith(PATH_PREFIX)
        if path in _paths or path == _METRICS_PATH or is_webhook:
            if method == "OPTIONS":
                return await answer.preflight()
            if method != "POST":
                wrong = RequestRefusal(status=405, code="method_not_allowed", message="this path takes POST")
                return await answer.refuse(wrong, (b"allow", b"POST, OPTIONS"))
            self.requests += 1
            if is_webhook:
                return await self._collect_webhook(scope, receive, answer)
            if path == _METRICS_PATH:
                return await self._ignore(headers, receive, answer)
            return await self._collect(_paths[path], headers, receive, answer)
        if method == "OPTIONS":
            return await answer.preflight()
        if method in {"GET", "HEAD"}:
            return await self._page(path, headers, answer)
        return await answer.refuse(_nothing_here)

    def _refusal_of_head(self, scope: Scope) -> RequestRefusal | None:
        head_bytes = len(scope["path"]) + sum([len(name) + len(value) for name, value in scope["headers"]])
        limit = self.door.limits.max_header_bytes
        return headers_too_large(limit, head_bytes) if head_bytes > limit else None

    async def _refuse(self, answer: Answer, refusal: RequestRefusal, source: str = "", *extra: Header) -> None:
        """Answer with a refusal and count it."""
        if len(self._refused) < _MOST_REFUSAL_KINDS:
            self._refused[refusal.code, source] += 1
        await answer.refuse(refusal, *extra)

    async def _collect(
        self, call: EventType | None, headers: Mapping[bytes, bytes], receive: Receive, answer: Answer
    ) -> None:
        source: Source | None = None
        credentials = headers.get(b"authorization")
        if credentials is not None:
            source = self._authenticate(credentials)
            if source is None:
                return await self._refuse(answer, _unknown_key)
        body = await self._read_body(headers, receive)
        if isinstance(body, RequestRefusal):
            return await self._refuse(answer, body)
        envelope = read_envelope(body, self.door.limits)
        if isinstance(envelope, RequestRefusal):
            return await self._refuse(answer, envelope)
        if source is None:
            source = self.door.find_source(envelope.writeKey or "")
            if source is None:
                return await self._refuse(answer, _no_key)
        events = len(envelope.batch) if call is None and isinstance(envelope.batch, list) else 1
        refusal = self._refusal_of_load(source, events)
        if refusal is not None:
            return await self._refuse(answer, refusal, source.name)
        facts = RequestFacts(
            call=call, source=source, received_ms=self._clock.now_ms(), headers=_headers_to_keep(headers)
        )
        decoded = decode_request(body, envelope, facts, self.door, _new_id)
        if isinstance(decoded, RequestRefusal):
            return await self._refuse(answer, decoded, source.name)
        if call is not None and not decoded.records:
            verdict = decoded.verdicts[0]
            rejected = RequestRefusal(status=400, code=verdict.reason, message=verdict.detail)
            return await self._refuse(answer, rejected, source.name)
        return await self._append(decoded, source, answer)

    async def _collect_webhook(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        name = scope["path"].removeprefix(PATH_PREFIX)
        address = self.door.addresses.get(name) or WebhookAddress(source=name)
        webhook = self.door.webhooks.get(address.source)
        now_ms = self._clock.now_ms()
        answer.add(sunset_notice(address, now_ms=now_ms))
        if address.is_refused and now_ms > address.ends_ms:
            return await self._refuse(answer, gone(name, address))
        if webhook is None:
            return await self._refuse(answer, _nothing_here)
        headers = dict(scope["headers"])
        body = await self._read_body(headers, receive)
        if isinstance(body, RequestRefusal):
            return await self._refuse(answer, body, webhook.source.name)
        signed = SignedRequest(
            method=scope["method"],
            url=self._url_of(scope, headers),
            headers=join_headers(scope["headers"]),
            body=body,
        )
        read = read_webhook(webhook, signed, self.door.limits, now_ms=now_ms)
        if isinstance(read, ChallengeAnswer):
            return await answer.ok(_encode(read))
        if isinstance(read, DecodedRequest):
            refusal = self._refusal_of_load(webhook.source, 1)
            if refusal is None:
                return await self._append(read, webhook.source, answer)
            read = refusal
        return await self._refuse(answer, read, webhook.source.name)

    def _refusal_of_load(self, source: Source, events: int) -> RequestRefusal | None:
        """Why this many events cannot come in now: our own trouble first, for it takes nothing from the quota."""
        now_secs = self._clock.monotonic_secs()
        refusal = self._pressure.refusal(events, self.door.limits, now_secs=now_secs)
        if refusal is not None or source.quota is None:
            return refusal
        return self._quotas.refusal(source.name, source.quota, events, now_secs=now_secs)

    async def _append(self, decoded: DecodedRequest, source: Source, answer: Answer) -> None:
        if decoded.records and not await self._store(decoded.records):
            return await self._refuse(answer, _not_stored(), source.name)
        self.events += len(decoded.records)
        return await answer.ok(_encode(_AcceptedAnswer(success=True, events=decoded.verdicts)))

    async def _store(self, records: list[Record]) -> bool:
        """Append; False when the bus refuses. Then none of the records was acknowledged."""
        began_secs = self._clock.monotonic_secs()
        self._pressure.begin(len(records))
        try:
            await self._bus.append(EVENTS_TOPIC, records)
        except StorageError as error:
            self._failed_at = self._clock.monotonic_secs()
            self._telemetry.record(AppendFailed(reason=str(error), events=len(records)))
            return False
        else:
            return True
        finally:
            now_secs = self._clock.monotonic_secs()
            self._pressure.end(len(records), self.door.limits, began_secs=began_secs, now_secs=now_secs)

    def _authenticate(self, credentials: bytes) -> Source | None:
        if self._known_door is not self.door or len(self._known_credentials) > _MOST_KNOWN_CREDENTIALS:
            self._known_credentials.clear()
            self._known_door = self.door
        known = self._known_credentials.get(credentials)
        if known is not None:
            return known
        source = self.door.find_source(_user_of_basic_auth(credentials))
        if source is not None:
            self._known_credentials[credentials] = source
        return source

    async def _ignore(self, headers: Mapping[bytes, bytes], receive: Receive, answer: Answer) -> None:
        body = await self._read_body(headers, receive)
        if isinstance(body, RequestRefusal):
            return await self._refuse(answer, body)
        return await answer.ok(b'{"success":true}')

    async def _read_body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes | RequestRefusal:
        limit = self.door.limits.max_body_bytes
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > limit:
            return body_too_large(limit, int(declared[:20]))
        encoding = headers.get(b"content-encoding", b"identity").strip().lower()
        if encoding not in {b"identity", b"gzip", b""}:
            return RequestRefusal(status=415, code="bad_encoding", message="content-encoding is gzip or identity")
        body = await _receive_body(receive, limit)
        if isinstance(body, bytes) and encoding == b"gzip":
            return inflate(body, max_bytes=limit)
        return body

    def _url_of(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """What the sender called, as far as we can know it behind a proxy: vendors call by HTTPS only."""
        host = headers.get(b"host", b"").decode("latin-1")
        base = self.door.settings.public_url or f"https://{host}"
        raw_path = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"").decode("latin-1")
        return f"{base}{raw_path.decode('latin-1')}{f'?{query}' if query else ''}"

    async def _page(self, path: str, headers: Mapping[bytes, bytes], answer: Answer) -> None:
        if path == "/health":
            return await answer.ok(b'{"status":"ok"}')
        if path == "/ready":
            return await self._readiness(answer)
        if path == "/.well-known/paceline":
            return await answer.ok(_encode(describe_limits(self.door)))
        if path == "/openapi.json":
            return await answer.ok(_encode(describe_api(self.door, [*_paths, _METRICS_PATH])))
        parts = path.split("/")
        if len(parts) == 5 and parts[1:3] == ["v1", "projects"] and parts[4] == "settings":
            if self.door.find_source(parts[3]) is None:
                return await answer.refuse(_no_such_key)
            host = headers.get(b"host", b"").decode("latin-1")
            return await answer.ok(_encode(sdk_settings(parts[3], host)))
        return await answer.refuse(_nothing_here)

    async def _readiness(self, answer: Answer) -> None:
        reason = ""
        if self._disk is not None and self._disk.is_low:
            reason = "the disk is almost full"
        elif self._clock.monotonic_secs() - self._failed_at < UNREADY_SECS:
            reason = "the last events could not be stored"
        else:
            try:
                await self._bus.ends(EVENTS_TOPIC)
            except StorageError:
                reason = "the bus cannot be read"
        if reason:
            return await answer.refuse(RequestRefusal(status=503, code="not_ready", message=reason, retry_after_secs=5))
        return await answer.ok(b'{"status":"ready"}')

    def _cors(self, origin: bytes | None) -> tuple[Header, ...]:
        allowed = self.door.settings.cors_origins
        if origin is None or not ("*" in allowed or origin.decode("latin-1") in allowed):
            return ()
        return (
            (b"access-control-allow-origin", b"*" if "*" in allowed else origin),
            (b"access-control-expose-headers", b"retry-after, x-paceline-limit"),
            (b"vary", b"Origin"),
        )


def _not_stored() -> RequestRefusal:
    return RequestRefusal(
        status=503,
        code="not_stored",
        message="the events are not stored; send them again later",
        retry_after_secs=come_back_secs(),
    )


def _defect() -> RequestRefusal:
    return RequestRefusal(
        status=503,
        code="defect",
        message="the gateway failed; what you sent is not stored",
        retry_after_secs=come_back_secs(),
    )


def _place_of(defect: BaseException) -> str:
    """Where in our code it happened; no text of the defect, which may quote what was sent."""
    frames = traceback.extract_tb(defect.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


async def _receive_body(receive: Receive, limit: int) -> bytes | RequestRefusal:
    """The body, or a refusal as soon as it is over the limit. A slow one is the protocol's business."""
    parts: list[bytes] = []
    size = 0
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
