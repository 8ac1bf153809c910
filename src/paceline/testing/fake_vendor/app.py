"""The ASGI application: `/<connector>/<original host>/<original path>`, and `/__fake__/…` to look and to steer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from paceline.connectors.catalog import Catalog
from paceline.model.connector import OAuth2Auth
from paceline.testing.fake_vendor.behavior import Behavior, Mode, Temper
from paceline.testing.fake_vendor.credentials import Account, Sent, find_account
from paceline.testing.fake_vendor.received import Received, ReceivedRequest, now_ms
from paceline.testing.fake_vendor.replies import Reply, reply_accepted, reply_like, reply_partially, wait_headers
from paceline.testing.fake_vendor.tokens import Tokens
from paceline.testing.fake_vendor.vendor import FakeVendor, TakenItem, Whole

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONTROL = "__fake__"


class FakeVendors:
    """Every vendor of a catalog, in one application.

    `accounts` says by connector whose credentials are good; a vendor without any takes all that are well formed.

        PUT    /__fake__/behavior/<connector>   {"mode": "throttle", "retry_after_secs": 2, "ratio": 0.5, "times": 10}
        PUT    /__fake__/accounts/<connector>   [{"settings": {…}, "integration": "…"}]; access tokens end
        GET    /__fake__/received[/<connector>][?ids=1]
        POST   /__fake__/reset[/<connector>]
    """

    def __init__(
        self, catalog: Catalog, received: Received, accounts: Mapping[str, Sequence[Account]] | None = None
    ) -> None:
        self._catalog = catalog
        self._received = received
        self._accounts: dict[str, Sequence[Account]] = dict(accounts or {})
        self._tempers: dict[str, Temper] = {}
        self._vendors: dict[str, FakeVendor] = {}
        self._tokens: dict[str, Tokens] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        body = await _read_body(receive)
        if body is None:
            return
        path = (scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace").partition("?")[0]
        first, _, rest = path[1:].partition("/")
        query = dict(parse_qsl(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True))
        if first == CONTROL:
            reply: Reply | None = self._control(scope["method"], rest, query, body)
        elif first not in self._catalog.folders:
            reply = _explain(404, f"no connector {first!r}; the path is /<connector>/<host>/<path>")
        else:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            host, slash, original = rest.partition("/")
            sent = Sent(
                method=scope["method"], host=host, path=slash + original, query=query, headers=headers, raw=body
            )
            reply = await self._serve(first, sent, receive)
        if reply is not None:
            await _write(reply, send)

    async def _serve(self, name: str, sent: Sent, receive: Receive) -> Reply | None:
        """What the vendor answers; None when the caller went away before an answer."""
        vendor = self._vendor(name)
        samples = vendor.connector.manifest.samples
        try:
            sent = msgspec.structs.replace(sent, body=_decode(sent))
        except ValueError:
            return self._refuse(name, reply_like(samples.refused))
        tokens = self._tokens_of(name)
        if tokens is not None and tokens.is_asked(sent):
            return tokens.answer(sent, self._accounts.get(name, ()))
        taken = vendor.take(sent)
        if isinstance(taken, Whole):
            return self._refuse(name, _explain(404, taken.message) if taken.is_unknown else reply_like(samples.refused))
        behavior = self._temper(name).next_request([item.id for item in taken])
        if behavior.mode is not Mode.OK:
            self._received.account(name).misbehaved += 1
        match behavior.mode:
            case Mode.THROTTLE:
                wait = wait_headers(vendor.connector.manifest, behavior.retry_after_secs, now_ms=now_ms())
                return reply_like(samples.throttled, status=behavior.status, headers=wait)
            case Mode.ERROR:
                return reply_like(samples.failing, status=behavior.status)
            case Mode.HANG:
                await _wait_for_disconnect(receive)
                return None
            case _:
                pass
        accounts = [*self._accounts.get(name, ()), *(tokens.holders() if tokens is not None else ())]
        account = find_account(vendor.auth_for(taken), accounts, sent, now_secs=time.time())
        if account is None:
            return self._refuse(name, reply_like(samples.unauthorized))
        reply = self._judge(name, sent, taken, account, behavior)
        if behavior.mode is Mode.SLOW:
            await asyncio.sleep(behavior.delay_secs)
        return reply

    def _judge(self, name: str, sent: Sent, taken: Sequence[TakenItem], account: Account, behavior: Behavior) -> Reply:
        """Take what is good, and answer for the rest."""
        manifest = self._vendor(name).connector.manifest
        failed = {index: item.refusal.message for index, item in enumerate(taken) if item.refusal is not None}
        if behavior.is_about_items:
            failed |= {index: "told to refuse it" for index, item in enumerate(taken) if behavior.refuses(item.id)}
        if not failed:
            self._note(name, sent, taken, account)
            return reply_accepted(manifest, len(taken))
        book = self._received.account(name)
        book.refused_items += len(failed)
        partial = reply_partially(manifest, failed, len(taken))
        if partial is not None:
            good = [item for index, item in enumerate(taken) if index not in failed]
            if good:
                self._note(name, sent, good, account)
            return partial
        book.refused_requests += 1
        if behavior.mode is Mode.BODY_ERRORS:
            return reply_like(manifest.samples.refused, status=behavior.status or 200)
        return reply_like(manifest.samples.refused)

    def _note(self, name: str, sent: Sent, taken: Sequence[TakenItem], account: Account) -> None:
        request = ReceivedRequest(
            connector=name,
            received_ms=now_ms(),
            ids=[item.id for item in taken],
            actions=sorted({item.action for item in taken}),
            integration=account.integration,
            method=sent.method,
            url=f"{sent.host}{sent.path}",
        )
        self._received.note(request, sent.raw if isinstance(sent.body, dict | list) else b"")

    def _refuse(self, name: str, reply: Reply) -> Reply:
        self._received.account(name).refused_requests += 1
        return reply

    def _control(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        what, _, name = path.partition("/")
        if name and name not in self._catalog.folders:
            return _explain(404, f"no connector {name!r}; known: {', '.join(self._catalog.names)}")
        try:
            match method, what, bool(name):
                case "PUT", "behavior", True:
                    self._tempers[name] = Temper(msgspec.json.decode(body, type=Behavior))
                    return _json(self._tempers[name].behavior)
                case "GET", "behavior", True:
                    return _json(self._temper(name).behavior)
                case "PUT", "accounts", True:
                    self._accounts[name] = msgspec.json.decode(body, type=list[Account])
                    if (tokens := self._tokens_of(name)) is not None:
                        tokens.forget()
                    return _json({"accounts": len(self._accounts[name])})
                case "GET", "received", True:
                    return _json(self._received.summary(name, with_ids=query.get("ids") == "1"))
                case "GET", "received", False:
                    return _json({one: self._received.summary(one) for one in self._catalog.names})
                case "POST", "reset", _:
                    self._received.reset(name or None)
                    for one in [name] if name else list(self._tempers):
                        self._tempers.pop(one, None)
                    return _json({"reset": name or "all"})
                case _:
                    return _explain(404, "known: behavior/<connector>, accounts/<connector>, received, reset")
        except msgspec.MsgspecError as error:
            return _explain(400, str(error))

    def _tokens_of(self, name: str) -> Tokens | None:
        """The tokens of a vendor that gives any."""
        auth = self._vendor(name).connector.manifest.auth
        if name not in self._tokens and isinstance(auth, OAuth2Auth):
            self._tokens[name] = Tokens(auth)
        return self._tokens.get(name)

    def _temper(self, name: str) -> Temper:
        return self._tempers.setdefault(name, Temper())

    def _vendor(self, name: str) -> FakeVendor:
        vendor = self._vendors.get(name)
        if vendor is None:
            vendor = self._vendors[name] = FakeVendor(self._catalog.load(name))
        return vendor


def _decode(sent: Sent) -> object:
    """The body by its content type. Raises ValueError when it is not what it says."""
    if not sent.raw:
        return None
    kind = sent.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return {name: _read_field(text) for name, text in parse_qsl(sent.raw.decode(), keep_blank_values=True)}
    if kind != "application/json" and not kind.endswith("+json"):
        raise ValueError(f"content type {kind!r}")
    return msgspec.json.decode(sent.raw)


def _read_field(text: str) -> object:
    """A form field, or the list or object that it has as JSON text, even twice: vendors read all of these alike."""
    if text[:1] not in {"[", "{"}:
        return text
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return [_read_field(one) if isinstance(one, str) else one for one in value] if isinstance(value, list) else value


async def _read_body(receive: Receive) -> bytes | None:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(reply: Reply, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    if reply.body:
        headers.append((b"content-type", b"application/json"))
    if reply.status != 204:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _json(value: object) -> Reply:
    return Reply(status=200, body=msgspec.json.encode(value))


def _explain(status: int, message: str) -> Reply:
    return Reply(status=status, body=msgspec.json.encode({"fake_vendor": message}))
