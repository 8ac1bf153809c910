"""Say step by step what a mapping makes of one event, by running the code of every part of every expression.

There is no second interpreter: each part is compiled by the same generator as the mapping. An explanation quotes the
event's values, so it is for the screen of the person who has the event, not for logs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from paceline.mapping.analysis import Analysis
from paceline.mapping.compile import CompiledMapping, Payload, compile_value
from paceline.mapping.expression import (
    Call,
    Condition,
    Expression,
    Fallback,
    ListOf,
    ObjectOf,
    Path,
    Within,
    children,
    show,
)
from paceline.mapping.expression import (
    Literal as LiteralNode,
)
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.generate.program import PlannedField
from paceline.mapping.generate.runtime import MISSING
from paceline.mapping.refusals import Stop
from paceline.mapping.targets import show_target
from paceline.model.event import Filtered, Refusal

MAX_EXPLAINED_ITEMS: Final = 3
_INDENT: Final = "    "
_SHOWN_CHARACTERS: Final = 100

Outcome: TypeAlias = Literal["value", "missing", "refused"]


class ExplainedStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of an expression gave. `value` counts for a value; `reason` and `message` for a refusal."""

    expression: str
    outcome: Outcome
    value: object = None
    reason: str = ""
    message: str = ""


class ExplainedField(msgspec.Struct, frozen=True, kw_only=True):
    """One field: its steps from the inside out, the last of which is the field's own value.

    For `each`, `items` explains the fields of the first items of the list, and `omitted_items` counts the others.
    """

    target: str
    steps: tuple[ExplainedStep, ...]
    items: tuple[tuple[ExplainedField, ...], ...] = ()
    omitted_items: int = 0


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What `when` and each field gave, and what came of the event as a whole."""

    when: tuple[ExplainedStep, ...]
    fields: tuple[ExplainedField, ...]
    result: Payload | Filtered | Refusal


class _Place(msgspec.Struct, frozen=True):
    """Where an expression is evaluated: the event and, inside `each`, the item and its position."""

    event: dict[str, Any]
    now_ms: int
    item: object = None
    index: int = 0
    is_item: bool = False


def explain(compiled: CompiledMapping, event: dict[str, Any], *, now_ms: int) -> Explanation:
    """What the mapping makes of the event, part by part. Never raises; parts that refuse are steps that say so."""
    place = _Place(event, now_ms)
    when = compiled.plan.when
    return Explanation(
        when=() if when is None else tuple(_steps(when.tree, place)),
        fields=_fields(compiled.plan.fields, place),
        result=compiled.apply(event, now_ms=now_ms),
    )


def _fields(fields: Sequence[PlannedField], place: _Place) -> tuple[ExplainedField, ...]:
    return tuple(_field(field, place) for field in fields)


def _field(field: PlannedField, place: _Place) -> ExplainedField:
    steps = tuple(_steps(field.value.tree, place))
    target = show_target(field.target)
    found = steps[-1].value
    if field.fields is None or not isinstance(found, list):
        return ExplainedField(target=target, steps=steps)
    items = tuple(
        _fields(field.fields, _Place(place.event, place.now_ms, item, index, is_item=True))
        for index, item in enumerate(found[:MAX_EXPLAINED_ITEMS])
    )
    return ExplainedField(target=target, steps=steps, items=items, omitted_items=len(found) - len(items))


def _steps(tree: Expression, place: _Place) -> Iterator[ExplainedStep]:
    """The parts of an expression, each after the parts that it is made of; constants are left out."""
    for part in _parts(tree, place):
        if not _is_constant(part):
            yield from _steps(part, place)
    yield _evaluated(tree, place)


def _is_constant(tree: Expression) -> bool:
    return isinstance(tree, LiteralNode | ListOf | ObjectOf) and all(_is_constant(part) for part in children(tree))


def _parts(tree: Expression, place: _Place) -> Iterator[Expression]:
    """The parts that count for the result: not the branch that is not taken, nor what stands for each item."""
    match tree:
        case Condition(condition=condition, then=then, otherwise=otherwise):
            yield condition
            is_met = _evaluated(condition, place).value is True
            taken = then if is_met else otherwise
            if taken is not None:
                yield taken
        case Fallback(operands=operands):
            for operand in operands:
                yield operand
                if _evaluated(operand, place).value is not None:
                    return
        case Call(function=name, arguments=arguments):
            function = CATALOG[name]
            yield from (
                argument for position, argument in enumerate(arguments) if not function.parameter(position).per_item
            )
        case Path():
            pass
        case Within(operand=operand):
            yield operand
        case _:
            yield from children(tree)


def _evaluated(tree: Expression, place: _Place) -> ExplainedStep:
    text = show(tree)
    evaluate = compile_value(Analysis(tree, in_each=place.is_item), in_each=place.is_item)
    try:
        value = evaluate(place.event, place.item, place.now_ms, place.index)
    except Stop as stop:
        return ExplainedStep(expression=text, outcome="refused", reason=stop.reason, message=stop.message)
    except RecursionError:
        return ExplainedStep(expression=text, outcome="refused", reason="too_deep", message="nested too deeply")
    if value is MISSING:
        return ExplainedStep(expression=text, outcome="missing")
    return ExplainedStep(expression=text, outcome="value", value=value)


def explanation_lines(explanation: Explanation) -> Iterator[str]:
    """The explanation as plain text for a terminal.

    A field is a line `target: expression  ->  value`, with the parts of its expression below it, in the order in which
    they are evaluated.
    """
    if explanation.when:
        yield from _entry_lines("when", explanation.when, "")
    yield from _field_lines(explanation.fields, "")
    yield ""
    match explanation.result:
        case Filtered(rule=rule):
            yield f"filtered: `{rule}` does not hold, so nothing is delivered"
        case Refusal(rule=rule, reason=reason, message=message):
            yield f"refused by {rule} ({reason}): {message}"
        case payload:
            yield "payload"
            yield _json(payload, indent=2)


def _field_lines(fields: Sequence[ExplainedField], indent: str) -> Iterator[str]:
    for field in fields:
        yield from _entry_lines(field.target, field.steps, indent)
        for index, item in enumerate(field.items):
            yield f"{indent}{_INDENT}[{index}]"
            yield from _field_lines(item, indent + 2 * _INDENT)
        if field.omitted_items:
            yield f"{indent}{_INDENT}and {field.omitted_items} more"


def _entry_lines(name: str, steps: Sequence[ExplainedStep], indent: str) -> Iterator[str]:
    *parts, whole = steps
    yield f"{indent}{name}: {_told(whole)}"
    for part in parts:
        yield f"{indent}{_INDENT}{_told(part)}"


def _told(step: ExplainedStep) -> str:
    match step.outcome:
        case "value":
            value = _shortened(_json(step.value))
            return value if step.expression == value else f"{step.expression}  ->  {value}"
        case "missing":
            return f"{step.expression}  ->  missing"
        case "refused":
            return f"{step.expression}  ->  refused ({step.reason}): {step.message}"


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _json(value: object, *, indent: int = 0) -> str:
    try:
        text = msgspec.json.encode(value)
        return (msgspec.json.format(text, indent=indent) if indent else text).decode()
    except (UnicodeEncodeError, RecursionError):
        return "(a value that JSON cannot write)"
