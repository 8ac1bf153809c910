"""Alters a mapping one rule at a time, to see whether a test would notice. Pure.

A rule is a part that somebody could take out or get wrong: a field, the condition `when`, the items after the first of
an `each`, one branch of a fallback or a choice, a function, a comparison, a constant. Tests that pass with a rule
altered say nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from paceline.errors import MappingSyntaxError
from paceline.mapping.assumptions import Place, place_of, proved_by
from paceline.mapping.expression import (
    Arithmetic,
    Call,
    Comparator,
    Compare,
    Condition,
    Every,
    Expression,
    Fallback,
    ListOf,
    Literal,
    Logic,
    Negate,
    Not,
    ObjectOf,
    Path,
    Required,
    Step,
    Where,
    Within,
    children,
    show,
)
from paceline.mapping.faults import FilePath
from paceline.mapping.parser import parse_tree
from paceline.model.mapping import FieldRule, MappingFile

Rules = Mapping[str, FieldRule | str]
_Rebuild = Callable[[Expression], Expression]

_NEIGHBORS: Final[Mapping[Comparator, Comparator]] = {
    "==": "!=",
    "!=": "==",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "in": "==",
}
_COMPLETED: Final = frozenset({("messageId",), ("receivedAt",), ("timestamp",), ("type",)})
"""What every event has once it was received; times are ISO 8601 in UTC then."""
_COMPLETED_TIMES: Final = frozenset({("receivedAt",), ("timestamp",)})
_SHORT: Final = 40


class MappingRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a mapping and what it could be instead.

    `path` leads to the entry of the file, `column` is 1-based inside its expression (0: the entry as a whole). `what`
    says which rule it is, `change` what the variants do to it. A test notices the rule when it notices one variant.
    """

    path: FilePath
    column: int = 0
    what: str
    change: str
    variants: tuple[MappingFile, ...]


def mapping_rules(spec: MappingFile) -> Iterator[MappingRule]:
    """Every rule of a mapping, in the order of the file. Variants need not compile: those that do not are no variants.

    What can never count is left out: `!` on a path that `when` proves to be there or that every event has, fallbacks
    after one, and `iso8601` on times that are ISO 8601 already.
    """
    proved: frozenset[Place] = _COMPLETED
    if spec.when is not None:
        tree = _tree(spec.when)
        yield MappingRule(
            path=("when",), what="the condition `when`", change="removed", variants=(_replaced(spec, when=None),)
        )
        yield from _expression_rules(("when",), tree, lambda text: _replaced(spec, when=text), _Edits(proved))
        if tree is not None:
            proved |= proved_by(tree, {"$": (), "$$": ()})
    edits = _Edits(proved)
    yield from _field_rules(("fields",), spec.fields, lambda fields: _replaced(spec, fields=fields), edits)


def _replaced(spec: MappingFile, **changes: object) -> MappingFile:
    return msgspec.structs.replace(spec, **changes)


def _tree(text: str) -> Expression | None:
    try:
        return parse_tree(text)
    except MappingSyntaxError:
        return None


def _field_rules(
    path: FilePath, rules: Rules, rebuilt: Callable[[Rules], MappingFile], edits: _Edits, outer: str = ""
) -> Iterator[MappingRule]:
    for target, rule in rules.items():
        here = (*path, target)
        name = f"{outer}{target}"
        others = {key: value for key, value in rules.items() if key != target}
        # The only field cannot be removed: a mapping must have one. It can give nothing worth having.
        without = rebuilt(others or {target: "{}" if target.endswith("*") else "null"})
        yield MappingRule(path=here, what=f"the field {name}", change="removed", variants=(without,))

        def put(changed: FieldRule | str, target: str = target) -> MappingFile:
            return rebuilt({**rules, target: changed})

        if isinstance(rule, str):
            yield from _expression_rules(here, _tree(rule), put, edits, of=name)
            continue
        if rule.value is not None:
            yield from _expression_rules((*here, "value"), _tree(rule.value), _in(rule, "value", put), edits, of=name)
        if rule.each is not None:
            yield from _each_rules(here, rule, put, edits, name=name)


def _each_rules(
    path: FilePath, rule: FieldRule, put: Callable[[FieldRule], MappingFile], edits: _Edits, *, name: str
) -> Iterator[MappingRule]:
    tree = _tree(rule.each or "")
    at = (*path, "each")
    write = _in(rule, "each", put)
    if tree is not None and not (isinstance(tree, ListOf) and len(tree.items) < 2):
        first = Call(function="slice", arguments=(tree, Literal(value=0), Literal(value=1)), piped=True)
        variants = (write(show(first)),)
        yield MappingRule(path=at, what=f"the items of {name}", change="cut after the first", variants=variants)
    yield from _expression_rules(at, tree, write, edits, of=name)

    def rebuilt(fields: Rules) -> MappingFile:
        return put(msgspec.structs.replace(rule, fields=dict(fields)))

    # Inside, `$` is the item, about which `when` proves nothing.
    yield from _field_rules(
        (*path, "fields"), rule.fields or {}, rebuilt, _Edits(edits.proved, is_inside=True), f"{name}[]."
    )


def _in(rule: FieldRule, key: str, put: Callable[[FieldRule], MappingFile]) -> Callable[[str], MappingFile]:
    return lambda text: put(msgspec.structs.replace(rule, **{key: text}))


def _expression_rules(
    path: FilePath, tree: Expression | None, put: Callable[[str], MappingFile], edits: _Edits, *, of: str = ""
) -> Iterator[MappingRule]:
    if tree is None:
        return
    suffix = f" of {of}" if of else " of `when`"
    for edit in edits.of(tree, lambda new: new):
        variants = tuple(put(show(variant)) for variant in edit.variants)
        yield MappingRule(
            path=path, column=edit.column, what=f"{edit.what}{suffix}", change=edit.change, variants=variants
        )


class _Edit(msgspec.Struct, frozen=True):
    """One rule inside an expression; `variants` are whole expressions."""

    column: int
    what: str
    change: str
    variants: tuple[Expression, ...]


class _Edits:
    """Finds the rules inside expressions. `proved` are places in the event that are sure to be there."""

    def __init__(self, proved: frozenset[Place], *, is_inside: bool = False) -> None:
        self.proved = proved
        self._is_inside = is_inside

    def of(self, node: Expression, whole: _Rebuild) -> Iterator[_Edit]:
        """Every rule of a node and of what is inside; `whole` puts a changed node back into its expression."""
        yield from self._own(node, whole)
        inner = children(node)
        for position, child in enumerate(inner):
            if isinstance(node, Fallback) and any(self._is_proved(before) for before in inner[:position]):
                continue

            def around(new: Expression, position: int = position) -> Expression:
                return whole(_with_children(node, [*inner[:position], new, *inner[position + 1 :]]))

            yield from self.of(child, around)

    def _own(self, node: Expression, whole: _Rebuild) -> Iterator[_Edit]:  # noqa: PLR0912 (one case a form)
        match node:
            case Literal():
                variants = _other_constants(node)
                if variants:
                    yield _Edit(node.column, f"the constant {_short(node)}", "altered", tuple(map(whole, variants)))
            case Path(steps=steps) | Within(steps=steps):
                yield from _filters(node, steps, whole)
            case Call(function="coalesce" | "default", arguments=operands) if len(operands) > 1:
                yield from self._fallbacks(operands, lambda rest: whole(_fallback(rest)))
            case Call(function="iso8601", arguments=(Path() as first,)) if self._place(first) in _COMPLETED_TIMES:
                return
            case Call(function=name, arguments=(first, *_)):
                yield _Edit(node.column, f"the function {name}", "removed", (whole(first),))
            case Fallback(operands=operands):
                yield from self._fallbacks(operands, lambda rest: whole(_fallback(rest)))
            case Logic(operator=operator, operands=operands):
                for position, operand in enumerate(operands):
                    rest = (*operands[:position], *operands[position + 1 :])
                    kept = rest[0] if len(rest) == 1 else Logic(operator=operator, operands=rest)
                    yield _Edit(operand.column, f"the condition {_short(operand)}", "removed", (whole(kept),))
            case Compare(operator=operator):
                other = msgspec.structs.replace(node, operator=_NEIGHBORS[operator])
                what = f"the comparison {_short(node)}"
                yield _Edit(node.column, what, f"with {_NEIGHBORS[operator]} for {operator}", (whole(other),))
            case Not(operand=operand) | Negate(operand=operand):
                word = "not" if isinstance(node, Not) else "-"
                yield _Edit(node.column, f"`{word}`", "removed", (whole(operand),))
            case Arithmetic(operator=operator, left=left):
                yield _Edit(
                    node.column, f"the arithmetic {_short(node)}", f"without what follows {operator}", (whole(left),)
                )
            case Condition(condition=condition, then=then, otherwise=otherwise):
                yield _Edit(condition.column, f"the condition {_short(condition)}", "taken as true", (whole(then),))
                if otherwise is not None:
                    yield _Edit(then.column, f"the choice {_short(then)}", "never taken", (whole(otherwise),))
            case ListOf(items=items) if len(items) > 1:
                for position, item in enumerate(items):
                    rest = (*items[:position], *items[position + 1 :])
                    yield _Edit(item.column, f"the item {_short(item)}", "removed", (whole(ListOf(items=rest)),))
            case ObjectOf(entries=entries) if len(entries) > 1:
                for position, entry in enumerate(entries):
                    kept_entries = (*entries[:position], *entries[position + 1 :])
                    without = whole(ObjectOf(entries=kept_entries))
                    yield _Edit(entry.column, f"the entry {entry.key}", "removed", (without,))
            case Required(operand=operand) if not self._is_proved(operand):
                yield _Edit(node.column, f"`!` after {_short(operand)}", "removed", (whole(operand),))
            case _:
                return

    def _fallbacks(
        self, operands: Sequence[Expression], whole: Callable[[Sequence[Expression]], Expression]
    ) -> Iterator[_Edit]:
        for position, operand in enumerate(operands):
            if any(self._is_proved(before) for before in operands[:position]):
                return
            rest = [*operands[:position], *operands[position + 1 :]]
            what = f"the fallback {_short(operand)}" if position else f"{_short(operand)} before its fallback"
            yield _Edit(operand.column, what, "removed", (whole(rest),))

    def _is_proved(self, node: Expression) -> bool:
        return isinstance(node, Path) and self._place(node) in self.proved

    def _place(self, path: Path) -> Place | None:
        """The one place of the event that a path leads to; None for a path to an item, or to many."""
        if any(isinstance(step, Every | Where) for step in path.steps):
            return None
        return place_of(path, {"$$": ()} if self._is_inside else {"$": (), "$$": ()})


def _fallback(operands: Sequence[Expression]) -> Expression:
    return operands[0] if len(operands) == 1 else Fallback(operands=tuple(operands))


def _filters(node: Path | Within, steps: Sequence[Step], whole: _Rebuild) -> Iterator[_Edit]:
    for position, step in enumerate(steps):
        if isinstance(step, Where):
            changed = (*steps[:position], Every(), *steps[position + 1 :])
            variant = whole(msgspec.structs.replace(node, steps=changed))
            yield _Edit(step.column, f"the filter {_short(step.condition)}", "removed", (variant,))


def _other_constants(node: Literal) -> tuple[Literal, ...]:
    match node.value:
        case bool() as flag:
            return (Literal(value=not flag),)
        case int() | float() as number:
            return Literal(value=number + 1), Literal(value=number - 1)
        case str() as text:
            return Literal(value=f"{text}~"), Literal(value=text.swapcase()), Literal(value="")
        case None:
            return ()


def _with_children(node: Expression, new: Sequence[Expression]) -> Expression:
    """The node with other expressions directly inside, in the order of `children`."""
    inner = tuple(new)
    match node:
        case Path(steps=steps):
            return msgspec.structs.replace(node, steps=_with_conditions(steps, inner))
        case Within(steps=steps):
            return msgspec.structs.replace(node, operand=inner[0], steps=_with_conditions(steps, inner[1:]))
        case Call():
            return msgspec.structs.replace(node, arguments=inner)
        case Fallback() | Logic():
            return msgspec.structs.replace(node, operands=inner)
        case Compare() | Arithmetic():
            return msgspec.structs.replace(node, left=inner[0], right=inner[1])
        case Not() | Negate() | Required():
            return msgspec.structs.replace(node, operand=inner[0])
        case Condition():
            otherwise = inner[2] if len(inner) > 2 else None
            return msgspec.structs.replace(node, condition=inner[0], then=inner[1], otherwise=otherwise)
        case ListOf():
            return msgspec.structs.replace(node, items=inner)
        case ObjectOf(entries=entries):
            changed = [msgspec.structs.replace(entry, value=value) for entry, value in zip(entries, inner, strict=True)]
            return msgspec.structs.replace(node, entries=tuple(changed))
        case _:
            return node


def _with_conditions(steps: Sequence[Step], conditions: Sequence[Expression]) -> tuple[Step, ...]:
    waiting = iter(conditions)
    return tuple(
        msgspec.structs.replace(step, condition=next(waiting)) if isinstance(step, Where) else step for step in steps
    )


def _short(node: Expression) -> str:
    text = show(node)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
