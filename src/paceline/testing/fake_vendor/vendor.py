"""One fake vendor: knows its endpoints, takes requests apart and judges items, all by the connector's description."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

import msgspec

from paceline.connectors.described import DescribedConnector
from paceline.delivery.request import Placeholder, parse_template
from paceline.model.connector import Action, Auth, BodyAuth, BodyShape, Idempotency, IdPlace
from paceline.model.delivery import BodyFormat
from paceline.model.event import Refusal
from paceline.testing.fake_vendor.credentials import Sent


class TakenItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item of a request: its id at the vendor, what it was for, and why the vendor would not take it."""

    id: str
    action: str
    refusal: Refusal | None = None


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """Something is wrong with the request as a whole. `is_unknown` says that the vendor has no such endpoint."""

    message: str
    is_unknown: bool = False


class _Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One method and path, with all actions that go there."""

    method: str
    url: re.Pattern[str]
    actions: Mapping[str, Action]


class _Form(msgspec.Struct, frozen=True, kw_only=True):
    """How items of one action are recognized and unpacked."""

    name: str
    constants: Mapping[str, object]
    under: Sequence[str]
    not_payload: frozenset[str]
    shared: Sequence[str]
    omitted: frozenset[str]
    lists: frozenset[str]
    idempotency: Idempotency


class FakeVendor:
    """Takes requests like the vendor of `connector`."""

    def __init__(self, connector: DescribedConnector) -> None:
        self.connector = connector
        self._endpoints = _find_endpoints(connector)
        settings = connector.manifest.settings.get("properties")
        self._takes_any_method = isinstance(settings, dict) and "method" in settings
        self._forms = {name: _read_form(connector, name, action) for name, action in connector.actions.items()}

    def take(self, sent: Sent) -> list[TakenItem] | Whole:
        """The items of a request, each judged, or what is wrong with the whole request."""
        endpoint = self._find_endpoint(sent)
        if isinstance(endpoint, Whole):
            return endpoint
        for action in endpoint.actions.values():
            entries = _split(sent, action)
            if entries is not None:
                break
        else:
            return Whole(message="the body does not have the form that this endpoint takes")
        shape = action.body.shape
        candidates = [self._forms[name] for name, one in endpoint.actions.items() if one.body.shape is shape]
        batches = [
            one.batch or self.connector.manifest.batch for one in endpoint.actions.values() if one.body.shape is shape
        ]
        max_items, max_bytes = max(one.max_items for one in batches), max(one.max_bytes for one in batches)
        if len(entries) > max_items:
            return Whole(message=f"more than {max_items} items")
        if len(sent.raw) > max_bytes:
            return Whole(message=f"more than {max_bytes} bytes")
        return [self._judge(entry, candidates, sent) for entry in entries]

    def auth_for(self, taken: Sequence[TakenItem]) -> Auth:
        """How a request with these items has to authenticate."""
        action = self.connector.actions.get(taken[0].action) if taken else None
        own = action.auth if action is not None else None
        return own or self.connector.manifest.auth

    def _find_endpoint(self, sent: Sent) -> _Endpoint | Whole:
        at_path = [endpoint for endpoint in self._endpoints if endpoint.url.fullmatch(sent.host + sent.path)]
        if not at_path:
            return Whole(message=f"no such endpoint: {sent.host}{sent.path}", is_unknown=True)
        for endpoint in at_path:
            if endpoint.method == sent.method:
                return endpoint
        if self._takes_any_method:
            return at_path[0]
        return Whole(message=f"method {sent.method} is not allowed here", is_unknown=True)

    def _judge(self, entry: object, candidates: Sequence[_Form], sent: Sent) -> TakenItem:
        """The item as the first action that takes it, or else as the first one whose constants it has."""
        if not isinstance(entry, dict):
            return TakenItem(id="", action="", refusal=_refuse("an item must be an object"))
        forms = [one for one in candidates if _includes(entry, one.constants)]
        if not forms:
            return TakenItem(id=_hash_id(entry), action="", refusal=_refuse("unknown kind of item"))
        judged = [self._judge_as(form, entry, sent) for form in forms]
        return next((item for item in judged if item.refusal is None), judged[0])

    def _judge_as(self, form: _Form, entry: Mapping[str, object], sent: Sent) -> TakenItem:
        whole = _value_under(entry, form.under)
        if not isinstance(whole, dict):
            return TakenItem(id=_hash_id(entry), action=form.name, refusal=_refuse("the payload is missing"))
        payload = {name: value for name, value in whole.items() if name not in form.not_payload}
        payload |= {name: [payload[name]] for name in form.lists if name in payload}
        if form.shared and isinstance(sent.body, dict):
            payload |= {name: sent.body[name] for name in form.shared if name in sent.body}
        if form.omitted:
            in_path = _path_values(self.connector.action(form.name), sent)
            payload |= {name: value for name, value in in_path.items() if name in form.omitted}
        return TakenItem(
            id=_read_id(form.idempotency, entry, payload, sent),
            action=form.name,
            refusal=self.connector.payload_refusal(form.name, payload),
        )


def _find_endpoints(connector: DescribedConnector) -> list[_Endpoint]:
    """Every place that an action can go to, in every region; several actions may share one."""
    places: dict[tuple[str, str], dict[str, Action]] = {}
    for name, action in connector.actions.items():
        for base in (action.base_urls or connector.manifest.base_urls).values():
            address = base.partition("://")[2] or base
            for path in (action.path, *action.other_paths):
                places.setdefault((action.method, address + path), {})[name] = action
    return [
        _Endpoint(method=method, url=_compile_url(address), actions=actions)
        for (method, address), actions in places.items()
    ]


def _compile_url(address: str) -> re.Pattern[str]:
    parts = parse_template(address)
    pattern = [
        re.escape(part) if isinstance(part, str) else ".+" if index == 0 else "[^/]+"
        for index, part in enumerate(parts)
    ]
    return re.compile("".join(pattern))


def _read_form(connector: DescribedConnector, name: str, action: Action) -> _Form:
    idempotency = action.idempotency or connector.manifest.idempotency
    properties = action.payload.get("properties")
    known = properties if isinstance(properties, dict) else {}
    is_outside = idempotency.place is IdPlace.ITEM and idempotency.field.partition(".")[0] not in known and known
    under = tuple(action.item.under or ())
    added = {idempotency.field.partition(".")[0]} if is_outside and not under else set()
    constants = _value_under(action.item.constants, under)
    beside = frozenset(constants if isinstance(constants, Mapping) else ())
    return _Form(
        name=name,
        constants=action.item.constants,
        under=under,
        not_payload=beside | added | (_at_the_top(connector, action) if not under else frozenset()),
        shared=action.body.shared,
        omitted=frozenset(action.omit),
        lists=frozenset(_list_names(known) if action.body.shape is BodyShape.JOINED else ()),
        idempotency=idempotency,
    )


def _list_names(properties: Mapping[str, object]) -> Iterator[str]:
    return (name for name, schema in properties.items() if isinstance(schema, dict) and schema.get("type") == "array")


def _at_the_top(connector: DescribedConnector, action: Action) -> frozenset[str]:
    """What the body has beside a payload that lies at its top."""
    if action.body.shape is not BodyShape.OBJECT:
        return frozenset()
    auth = action.auth or connector.manifest.auth
    credentials = auth.fields if isinstance(auth, BodyAuth) else ()
    sent_at = [action.body.sent_at] if action.body.sent_at is not None else []
    return frozenset((*action.body.constants, *action.body.settings, *credentials, *sent_at))


def _split(sent: Sent, action: Action) -> Sequence[object] | None:
    """The items in a body, None when it does not have the action's form."""
    body = sent.body
    if action.body.format is BodyFormat.NONE or (body is None and sent.method in {"GET", "DELETE"}):
        return [dict(sent.query) | _path_values(action, sent)]
    match action.body.shape:
        case BodyShape.OBJECT:
            return [body] if isinstance(body, dict) else None
        case BodyShape.ARRAY:
            # Older libraries send the list, or its only item, as a field of a form.
            in_form = body.get("data") if isinstance(body, dict) else None
            return body if isinstance(body, list) else in_form if isinstance(in_form, list) else in_form and [in_form]
        case BodyShape.WRAPPED:
            for key in action.body.under or ():
                body = body.get(key) if isinstance(body, dict) else None
            return body if isinstance(body, list) else None
        case BodyShape.JOINED:
            return _take_apart(body) if isinstance(body, dict) else None


def _take_apart(body: Mapping[str, object]) -> list[object] | None:
    """Every entry of a joined body's lists as an item of its own, since only who sent it knows what was one item."""
    entries: list[object] = [
        {name: value} for name, values in body.items() if isinstance(values, list) for value in values
    ]
    return entries or None


def _value_under(value: object, keys: Sequence[str]) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _includes(value: object, constants: object) -> bool:
    """Whether a value has all that is constant in it, at any depth."""
    if not isinstance(constants, Mapping):
        return value == constants
    return isinstance(value, Mapping) and all(_includes(value.get(name), inner) for name, inner in constants.items())


def _path_values(action: Action, sent: Sent) -> dict[str, object]:
    """What an action says of its payload in its path, by the last key of the payload's path."""
    for path in (action.path, *action.other_paths):
        holes = [part for part in parse_template(path) if isinstance(part, Placeholder)]
        found = _compile_path(path).search(sent.path)
        if found:
            values = zip(holes, found.groups(), strict=True)
            return {hole.keys[-1]: unquote(text) for hole, text in values if hole.origin == "payload"}
    return {}


def _compile_path(path: str) -> re.Pattern[str]:
    parts = parse_template(path)
    return re.compile("".join(re.escape(part) if isinstance(part, str) else "([^/]+)" for part in parts) + r"\Z")


def _read_id(idempotency: Idempotency, entry: Mapping[str, object], payload: Mapping[str, object], sent: Sent) -> str:
    """The idempotency key where the vendor looks for it; a hash of the payload where it looks for none."""
    found: object = None
    if idempotency.place is IdPlace.HEADER:
        found = sent.headers.get(idempotency.field.lower())
    elif idempotency.place is IdPlace.ITEM:
        found = entry
        for key in idempotency.field.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
    return str(found) if found is not None else _hash_id(payload)


def _hash_id(value: Mapping[str, object]) -> str:
    return "hash:" + hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:32]


def _refuse(message: str) -> Refusal:
    return Refusal(rule="form", reason="wrong_type", message=message)
