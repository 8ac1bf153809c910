"""Reads a Segment tracking plan: the rules as the Public API lists them, or an older export of the Config API.

The forms are those of the official SDK @segment/public-api-sdk-typescript 47.0 (`ListRulesFromTrackingPlanV1Output`,
`RuleV1`) and of https://segment.com/docs/protocols/tracking-plan/create/ (both read 2026-11-23). A rule has the JSON
Schema (draft 7 by habit) of the whole call. The rule for all calls (`COMMON`, formerly `global`) is not an event of its
own: it is listed as a loss where it demands something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from paceline.errors import UsageError
from paceline.exchange.dialects import modernize
from paceline.exchange.loss import Imported, Loss, Schema
from paceline.exchange.names import snake_case, unused_name
from paceline.exchange.payload import PAYLOAD_KEYS, wrap_payload
from paceline.model.contract import ContractFile, Owner
from paceline.model.event import EventType

_CALLS: Mapping[str, EventType] = {
    "TRACK": EventType.TRACK,
    "IDENTIFY": EventType.IDENTIFY,
    "GROUP": EventType.GROUP,
    "PAGE": EventType.PAGE,
    "SCREEN": EventType.SCREEN,
}
_CALL_KEYS = frozenset({"properties", "traits", "context", "userId", "anonymousId", "integrations", "event", "type"})
_CONFIG_KEYS = frozenset({"events", "identify", "group", "global"})


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, whichever API it came from. `version` counts from 1 (Config API exports may say 0)."""

    call: str
    event: str
    schema: Schema
    version: int
    description: str = ""
    deprecated_at: str = ""


def import_tracking_plan(document: object, *, owner: Owner) -> Imported:
    """Contracts of a tracking plan, one for each version of each rule; version 2 of a rule becomes 2.0.0.

    `document` is the decoded JSON: `{"data": {"rules": […]}}` or any part of it down to the list of rules, or
    `{"rules": {"events": […], "identify": {…}, …}}`. Raises UsageError when it is none of these.
    """
    losses: list[Loss] = []
    contracts: dict[tuple[str, str], ContractFile] = {}
    names: dict[str, str] = {}
    for rule in _rules(document):
        if rule.call == "COMMON":
            losses += _common_losses(rule)
            continue
        call = _CALLS.get(rule.call)
        if call is None:
            losses.append(Loss(about=rule.event or rule.call, message=f"there is no call {rule.call!r}; left out"))
            continue
        contract, further = _contract(rule, call, names, owner)
        losses += further
        if (contract.contract, contract.version) in contracts:
            losses.append(
                Loss(about=contract.contract, message=f"version {contract.version} occurs twice; the first one counts")
            )
            continue
        contracts[contract.contract, contract.version] = contract
    return Imported(contracts=tuple(contracts.values()), losses=tuple(losses))


def _rules(document: object) -> Iterator[_Rule]:
    found = _find_rules(document)
    if isinstance(found, list):
        for index, entry in enumerate(found):
            yield _public_rule(entry, index)
    elif isinstance(found, dict):
        yield from _config_rules(found)
    else:
        raise UsageError(
            "this is no tracking plan",
            expected='the answer of "List Rules from Tracking Plan" of Segment\'s Public API, or its list of rules',
            remedy="see https://docs.segmentapis.com/tag/Tracking-Plans",
        )


def _find_rules(document: object) -> object:
    for _ in range(3):
        if not isinstance(document, dict) or _CONFIG_KEYS & set(document):
            break
        document = document.get("rules", document.get("data", document.get("trackingPlan")))
    return document


def _public_rule(entry: object, index: int) -> _Rule:
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        raise UsageError(
            f"rule {index + 1} has no type", expected="one of TRACK, IDENTIFY, GROUP, PAGE, SCREEN, COMMON"
        )
    schema = entry.get("jsonSchema")
    version = entry.get("version")
    return _Rule(
        call=entry["type"].upper(),
        event=str(entry.get("key") or ""),
        schema=schema if isinstance(schema, dict) else {},
        version=int(version) if isinstance(version, int | float) else 1,
        deprecated_at=str(entry.get("deprecatedAt") or ""),
    )


def _config_rules(rules: dict[str, object]) -> Iterator[_Rule]:
    events = rules.get("events")
    for entry in events if isinstance(events, list) else ():
        if isinstance(entry, dict):
            schema, version = entry.get("rules"), entry.get("version")
            yield _Rule(
                call="TRACK",
                event=str(entry.get("name") or ""),
                schema=schema if isinstance(schema, dict) else {},
                version=int(version) if isinstance(version, int | float) else 1,
                description=str(entry.get("description") or ""),
            )
    for key, call in (("global", "COMMON"), ("identify", "IDENTIFY"), ("group", "GROUP"), ("page", "PAGE")):
        if isinstance(schema := rules.get(key), dict) and schema:
            yield _Rule(call=call, event="", schema=schema, version=1)


def _contract(rule: _Rule, call: EventType, names: dict[str, str], owner: Owner) -> tuple[ContractFile, list[Loss]]:
    event = rule.event if call is EventType.TRACK else ""
    label = event or call.value
    schema, changed = modernize(rule.schema, about=label)
    losses = list(changed)
    name = names.get(label)
    if name is None:
        name = unused_name(snake_case(label), names.values())
        if name != snake_case(label):
            losses.append(
                Loss(
                    about=label,
                    message=f"another event has the contract name {snake_case(label)!r}; this one is {name!r}",
                )
            )
        names[label] = name
    if rule.event and call is not EventType.TRACK:
        losses.append(
            Loss(
                about=rule.event,
                message=f"a {call.value} call has one contract for all of its names",
                hint="merge by hand",
            )
        )
    if rule.deprecated_at:
        losses.append(
            Loss(
                about=label,
                message=f"the rule is deprecated since {rule.deprecated_at[:10]}, without an end or a replacement",
                hint="add `deprecation` with deprecated_since, remove_after and replacement",
            )
        )
    description = rule.description or _text(schema.pop("description", ""))
    if not description:
        losses.append(
            Loss(about=label, message="the rule has no description", hint="say what happened when it is sent")
        )
    contract = ContractFile(
        contract=name,
        version=f"{max(rule.version, 1)}.0.0",
        description=description or f"{label} (imported from a Segment tracking plan)",
        owner=owner,
        type=call,
        event=event,
        schema=_whole_event(schema, call),
    )
    return contract, losses


def _whole_event(schema: Schema, call: EventType) -> Schema:
    """The rule's schema with the call's usual form. A rule that describes only the payload is put where it belongs."""
    properties = schema.get("properties")
    if isinstance(properties, dict) and properties and not _CALL_KEYS & set(properties) and call in PAYLOAD_KEYS:
        return wrap_payload(call, schema)
    if isinstance(properties, dict):
        # The editor writes all three parts into every rule; empty ones say nothing.
        kept = {name: part for name, part in properties.items() if not _says_nothing(part)}
        return {"type": "object", **schema, "properties": kept}
    return {"type": "object", **schema}


def _says_nothing(schema: object) -> bool:
    return isinstance(schema, dict) and not {k: v for k, v in schema.items() if k != "type" and v not in ({}, [])}


def _common_losses(rule: _Rule) -> Iterator[Loss]:
    properties, required = rule.schema.get("properties"), rule.schema.get("required")
    parts = properties if isinstance(properties, dict) else {}
    demands = [name for name, part in parts.items() if not _says_nothing(part)]
    demands += [name for name in (required if isinstance(required, list) else ()) if name not in demands]
    for name in demands:
        yield Loss(
            about="rule for all calls",
            pointer=f"/properties/{name}",
            message=f"what it says about {name!r} is in no contract: a contract is about one event",
            hint="add it to the contracts that need it",
        )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
