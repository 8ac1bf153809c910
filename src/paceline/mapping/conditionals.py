"""What a vendor asks for under a condition (`if`, `then`, `else`), where the mapping decides the condition.

GA4 wants a transaction's id with every `purchase`, say: a mapping whose `name` is that constant needs the field.
"""

from __future__ import annotations

from typing import Any, Final

from paceline.mapping.fitting import misfit
from paceline.mapping.functions.equality import equal
from paceline.mapping.schemas import Schema, choices_of, chosen, parts_of
from paceline.mapping.sources import Group

_CONDITIONAL: Final = ("if", "then", "else")
_ABOUT_FIELDS: Final = frozenset(
    {"properties", "required", "not", *_CONDITIONAL, "allOf", "anyOf", "oneOf", "type", "description", "title"}
)


def decided(target: Schema, group: Group) -> Schema:
    """The vendor's schema of an object with the conditions that these fields decide put in place or taken out."""
    if group.spreads or not any("if" in part for part in parts_of(target)):
        return target
    return _decided(target, group.schema())


def _decided(target: Schema, made: dict[str, Any]) -> Schema:
    if not isinstance(target, dict):
        return target
    rest = {keyword: value for keyword, value in target.items() if keyword not in {"allOf", *_CONDITIONAL}}
    parts = [_decided(part, made) for part in target.get("allOf", ())]
    if "if" in target:
        is_met = _is_met(target["if"], made)
        if is_met is None:
            rest |= chosen(target, _CONDITIONAL)
        else:
            parts.append(_decided(target.get("then" if is_met else "else", True), made))
    return {**rest, "allOf": parts} if parts else rest


def _is_met(condition: Schema, made: dict[str, Any]) -> bool | None:
    """Whether the object meets the condition whatever the event is; None when that depends on the event."""
    known = about(made, condition)
    if isinstance(condition, dict) and condition.keys() == {"properties"}:
        verdicts = [_is_chosen(inner, name, known) for name, inner in condition["properties"].items()]
        if None not in verdicts:
            return all(verdicts)
    if misfit(known, condition) is None:
        return True
    return False if misfit(known, {"not": condition}) is None else None


def _is_chosen(wanted: Schema, name: str, made: dict[str, Any]) -> bool | None:
    """The common case without a search: a field that is one of a few constants, compared with others."""
    values = choices_of(made["properties"].get(name, True))
    if values is None or name not in made["required"] or not isinstance(wanted, dict):
        return None
    if wanted.keys() == {"const"}:
        allowed = [wanted["const"]]
    elif wanted.keys() == {"enum"}:
        allowed = wanted["enum"]
    else:
        return None
    verdicts = {any(equal(value, one) for one in allowed) for value in values}
    return verdicts.pop() if len(verdicts) == 1 else None


def about(made: dict[str, Any], rule: Schema) -> dict[str, Any]:
    """What is known of the fields that a rule speaks of; of all, when it is not only about some fields."""
    names = _mentioned(rule)
    if names is None:
        return made
    return {
        **made,
        "properties": {name: inner for name, inner in made["properties"].items() if name in names},
        "required": [name for name in made["required"] if name in names],
    }


def _mentioned(rule: Schema) -> set[str] | None:
    if not isinstance(rule, dict):
        return set()
    if not rule.keys() <= _ABOUT_FIELDS:
        return None
    names = {*rule.get("properties", ()), *rule.get("required", ())}
    inner = [rule[keyword] for keyword in ("not", *_CONDITIONAL) if keyword in rule]
    for keyword in ("allOf", "anyOf", "oneOf"):
        inner += rule.get(keyword, ())
    for part in inner:
        found = _mentioned(part)
        if found is None:
            return None
        names |= found
    return names
