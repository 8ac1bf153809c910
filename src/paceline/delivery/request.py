"""Builds a request from what an action says about it. Pure.

A plan is made once for an action and then used for every request: whatever does not depend on settings or items is
decided when it is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal, NamedTuple, assert_never
from urllib.parse import quote

import msgspec

from paceline.delivery.authentication import Settings, add_credentials, read_setting
from paceline.delivery.message_ids import id_writer, message_id
from paceline.errors import DefectError, UsageError
from paceline.model.connector import Action, BodyShape, IdForm, IdPlace, Manifest
from paceline.model.delivery import BodyFormat, Item, Request
from paceline.model.event import isoformat_ms

Payload = dict[str, object]

_PLACEHOLDER = re.compile(r"\{([A-Za-z_$][A-Za-z0-9_.$-]*)\}")


class Placeholder(NamedTuple):
    """A hole in a URL: a setting, or a value of the payload by its path."""

    origin: Literal["setting", "payload"]
    keys: tuple[str, ...]


class RequestPlan:
    """How requests of one action are built."""

    def __init__(self, manifest: Manifest, action: Action) -> None:
        self._manifest = manifest
        self._action = action
        self._body = action.body
        self.idempotency = action.idempotency or manifest.idempotency
        self.batch = action.batch or manifest.batch
        bases = action.base_urls or manifest.base_urls
        self._bases = {region: parse_template(url) for region, url in bases.items()}
        self._auth = action.auth or manifest.auth
        self._path = parse_template(action.path)
        self.path_fields = tuple(
            part.keys for part in self._path if isinstance(part, Placeholder) and part.origin == "payload"
        )
        self._left_out = frozenset((*action.omit, *action.body.shared))
        self._headers = {**manifest.headers, **action.headers}
        self._wrap = self._choose_wrap()
        self._key = self._choose_key()

    def batch_key(self, payload: Mapping[str, object]) -> Hashable:
        """Items with equal keys may share a request: they agree in everything that is said once a request."""
        return self._key(payload) if self._key else None

    def build(self, items: Sequence[Item], settings: Settings, *, now_ms: int) -> Request:
        """The request that carries `items`. Settings must have passed `settings_faults`."""
        first = items[0]
        headers = dict(self._headers)
        query = dict(self._action.query)
        top: Payload = {}
        add_credentials(self._auth, settings, headers=headers, query=query, body=top)
        for name, setting in self._action.query_settings.items():
            if settings.get(setting) is not None:
                query[name] = str(settings[setting])
        if self.idempotency.place is IdPlace.HEADER:
            headers[self.idempotency.field] = message_id(items, self.idempotency.form)
        body_format = self._body.format
        return Request(
            method=self._action.method,
            url=self._url(settings, first.payload),
            headers=headers,
            query=query,
            body_format=body_format,
            body=None if body_format is BodyFormat.NONE else self._build_body(items, settings, top, now_ms),
        )

    def _url(self, settings: Settings, payload: Payload) -> str:
        region = settings.get("region", self._manifest.default_region)
        base = self._bases.get(str(region))
        if base is None:
            raise UsageError(
                f"{self._manifest.connector} has no region {region!r}",
                where="settings.region",
                expected=" or ".join(sorted(self._bases)),
            )
        return fill_template(base, settings, payload).rstrip("/") + fill_template(self._path, settings, payload)

    def _build_body(self, items: Sequence[Item], settings: Settings, credentials: Payload, now_ms: int) -> object:
        rule = self._body
        wrap = self._wrap
        if rule.shape is BodyShape.ARRAY:
            return [wrap(item) for item in items]
        top: Payload = {**rule.constants, **credentials}
        for name, setting in rule.settings.items():
            if settings.get(setting) is not None:
                top[name] = settings[setting]
        if rule.sent_at is not None:
            top[rule.sent_at] = isoformat_ms(now_ms)
        payload = items[0].payload
        for name in rule.shared:
            if name in payload:
                top[name] = payload[name]
        match rule.shape:
            case BodyShape.WRAPPED:
                return _set(top, rule.under or [], [wrap(item) for item in items])
            case BodyShape.OBJECT:
                if len(items) != 1:
                    raise DefectError(f"{self._manifest.connector} takes one item a request here, not {len(items)}")
                return {**top, **wrap(items[0])} if top else wrap(items[0])
            case BodyShape.JOINED:
                return _join(top, [wrap(item) for item in items])
            case _:
                assert_never(rule.shape)

    def _choose_wrap(self) -> Callable[[Item], Payload]:
        """The cheapest function that turns an item into what stands in the body."""
        left_out = self._left_out
        constants = self._action.item.constants
        under = self._action.item.under
        keys = self.idempotency.field.split(".") if self.idempotency.place is IdPlace.ITEM else []
        form = self.idempotency.form
        write = id_writer(form)
        if len(keys) == 1 and not under and not left_out:
            field = keys[0]
            if form is IdForm.TEXT:
                return lambda item: {**constants, field: item.delivery_id, **item.payload}
            return lambda item: {**constants, field: write(item), **item.payload}

        at_payload = _get(constants, under) if under else None
        beside = at_payload if isinstance(at_payload, dict) else {}

        def wrap(item: Item) -> Payload:
            payload = item.payload
            if left_out:
                payload = {name: value for name, value in payload.items() if name not in left_out}
            if under:
                whole = _set(constants, under, {**beside, **payload} if beside else payload)
            else:
                whole = {**constants, **payload} if constants else payload
            return _set_missing(whole, keys, write(item)) if keys else whole

        return wrap

    def _choose_key(self) -> Callable[[Mapping[str, object]], Hashable] | None:
        shared = self._body.shared
        paths = self.path_fields
        if not shared and not paths:
            return None
        return lambda payload: (
            *(_hashable(payload.get(name)) for name in shared),
            *(_hashable(_get(payload, keys)) for keys in paths),
        )


def parse_template(template: str) -> tuple[str | Placeholder, ...]:
    """The literal parts and the holes of a URL or a path.

    >>> parse_template("/v1/{account}/users/{payload.user.id}")[1]
    Placeholder(origin='setting', keys=('account',))
    """
    parts: list[str | Placeholder] = []
    end = 0
    for hole in _PLACEHOLDER.finditer(template):
        if hole.start() > end:
            parts.append(template[end : hole.start()])
        keys = tuple(hole[1].split("."))
        parts.append(Placeholder("payload", keys[1:]) if keys[0] == "payload" else Placeholder("setting", keys))
        end = hole.end()
    if end < len(template):
        parts.append(template[end:])
    return tuple(parts)


def fill_template(template: tuple[str | Placeholder, ...], settings: Settings, payload: Mapping[str, object]) -> str:
    """The template with its holes filled, each percent-encoded as one path segment.

    A setting at the very beginning is a whole URL and stays as it is; `encode` checks it.
    """
    parts: list[str] = []
    for part in template:
        if isinstance(part, str):
            parts.append(part)
        elif part.origin == "setting":
            value = read_setting(settings, part.keys[0])
            parts.append(value if not parts else _quote_segment(value))
        else:
            found = _get(payload, part.keys)
            parts.append(_quote_segment("" if found is None else _text(found)))
    return "".join(parts)


def _quote_segment(value: str) -> str:
    # A segment of dots would climb the path even when nothing in it needs quoting.
    if value in {".", ".."}:
        return value.replace(".", "%2E")
    return quote(value, safe="", errors="replace")


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _get(payload: Mapping[str, object], keys: Sequence[str]) -> object:
    value: object = payload
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _set(target: Mapping[str, object], keys: Sequence[str], value: object) -> Payload:
    """A copy of `target` with `value` at the path; objects on the way are copied, never changed."""
    head, *rest = keys
    inner = target.get(head)
    return {**target, head: _set(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}


def _join(top: Payload, payloads: Sequence[Payload]) -> Payload:
    """`top` with a list under each key of the payloads, in their order."""
    lists: dict[str, list[object]] = {}
    for payload in payloads:
        for name, entry in payload.items():
            lists.setdefault(name, []).extend(entry if isinstance(entry, list) else [entry])
    return {**top, **lists}


def _set_missing(target: Payload, keys: Sequence[str], value: str) -> Payload:
    return target if _get(target, keys) is not None else _set(target, keys, value)


def _hashable(value: object) -> Hashable:
    if isinstance(value, dict | list):
        return msgspec.json.encode(value, order="deterministic")
    return value
