"""Vendor fields that run-time events bring along and nobody has named: what a spread (`properties.*`) lets through.

A field counts when a mapping's payload has it, no entry of the mapping names it, and no contract that the mapping takes
declares a field of that name: then nobody has said what it means, and it came only by being there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.assemble.door import record_type
from paceline.decision.debt.facts import SeenFieldFacts
from paceline.decision.knowledge import event_family
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.targets import Target, parse_target
from paceline.model.event import EventType
from paceline.model.mapping import EVERY_EVENT
from paceline.workspace.workspace import Workspace, event_key

MOST_EVENTS = 1_000
"""How many events of a mapping are looked at; what comes after them is the same, or rare."""
MOST_FIELDS = 40
"""How many fields of a mapping are told: one that lets everything through is one thing to put right, not a thousand."""


class SeenFields:
    """Watches what spreads of mappings let through."""

    def __init__(self, workspace: Workspace) -> None:
        self._spreading: dict[str, list[_Spreading]] = {}
        for name, compiled in _spreading(workspace):
            spec = compiled.spec
            every = spec.from_.type is EventType.TRACK and spec.from_.event_name == EVERY_EVENT
            key = EVERY_EVENT if every else record_type(spec.from_.type, spec.from_.event or "")
            self._spreading.setdefault(key, []).append(_Spreading(workspace, name, compiled))

    def observe(self, event: dict[str, object], record_type_: str, *, at_ms: int) -> None:
        """Take note of one event, as it came in."""
        every = self._spreading.get(EVERY_EVENT, ()) if record_type_.startswith("track:") else ()
        for one in (*self._spreading.get(record_type_, ()), *every):
            one.observe(event, at_ms)

    def facts(self) -> Iterator[SeenFieldFacts]:
        """What was seen, mapping by mapping."""
        for several in self._spreading.values():
            for one in several:
                yield from one.facts()


class _Spreading:
    def __init__(self, workspace: Workspace, name: str, compiled: CompiledMapping) -> None:
        self._name, self._compiled = name, compiled
        spec = compiled.spec
        targets = {text: target for text in spec.fields if isinstance(target := parse_target(text), Target)}
        self._spreads = {text: target.keys for text, target in targets.items() if target.is_spread}
        self._named = {target.keys for target in targets.values() if not target.is_spread}
        contract = workspace.contract_for(event_key(spec.from_))
        versions = workspace.contracts.get(contract, {}) if contract is not None else {}
        self._declared = {event_family(field) for one in versions.values() for field in _declared(one.schema)}
        self._teams = tuple(sorted({one.owner.team for one in workspace.integrations.values() if name in one.events}))
        self._document = workspace.document("mapping", mapping=name)
        self._seen: dict[tuple[str, str], int] = {}
        self._events = 0

    def observe(self, event: dict[str, object], at_ms: int) -> None:
        if self._events >= MOST_EVENTS:
            return
        payload = self._compiled.apply(event, now_ms=at_ms)
        if not isinstance(payload, dict):
            return
        self._events += 1
        for text, keys in self._spreads.items():
            for name in _keys_at(payload, keys):
                if (*keys, name) not in self._named and event_family(name) not in self._declared:
                    self._seen[text, name] = self._seen.get((text, name), 0) + 1

    def facts(self) -> Iterator[SeenFieldFacts]:
        for (text, name), events in sorted(self._seen.items())[:MOST_FIELDS]:
            place = self._document.place(("fields", text), of_key=True)
            yield SeenFieldFacts(
                teams=self._teams,
                family=event_family(self._compiled.spec.from_.event_name),
                vendor=self._compiled.spec.to.connector,
                field=f"{text[:-1]}{name}",
                place=f"{self._document.file}:{place.line}",
                events=events,
                of=self._events,
            )


def _spreading(workspace: Workspace) -> Iterator[tuple[str, CompiledMapping]]:
    """The mappings in use that put in whole objects."""
    used = {name for integration in workspace.integrations.values() for name in integration.events}
    for name in sorted(used & set(workspace.mappings)):
        spec = workspace.mappings[name]
        if any(text.endswith("*") for text in spec.fields):
            compiled = compile_mapping(msgspec.structs.replace(spec, when=None))
            if isinstance(compiled, CompiledMapping):
                yield name, compiled


def _keys_at(payload: Mapping[str, object], keys: Sequence[str]) -> list[str]:
    """The keys of the object at a place of a payload."""
    inner: object = payload
    for key in keys:
        inner = inner.get(key) if isinstance(inner, dict) else None
    return [str(key) for key in inner] if isinstance(inner, dict) else []


def _declared(schema: object) -> Iterator[str]:
    """The names of all fields that a schema declares, at any depth."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from map(str, properties)
        for part in schema.values():
            yield from _declared(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _declared(part)
