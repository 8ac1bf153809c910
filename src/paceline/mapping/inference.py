"""What every part of an expression can be, when the event is one that its contract accepts.

Where the contract says nothing (a field that it does not declare, in an object that it leaves open), the type is
unknown and nothing is held against the mapping.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

import msgspec

from paceline.errors import nearest_name_hint
from paceline.mapping import kinds as k
from paceline.mapping.analysis import shorten
from paceline.mapping.expression import (
    Arithmetic,
    Call,
    Compare,
    Condition,
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
    Within,
    show,
)
from paceline.mapping.function_types import call_type
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.functions.definition import Function
from paceline.mapping.functions.equality import equal
from paceline.mapping.functions.scalars import scalar_text
from paceline.mapping.kinds import Kinds, describe
from paceline.mapping.number_types import arithmetic_type
from paceline.mapping.object_types import value_type
from paceline.mapping.path_inference import PathInference, TypeFlaw
from paceline.mapping.schemas import (
    Schema,
    any_of,
    choices_of,
    items_of,
    kinds_schema,
    limit_of,
    narrowed,
    own_personal_data,
    personal_data,
    schema_kinds,
    without_null,
)
from paceline.mapping.types import Presence, ValueType
from paceline.model.finding import Severity

_BOOLEAN: Final[Schema] = {"type": "boolean"}
# What of personal data is left in a yes or no, in a count or in the name of a type identifies nobody.
_FORGETS: Final = frozenset({"length", "type_of"})
# These give parts of their first argument as they are, and so the marks inside of its schema.
_KEEPS_MARKS: Final = frozenset(
    {
        *("first", "last", "at", "get", "pick", "omit", "rename", "without_nulls"),
        *("sort", "reverse", "unique", "compact", "to_list", "max_length", "between", "one_of"),
    }
)
_SOMETIMES: Final = frozenset({("sometimes",)})


class Inference(PathInference):
    """Types of expressions for one contract. `flaws` collects what is found on the way, in the order of the text."""

    def infer(self, node: Expression) -> ValueType:  # noqa: PLR0912 (one case a form)
        """The type of an expression, null and missing included."""
        match node:
            case Literal(value=value):
                return ValueType(schema={"const": value})
            case Path(root=root, steps=steps):
                rooted = self.roots[root]
                return self.walk(rooted.type, rooted.place, steps, node)
            case Within(operand=operand, steps=steps):
                return self.walk(self._present(operand), ("(", show(operand)), steps, node)
            case Fallback(operands=operands):
                return self._fallback(operands)
            case Compare():
                return self._compare(node)
            case Logic(operands=operands):
                return self._logic(node, operands)
            case Not(operand=operand):
                self.strict(operand, k.BOOLEAN, "`not` takes")
                return ValueType(schema=_BOOLEAN)
            case Arithmetic(operator=operator, left=left, right=right):
                sides = [self.strict(side, k.NUMBER, f"`{operator}` takes") for side in (left, right)]
                return _derived(arithmetic_type(operator, sides[0].schema, sides[1].schema), sides)
            case Negate(operand=operand):
                number = self.strict(operand, k.NUMBER, "`-` takes")
                return _derived(kinds_schema(schema_kinds(number.schema) & k.NUMBER or k.NUMBER), [number])
            case Condition():
                return self._condition(node)
            case ListOf(items=items):
                return self._list([self.infer(item) for item in items])
            case ObjectOf(entries=entries):
                return self._object({entry.key: self.infer(entry.value) for entry in entries})
            case Required(operand=operand):
                return msgspec.structs.replace(self._present(operand), needs=frozenset())
            case Call():
                return self._call(node)
            case _:
                assert_never(node)

    def _present(self, node: Expression) -> ValueType:
        """The type where the value is there and not null; that it is not null becomes one more need."""
        found = self.infer(node)
        if not found.may_be_null:
            return found
        needs = found.needs | {("not null", show(node))}
        return msgspec.structs.replace(found, schema=without_null(found.schema), needs=needs)

    def strict(self, node: Expression, wanted: Kinds, by: str) -> ValueType:
        """The type of an argument that must be of a kind; what can only be of other kinds is a flaw."""
        found = self._present(node)
        kinds = schema_kinds(found.schema)
        if not found.is_known or not kinds & ~wanted or kinds & wanted == kinds:
            return found
        if not kinds & wanted:
            hint = _conversion(kinds, wanted)
            self.flaw(node, "wrong_type", f"{by} {describe(wanted)}, but {shorten(node)} is {describe(kinds)}", hint)
        else:
            message = f"{by} {describe(wanted)}, but {shorten(node)} may be {describe(kinds & ~wanted)}"
            hint = _conversion(kinds & ~wanted, wanted)
            self.flaw(node, "may_refuse", f"{message}, which refuses the event", hint, severity=Severity.WARNING)
            return msgspec.structs.replace(found, schema=narrowed(found.schema, wanted))
        return found

    # -- operators

    def _fallback(self, operands: Sequence[Expression]) -> ValueType:
        types: list[ValueType] = []
        for position, operand in enumerate(operands):
            is_last = position == len(operands) - 1
            found = self.infer(operand) if is_last else self._present(operand)
            types.append(found)
            if not is_last and found.is_known and not found.may_be_missing:
                following = operands[position + 1]
                message = f"{shorten(operand)} is there in every event, so {shorten(following)} never counts"
                self.flaw(following, "unreachable", message, "remove it", severity=Severity.WARNING)
        sure = next((position for position, found in enumerate(types) if found.is_known and not found.needs), None)
        counting = types if sure is None else types[: sure + 1]
        return _either(counting, " ?? ".join(show(operand) for operand in operands))

    def _logic(self, node: Logic, operands: Sequence[Expression]) -> ValueType:
        """What is before an operand holds (for `and`) where the operand is looked at."""
        before: list[Expression] = []
        for operand in operands:
            proved = before if node.operator == "and" else []
            condition = None
            if proved:
                condition = proved[0] if len(proved) == 1 else Logic(operator="and", operands=tuple(proved))
            with self.assuming(condition):
                self.strict(operand, k.BOOLEAN, f"`{node.operator}` joins")
            before.append(operand)
        return ValueType(schema=_BOOLEAN)

    def _compare(self, node: Compare) -> ValueType:
        if node.operator in {"==", "!=", "in"}:
            left, right = self.infer(node.left), self.infer(node.right)
            for literal, other, of in ((node.right, left, node.left), (node.left, right, node.right)):
                for choice in literal.items if isinstance(literal, ListOf) and node.operator == "in" else (literal,):
                    self._compared(choice, other, of)
        else:
            for side in (node.left, node.right):
                self.strict(side, k.NUMBER | k.TEXT, f"`{node.operator}` compares")
        return ValueType(schema=_BOOLEAN)

    def _compared(self, literal: Expression, other: ValueType, of: Expression) -> None:
        kinds = schema_kinds(other.schema)
        if not isinstance(literal, Literal) or literal.value is None or not other.is_known or not kinds:
            return
        known = choices_of(without_null(other.schema))
        is_possible = k.kind_of(literal.value) & _widened(kinds)
        if known is not None and not any(equal(literal.value, choice) for choice in known):
            hint = nearest_name_hint(str(literal.value), [str(choice) for choice in known])
        elif not is_possible:
            hint = f"the contract says that it is {describe(kinds)}"
        else:
            return
        message = f"{shorten(of)} is never {show(literal)}"
        self.flaw(literal, "pointless", message, hint, severity=Severity.WARNING)

    def _condition(self, node: Condition) -> ValueType:
        """Both branches are looked at; where the condition is known to hold, or not to hold, only one counts."""
        self.strict(node.condition, k.BOOLEAN, "`if` takes")
        is_met = self.holds(node.condition)
        with self.assuming(node.condition):
            then = self.infer(node.then)
        if is_met is True:
            if node.otherwise is not None:
                self.infer(node.otherwise)
            return then
        if node.otherwise is None:
            never = frozenset({("if", show(node.condition))})
            return msgspec.structs.replace(then, needs=then.needs | never)
        with self.assuming(Not(operand=node.condition, column=node.condition.column)):
            otherwise = self.infer(node.otherwise)
        return otherwise if is_met is False else _either([then, otherwise], show(node), is_choice=True)

    def _list(self, items: Sequence[ValueType]) -> ValueType:
        schema = {
            "type": "array",
            "items": any_of([item.schema for item in items]) if items else False,
            "minItems": sum(not item.may_be_missing for item in items),
            "maxItems": len(items),
        }
        return ValueType(schema=schema, is_known=all(item.is_known for item in items), pii=_own_pii(items))

    def _object(self, entries: dict[str, ValueType]) -> ValueType:
        schema = {
            "type": "object",
            "properties": {key: entry.schema for key, entry in entries.items()},
            "required": [key for key, entry in entries.items() if not entry.may_be_missing],
            "additionalProperties": False,
        }
        types = list(entries.values())
        return ValueType(schema=schema, is_known=all(entry.is_known for entry in types), pii=_own_pii(types))

    # -- calls

    def _call(self, node: Call) -> ValueType:
        arguments = node.arguments
        match node.function:
            case "default" | "coalesce":
                return self._fallback(arguments)
            case "required":
                return self.infer(Required(operand=arguments[0], column=node.column))
            case "exists" | "is_blank":
                self.infer(arguments[0])
                return ValueType(schema=_BOOLEAN)
            case "type_of":
                self.infer(arguments[0])
                return ValueType(schema={"type": "string"})
            case "missing":
                return ValueType(schema=False, needs=frozenset({("missing",)}))
            case "refuse":
                return ValueType(schema=False)
            case "try":
                found = self._tried(arguments[0])
                return msgspec.structs.replace(found, needs=found.needs | {("try", show(arguments[0]))})
            case "switch":
                return self._switch(node)
            case "index":
                return ValueType(schema={"type": "integer", "minimum": 0})
            case "map" | "filter" | "any" | "all" | "sort_by":
                return self._per_item(node)
            case "map_values":
                return self._per_value(node)
            case _:
                return self._plain_call(node, CATALOG[node.function])

    def _tried(self, node: Expression) -> ValueType:
        """Inside `try`, a refusal is no more than a missing value."""
        before = len(self.flaws)
        found = self.infer(node)
        self.flaws[before:] = [flaw for flaw in self.flaws[before:] if flaw.code != "may_refuse"]
        return found

    def _plain_call(self, node: Call, function: Function) -> ValueType:
        by = f"{function.name} takes"
        arguments = [
            self.strict(argument, function.parameter(position).kinds, by)
            for position, argument in enumerate(node.arguments)
        ]
        schema, is_known, may_miss = call_type(node, arguments)
        needs = frozenset().union(*(argument.needs for argument in arguments))
        if may_miss:
            needs |= {("call", show(node))}
        if function.is_one_way or function.name in _FORGETS or schema_kinds(schema) == k.BOOLEAN:
            pii: frozenset[str] = frozenset()
        elif function.name in _KEEPS_MARKS and (is_known or _is_one_key(node)):
            pii = arguments[0].pii | own_personal_data(arguments[0].schema)
        else:
            pii = all_personal_data(arguments)
        return ValueType(schema=schema, needs=needs, is_known=is_known, pii=pii)

    def _per_item(self, node: Call) -> ValueType:
        source, expression = node.arguments
        items = self.strict(source, k.LIST, f"{node.function} takes")
        with self.entered("@", self.item_of(items), ("@", show(node))):
            if node.function in {"map", "sort_by"}:
                each = self.infer(expression)
            else:
                each = self.strict(expression, k.BOOLEAN, f"{node.function} takes")
        match node.function:
            case "map":
                schema: Schema = {"type": "array", "items": each.schema}
                least = 0 if each.may_be_missing else limit_of(items.schema, "minItems", max) or 0
                most = limit_of(items.schema, "maxItems", min)
                limits = {"minItems": least, **({} if most is None else {"maxItems": most})}
                schema = {"type": "array", "items": each.schema, **limits}
                return ValueType(schema=schema, needs=items.needs, is_known=each.is_known, pii=each.pii)
            case "filter":
                kept: Schema = {"type": "array", "items": items_of(items.schema)}
                return msgspec.structs.replace(items, schema=kept)
            case "sort_by":
                return items
            case _:
                return ValueType(schema=_BOOLEAN, needs=items.needs)

    def _per_value(self, node: Call) -> ValueType:
        source, expression = node.arguments
        found = self.strict(source, k.OBJECT, "map_values takes")
        with self.entered("@", value_type(found, all_personal_data([found])), ("@", show(node))):
            each = self.infer(expression)
        schema: Schema = {"type": "object", "additionalProperties": each.schema}
        return ValueType(schema=schema, needs=found.needs, is_known=each.is_known, pii=each.pii)

    def _switch(self, node: Call) -> ValueType:
        value, table, *other = node.arguments
        assert isinstance(table, ObjectOf)
        found = self.strict(value, k.SCALAR, "switch takes")
        known = _looked_up(found)
        types: list[ValueType] = []
        for entry in table.entries:
            chosen = self.infer(entry.value)
            if known is None or entry.key in known:
                types.append(chosen)
            else:
                hint = nearest_name_hint(entry.key, known)
                message = f"{shorten(value)} is never {entry.key!r}"
                self.flaws.append(TypeFlaw(entry.column, "unreachable", message, hint, Severity.WARNING))
        is_covered = known is not None and set(known) <= {entry.key for entry in table.entries}
        if not is_covered or found.may_be_missing:
            types.append(ValueType(schema=False, needs=frozenset({("switch", show(node))})))
        chosen = _either(types, show(node), is_choice=True)
        if not other or not (chosen.may_be_missing or chosen.may_be_null):
            return chosen
        present = msgspec.structs.replace(chosen, schema=without_null(chosen.schema), needs=_SOMETIMES)
        return _either([present, self.infer(other[0])], show(node))


def _looked_up(found: ValueType) -> list[str] | None:
    """The texts under which a switch looks its value up, when the contract says all values that it can have."""
    choices = choices_of(found.schema) if found.is_known else None
    return None if choices is None else [scalar_text(choice) for choice in choices if k.kind_of(choice) & k.SCALAR]


def _is_one_key(node: Call) -> bool:
    """Whether the call reads a key that is written out: what is not known of it is marked nowhere."""
    return node.function == "get" and isinstance(node.arguments[1], Literal)


def all_personal_data(types: Sequence[ValueType]) -> frozenset[str]:
    """The kinds of personal data in any of the values, at any depth."""
    return frozenset().union(*(found.pii | personal_data(found.schema) for found in types))


def _own_pii(types: Sequence[ValueType]) -> frozenset[str]:
    return frozenset().union(*(found.pii for found in types))


def _derived(schema: Schema, arguments: Sequence[ValueType]) -> ValueType:
    needs: frozenset[Presence] = frozenset().union(*(argument.needs for argument in arguments))
    return ValueType(schema=schema, needs=needs, pii=all_personal_data(arguments))


def _either(types: Sequence[ValueType], name: str, *, is_choice: bool = False) -> ValueType:
    """One of several values: the first that is there or, for a choice, the one that a condition picks."""
    is_sure = not any(found.needs for found in types) if is_choice else any(not found.needs for found in types)
    needs: frozenset[Presence] = frozenset() if is_sure else frozenset({("either", name)})
    schema = any_of([found.schema for found in types])
    return ValueType(schema=schema, needs=needs, is_known=all(found.is_known for found in types), pii=_own_pii(types))


def _widened(kinds: Kinds) -> Kinds:
    return kinds | k.NUMBER if kinds & k.NUMBER else kinds


def _conversion(kinds: Kinds, wanted: Kinds) -> str:
    """The function that makes one kind of another."""
    if kinds & k.TEXT and not kinds & ~k.TEXT:
        if wanted & k.NUMBER:
            return "add `| number`"
        if wanted & k.BOOLEAN:
            return "add `| boolean`"
    if wanted & k.TEXT and not kinds & ~k.SCALAR:
        return "add `| string`"
    if wanted & k.LIST and not kinds & k.LIST:
        return "add `| to_list`"
    return "add `| round` for a whole number" if wanted == k.INTEGER and kinds & k.NUMBER else ""
