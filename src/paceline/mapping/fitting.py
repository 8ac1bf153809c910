"""Whether every value of one schema is one of another, and if not, whether the schemas say so or are only silent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import msgspec

from paceline.contracts.drafts import Draft
from paceline.contracts.inclusion.answers import Answer, Found, Unknown
from paceline.contracts.inclusion.refuting import Pair
from paceline.contracts.pointers import steps_of
from paceline.contracts.references import Document
from paceline.contracts.validation import Validator, Violation
from paceline.mapping import kinds as k
from paceline.mapping.functions.equality import equal
from paceline.mapping.schemas import Schema, choices_of, field_of, items_of, schema_kinds
from paceline.mapping.types import as_described, stated_limits, without_limits

Verdict: TypeAlias = Literal["contradicted", "unproven"]

_STEPS: Final = 4_000
_ANNOTATIONS: Final = frozenset({"title", "description", "examples", "default", "deprecated", "$comment"})
# For these, being within the same keyword of the contract is proof enough.
_UPPER: Final = frozenset({"maxLength", "maximum", "maxItems"})
_LOWER: Final = frozenset({"minLength", "minimum", "minItems"})


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """A value that the source can have and the target does not take. `keyword` is the one that refuses it.

    `contradicted`: what the source states is enough to make such a value. `unproven`: the source is silent about what
    the target demands, or the question was too hard (`keyword` is then empty, and `message` says why).
    """

    verdict: Verdict
    keyword: str = ""
    message: str = ""
    pointer: str = ""
    example: object = None


def misfit(source: Schema, target: Schema) -> Misfit | None:
    """How values of the source can fail to be values of the target; None when it is proved that none does."""
    if _plainly_fits(source, target):
        return None
    if isinstance(source, dict) and source.keys() == {"anyOf"}:
        return _worst([misfit(branch, target) for branch in source["anyOf"]])
    described = as_described(source)
    found = _refuted(described, without_limits(target))
    if found is not None and found.keyword:
        return msgspec.structs.replace(found, verdict="contradicted")
    found = _refuted(source, target)
    if found is None or not found.keyword:
        return found
    stated = stated_limits(_at(source, found.pointer))
    is_stated = bool({found.keyword, "value"} & stated) and _refuted(described, target) is not None
    return msgspec.structs.replace(found, verdict="contradicted" if is_stated else "unproven")


def violation(schema: Schema, value: object) -> str:
    """How a value breaks a schema, in words; empty when it does not."""
    if schema is True:
        return ""
    found = _validator(_key(schema)).violations(value)
    return _innermost(found).message if found else ""


def _worst(misfits: Sequence[Misfit | None]) -> Misfit | None:
    """Of the branches' misfits, one that is certain when there is one."""
    found = [one for one in misfits if one is not None]
    return min(found, key=lambda one: one.verdict != "contradicted", default=None)


def _at(schema: Schema, place: str) -> Schema:
    """What a schema says about a place inside of its values."""
    for step in steps_of(place):
        is_position = step.isascii() and step.isdigit() and schema_kinds(schema) & k.LIST
        schema = items_of(schema) if is_position else field_of(schema, step).schema
    return schema


def _plainly_fits(source: Schema, target: Schema) -> bool:
    """The common case, without a search: a target that asks for no more than a type, some values and plain limits."""
    if target is True or source is False:
        return True
    if not isinstance(target, dict) or not isinstance(source, dict):
        return False
    if schema_kinds(source) & ~_admitted(target):
        return False
    choices = choices_of(source)
    return all(_meets(source, choices, keyword, value) for keyword, value in target.items())


def _admitted(target: dict[str, Any]) -> k.Kinds:
    return schema_kinds({"type": target["type"]} if "type" in target else True)


def _meets(source: dict[str, Any], choices: tuple[Any, ...] | None, keyword: str, limit: Any) -> bool:
    if keyword == "type" or keyword in _ANNOTATIONS or keyword.startswith("x-"):
        return True
    if keyword in {"enum", "const"} and choices is not None:
        allowed = limit if keyword == "enum" else [limit]
        return all(any(equal(choice, value) for value in allowed) for choice in choices)
    own = source.get(keyword)
    if keyword in _UPPER:
        return own is not None and own <= limit
    if keyword in _LOWER:
        return own is not None and own >= limit
    return keyword in {"pattern", "format"} and own == limit


def _refuted(source: Schema, target: Schema) -> Misfit | None:
    """A confirmed value of the source that is none of the target, or a note that the question was too hard."""
    answer = _asked(_key(source), _key(target))
    if isinstance(answer, Unknown):
        return Misfit(verdict="unproven", message=answer.reason)
    if not isinstance(answer, Found):
        return None
    if not _validator(_key(source)).is_valid(answer.value):
        return Misfit(verdict="unproven", message="a value was found that could not be confirmed")
    violations = _validator(_key(target)).violations(answer.value)
    if not violations:
        return Misfit(verdict="unproven", message="a value was found that could not be confirmed")
    first = _innermost(violations)
    return Misfit(
        verdict="unproven",
        keyword=first.keyword,
        message=first.message,
        pointer=first.pointer,
        example=answer.value,
    )


def _innermost(violations: list[Violation]) -> Violation:
    """The violation that says most: not that alternatives fail, but how."""
    return max(violations, key=lambda violation: (violation.keyword not in {"anyOf", "oneOf"}, len(violation.pointer)))


def _key(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=False)


@lru_cache(maxsize=2048)
def _asked(source: str, target: str) -> Answer:
    writer, reader = (Document(json.loads(schema), Draft.DRAFT_2020_12) for schema in (source, target))
    return Pair(writer, reader).refute(steps=_STEPS)


@lru_cache(maxsize=512)
def _validator(schema: str) -> Validator:
    return Validator(json.loads(schema), Draft.DRAFT_2020_12)
