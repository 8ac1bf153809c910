"""Where the payload lies inside an event: foreign formats describe the payload, our contracts the whole event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from paceline.contracts.drafts import walk
from paceline.contracts.pointers import look_up, pointer, steps_of
from paceline.exchange.loss import Loss, Schema
from paceline.model.contract import ContractFile
from paceline.model.event import EventType

PAYLOAD_KEYS: Mapping[EventType, str] = {
    EventType.TRACK: "properties",
    EventType.PAGE: "properties",
    EventType.SCREEN: "properties",
    EventType.IDENTIFY: "traits",
    EventType.GROUP: "traits",
}
"""By call, the field with the sender's own data. An alias call has none
(https://segment.com/docs/connections/spec/, read 2026-11-23)."""

_ENVELOPE = frozenset(
    {"type", "event", "messageId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "version"}
)
"""Fields that every event has or gets, so that leaving their schemas out of a payload's loses nothing."""


def wrap_payload(call: EventType, payload: Schema, *, description: str = "") -> Schema:
    """The schema of a whole event whose payload has this schema. `$defs` move to the top, where references look."""
    key = PAYLOAD_KEYS.get(call)
    if key is None:
        return payload
    inner = {keyword: value for keyword, value in payload.items() if keyword != "$defs"}
    if description and "description" not in inner:
        inner["description"] = description
    schema: Schema = {"type": "object", "required": [key], "properties": {key: inner}}
    if "$defs" in payload:
        schema["$defs"] = payload["$defs"]
    return schema


def payload_of(contract: ContractFile) -> tuple[Schema, tuple[Loss, ...]]:
    """The schema of a contract's payload alone, and what the contract says about the rest of the event."""
    about = f"{contract.contract} {contract.version}"
    key = PAYLOAD_KEYS.get(contract.type)
    if key is None:
        return contract.schema, ()
    properties = contract.schema.get("properties")
    inner = properties.get(key) if isinstance(properties, dict) else None
    payload = _resolved(inner, contract.schema)
    if payload is None:
        return {"type": "object"}, (
            Loss(about=about, message=f"the contract says nothing about {key!r}, so its payload is any object"),
        )
    if "$defs" in contract.schema and "$defs" not in payload:
        payload = {**payload, "$defs": contract.schema["$defs"]}
    return payload, tuple(_left_out(contract, key, payload, about))


def _resolved(schema: object, root: Schema) -> Schema | None:
    """A schema with a bare reference at its top followed; None when it is no object."""
    for _ in range(16):
        if not isinstance(schema, dict):
            return None
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return schema
        try:
            target = look_up(root, steps_of(reference[1:]))
        except LookupError:
            return schema
        if not isinstance(target, dict):
            return None
        schema = {**target, **{keyword: value for keyword, value in schema.items() if keyword != "$ref"}}
    return None


def _left_out(contract: ContractFile, key: str, payload: Schema, about: str) -> Iterator[Loss]:
    properties = contract.schema.get("properties")
    for name in properties if isinstance(properties, dict) else ():
        if name != key and name not in _ENVELOPE:
            yield Loss(
                about=about,
                pointer=pointer(("properties", name)),
                message=f"the result describes {key!r} only; what the contract says about {name!r} is left out",
            )
    for keyword in ("allOf", "anyOf", "oneOf", "not", "if", "patternProperties", "dependentSchemas"):
        if keyword in contract.schema:
            yield Loss(
                about=about,
                pointer=pointer((keyword,)),
                message=f"the result describes {key!r} only; a rule over the whole event is left out",
            )
    for steps, node in walk(payload):
        reference = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(reference, str) and not reference.startswith("#/$defs/"):
            yield Loss(
                about=about,
                pointer=pointer(("properties", key, *steps, "$ref")),
                message=f"the reference {reference!r} leads out of the payload",
                hint="move what it names under $defs",
            )
