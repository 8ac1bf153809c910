"""Makes a ready-made mapping fit a workspace's contracts: what it does stays, what it does not say is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from paceline.assemble.mapping_trial import does_the_same
from paceline.connectors.described import DescribedConnector
from paceline.mapping.check import check_versions
from paceline.mapping.faults import MappingFault
from paceline.mapping.plan import plan_mapping
from paceline.mapping.schemas import Schema
from paceline.model.finding import Severity
from paceline.model.mapping import FieldRule, MappingFile

_KINDS = re.compile(r"pii: \[([a-z_, *]+)\]")
_LENGTH = re.compile(r"\| truncate\((\d+)\)")
_ROUNDS = 8

Rules: TypeAlias = Mapping[str, FieldRule | str]


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """The mapping; where personal data flows in it; and what a person has to decide, because nothing obvious helps."""

    mapping: MappingFile
    personal: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def repaired(mapping: MappingFile, contracts: Mapping[str, Schema], connector: DescribedConnector) -> Repair:
    """The mapping with a refusal where the vendor needs a value that may be missing, texts cut to the vendor's length,
    and personal data declared.

    `contracts` are the versions that it takes. A refusal only says beforehand what the check of the payload would find:
    events that were refused are refused, all others give the same payload. Each repair is tried on sample events, and
    one that changes anything is not made.
    """
    payload = connector.action(mapping.to.action).payload
    personal: dict[str, str] = {}
    faults: list[MappingFault] = []
    for _ in range(_ROUNDS):
        plan = plan_mapping(mapping)
        if isinstance(plan, list):
            faults = plan
            break
        report = check_versions(mapping, plan, contracts, payload)
        faults = [fault for fault in report.faults if fault.severity is Severity.ERROR]
        before = mapping
        for fault in faults:
            mapping = _without(fault, mapping, connector)
            if fault.code == "personal_data" and (found := _KINDS.search(fault.hint)):
                personal[fault.path[1]] = found[1]
        if mapping == before:
            break
    return Repair(
        mapping=mapping,
        personal=tuple(f"{target}: {kinds}" for target, kinds in personal.items()),
        left=tuple(f"{'.'.join(fault.path[1:])}: {fault.message}" for fault in faults),
    )


def _without(fault: MappingFault, mapping: MappingFile, connector: DescribedConnector) -> MappingFile:
    """The mapping after the first repair of a fault that changes nothing else; the same mapping when there is none."""
    for repair in _REPAIRS.get(fault.code, ()):
        fields = _with_repair(mapping.fields, fault.path[1:], fault, repair)
        made = msgspec.structs.replace(mapping, fields=dict(fields))
        if made == mapping or isinstance(plan_mapping(made), list):
            continue
        if fault.code == "personal_data" or does_the_same(mapping, made, connector):
            return made
    return mapping


_RepairOf: TypeAlias = Callable[[FieldRule, str, MappingFault], FieldRule | None]
"""A field's rule, its expression and its fault -> the repaired rule, or None."""


def _with_repair(fields: Rules, path: Sequence[str], fault: MappingFault, repair: _RepairOf) -> Rules:
    """The fields with one fault repaired, where there is a repair; `path` leads to the faulty entry."""
    target, *rest = path or ("",)
    rule = fields.get(target)
    if rule is None:
        return fields
    given = FieldRule(value=rule) if isinstance(rule, str) else rule
    if rest[:1] == ["fields"] and given.fields is not None:
        inner = _with_repair(given.fields, rest[1:], fault, repair)
        made: FieldRule | None = msgspec.structs.replace(given, fields=dict(inner))
    elif rest == ["each"] and given.each is not None:
        each = repair(FieldRule(value=given.each), given.each, fault)
        made = msgspec.structs.replace(given, each=each.value) if each else None
    elif repair is _spread:
        return _moved_into_spread(fields, target, given)
    else:
        made = repair(given, given.value, fault) if given.value is not None else None
    return fields if made is None else {**fields, target: _entry(made)}


def _entry(rule: FieldRule) -> FieldRule | str:
    """A rule as it stands in a file: its expression alone, when it says no more."""
    return rule.value if rule.value is not None and rule == FieldRule(value=rule.value) else rule


def _moved_into_spread(fields: Rules, target: str, rule: FieldRule) -> Rules:
    """The field as a key of an object that is spread over its place: the same payload, and no promise of the key.

    Whether the vendor's needs are met, only the payload tells: one of several fields, or all or none of an object.
    """
    parent, dot, name = target.rpartition(".")
    spread = f"{parent}{dot}*"
    there = fields.get(spread)
    if rule.value is None or target == spread or "\\" in target:
        return fields
    entry = f'"{name}": {rule.value}'
    if there is None:
        made = msgspec.structs.replace(rule, value=f"{{{entry}}}")
        return {
            (spread if key == target else key): (_entry(made) if key == target else one) for key, one in fields.items()
        }
    if isinstance(there, str) and there.startswith('{"') and _entry(rule) == rule.value:
        joined = {**fields, spread: f"{there[:-1]}, {entry}}}"}
        return {key: one for key, one in joined.items() if key != target}
    return fields


def _spread(rule: FieldRule, value: str, fault: MappingFault) -> FieldRule | None:
    """Stands for `_moved_into_spread`, which needs the other fields, too."""
    return None


def _refusal(rule: FieldRule, value: str, fault: MappingFault) -> FieldRule | None:
    return None if value.endswith(")!") else msgspec.structs.replace(rule, value=f"({value})!")


def _emptiness(rule: FieldRule, value: str, fault: MappingFault) -> FieldRule | None:
    return None if value.endswith("?? {}") else msgspec.structs.replace(rule, value=f"({value}) ?? {{}}")


def _cut(rule: FieldRule, value: str, fault: MappingFault) -> FieldRule | None:
    found = _LENGTH.search(fault.hint)
    return msgspec.structs.replace(rule, value=f"({value}) | truncate({found[1]})") if found else None


def _declaration(rule: FieldRule, value: str, fault: MappingFault) -> FieldRule | None:
    found = _KINDS.search(fault.hint)
    return msgspec.structs.replace(rule, pii=sorted({*rule.pii, *found[1].split(", ")})) if found else None


_REPAIRS: Mapping[str, Sequence[_RepairOf]] = {
    "may_be_missing": (_refusal, _spread, _emptiness),
    "too_long": (_cut,),
    "personal_data": (_declaration,),
}
