"""Adapters: foreign requests as events, by the compiler of mappings. Pure.

Each rule of an adapter is compiled as a mapping of its own, from the request to an event. What comes out is the same
for the same request, message ids included, so that a request that comes twice makes no second event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.faults import MappingFault
from paceline.model.adapter import AdapterFile, AdapterRule
from paceline.model.event import EventType, Filtered, Refusal
from paceline.model.mapping import MappingFile, MappingFrom, MappingTo

MAX_ID_CHARS: Final = 512
MAX_EVENTS: Final = 10_000
_REQUEST = MappingFrom(event="*")
_ITEMS = "items"


class MadeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule made: the call, the track event's name (empty for other calls) and the rule's fields.

    `seed` is what the event was made of, as text that is the same for the same request or item.
    """

    rule: str
    call: EventType
    name: str
    fields: dict[str, object]
    seed: str


class CompiledAdapter:
    """One adapter, ready to run. Made by `compile_adapter`; immutable."""

    def __init__(
        self, spec: AdapterFile, each: CompiledMapping | None, rules: Sequence[tuple[str, CompiledMapping]]
    ) -> None:
        self.spec = spec
        self._each = each
        self._rules = rules

    @property
    def name(self) -> str:
        """The adapter's name."""
        return self.spec.adapter

    def make(self, request: Mapping[str, object], *, now_ms: int) -> list[MadeEvent] | Filtered | Refusal:
        """What the rules make of a request, in its order: all events or none.

        Filtered when no rule wants it, a Refusal when one rule cannot make its event: what is refused can be made
        again as a whole once the adapter is right, without anything coming twice. Never raises.
        """
        items = self._items(request, now_ms=now_ms)
        if isinstance(items, Filtered | Refusal):
            return items
        made: list[MadeEvent] = []
        seen: dict[str, int] = {}
        for index, item in enumerate(items):
            given = dict(request) if self._each is None else {**request, "item": item, "index": index}
            seed = str(request.get("id", "")) if self._each is None else _digest(item)
            seen[seed] = seen.get(seed, 0) + 1
            if seen[seed] > 1:
                seed = f"{seed}-{seen[seed]}"  # the same item twice in one request is meant to be there twice
            for name, rule in self._rules:
                found = rule.apply(given, now_ms=now_ms)
                if isinstance(found, Refusal):
                    return _named(found, name)
                if isinstance(found, Filtered):
                    continue
                event = self._event(name, found, seed)
                if isinstance(event, Refusal):
                    return event
                made.append(event)
                if len(made) > MAX_EVENTS:
                    message = f"the request makes more than {MAX_EVENTS:,} events"
                    return Refusal(rule="each", reason="out_of_range", message=message)
        return made or Filtered(rule="when")

    def adapt(self, request: Mapping[str, object], *, now_ms: int) -> list[dict[str, object]] | Filtered | Refusal:
        """The events of a request, whole: with type, name, message id and where they come from (`context.raw`)."""
        made = self.make(request, now_ms=now_ms)
        if isinstance(made, Filtered | Refusal):
            return made
        events: list[dict[str, object]] = []
        known: set[str] = set()
        for one in made:
            message_id = _message_id(one)
            if isinstance(message_id, Refusal):
                return message_id
            if message_id in known:  # two rules with one id of the vendor's
                message_id = f"{message_id}-{one.rule}"
            known.add(message_id)
            context = one.fields.get("context")
            whole: dict[str, object] = {"type": one.call.value}
            if one.name:
                whole["event"] = one.name
            whole |= {"messageId": message_id, "timestamp": request.get("receivedAt")}
            whole |= {key: value for key, value in one.fields.items() if key not in ("type", "event", "messageId")}
            whole["context"] = {**(context if isinstance(context, dict) else {}), "raw": self._raw(request, one.rule)}
            events.append(whole)
        return events

    def _items(self, request: Mapping[str, object], *, now_ms: int) -> Sequence[object] | Filtered | Refusal:
        if self._each is None:
            return (None,)
        found = self._each.apply(dict(request), now_ms=now_ms)
        if isinstance(found, Refusal):
            return msgspec.structs.replace(found, rule="each")
        items = found.get(_ITEMS) if isinstance(found, dict) else None
        if items is None:
            return Filtered(rule="each")
        if not isinstance(items, list):
            return Refusal(rule="each", reason="wrong_type", message="each takes a list, but this is none")
        return items

    def _event(self, rule: str, fields: dict[str, object], seed: str) -> MadeEvent | Refusal:
        written = self.spec.events[rule]
        call = EventType.TRACK if written.event else written.type
        if call is None:
            given = fields.get("type")
            if not isinstance(given, str) or given not in set(EventType):
                return Refusal(rule=f"{rule}.type", reason="refused", message="`type` is none of the six calls")
            call = EventType(given)
        if call is not EventType.TRACK:
            return MadeEvent(rule=rule, call=call, name="", fields=fields, seed=seed)
        name = written.event or fields.get("event")
        if not isinstance(name, str) or not 0 < len(name) <= MAX_ID_CHARS:
            return Refusal(rule=f"{rule}.event", reason="missing", message="a track event needs a name")
        return MadeEvent(rule=rule, call=call, name=name, fields=fields, seed=seed)

    def _raw(self, request: Mapping[str, object], rule: str) -> dict[str, object]:
        raw: dict[str, object] = {name: request[name] for name in _RAW_FIELDS if request.get(name)}
        return {"adapter": f"{self.name}/{self.spec.version}", "rule": rule, **raw}


_RAW_FIELDS = ("id", "source", "scheme", "receivedAt", "path", "headers")


def compile_adapter(spec: AdapterFile) -> CompiledAdapter | list[MappingFault]:
    """The adapter as a function, or everything that is wrong with it, each fault with its place in the file."""
    faults: list[MappingFault] = []
    each: CompiledMapping | None = None
    if spec.each is not None:
        compiled = compile_mapping(_each_spec(spec))
        if isinstance(compiled, CompiledMapping):
            each = compiled
        else:
            faults += [msgspec.structs.replace(fault, path=("each",)) for fault in compiled]
    rules: list[tuple[str, CompiledMapping]] = []
    for name, rule in spec.events.items():
        compiled = compile_mapping(rule_spec(spec, name, rule))
        if isinstance(compiled, CompiledMapping):
            rules.append((name, compiled))
        else:
            faults += [msgspec.structs.replace(fault, path=("events", name, *fault.path)) for fault in compiled]
        if rule.event and rule.type not in (None, EventType.TRACK):
            message = "an event with a name of its own is a track call"
            faults.append(MappingFault(path=("events", name, "type"), code="rule_shape", message=message))
    return faults or CompiledAdapter(spec, each, rules)


def rule_spec(spec: AdapterFile, name: str, rule: AdapterRule) -> MappingFile:
    """One rule as the mapping that it is."""
    return MappingFile(
        mapping=f"{spec.adapter}.{name}",
        version=spec.version,
        from_=_REQUEST,
        to=MappingTo(connector="events", action=rule.event or str(rule.type or "any call")),
        when=rule.when,
        fields=rule.fields,
    )


def event_spec(spec: AdapterFile, name: str) -> MappingFile:
    """A rule with the fields that every event gets besides: what a contract of the event is held against."""
    rule = spec.events[name]
    call = EventType.TRACK if rule.event else rule.type
    given = {
        "type": f"= {call}",
        **({"event": f"= {rule.event}"} if rule.event else {}),
        "messageId": "$.id | string | required",
        "timestamp": "$.receivedAt | string | required",
        "receivedAt": "$.receivedAt | string | required",
    }
    return msgspec.structs.replace(rule_spec(spec, name, rule), fields={**given, **rule.fields})


def _each_spec(spec: AdapterFile) -> MappingFile:
    assert spec.each is not None
    to = MappingTo(connector="events", action="each")
    return MappingFile(mapping=spec.adapter, version=spec.version, from_=_REQUEST, to=to, fields={_ITEMS: spec.each})


def _named(refusal: Refusal, rule: str) -> Refusal:
    return msgspec.structs.replace(refusal, rule=f"{rule}.{refusal.rule}")


def _message_id(one: MadeEvent) -> str | Refusal:
    given = one.fields.get("messageId")
    if given is None:
        return f"{one.rule}-{one.seed}"
    if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
        return Refusal(rule=f"{one.rule}.messageId", reason="wrong_type", message="messageId takes text or a number")
    text = str(given)
    return text if len(text) <= MAX_ID_CHARS else f"{one.rule}-{_digest(text)}"


def _digest(value: object) -> str:
    content = msgspec.json.encode(value, order="deterministic")
    return hashlib.sha256(content).hexdigest()[:32]
