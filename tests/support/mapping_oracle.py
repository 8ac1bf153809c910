"""A slow and simple interpreter of expressions, to hold the generated code against.

It follows docs/mapping.md sentence by sentence and shares nothing with the generator but the functions themselves.
"""

from __future__ import annotations

from typing import Any

from paceline.mapping import kinds as k
from paceline.mapping.expression import (
    Arithmetic,
    Call,
    Compare,
    Condition,
    Every,
    Expression,
    Fallback,
    Index,
    Key,
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
)
from paceline.mapping.functions import numbers
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.functions.equality import equal
from paceline.mapping.functions.lists import sort_by
from paceline.mapping.functions.scalars import scalar_text
from paceline.mapping.functions.times import from_unix_ms

MISSING = object()

INLINE: dict[str, Any] = {
    "trim": lambda text: text.strip(),
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "truncate": lambda text, count: text[: max(count, 0)],
    "length": len,
    "starts_with": lambda text, part: text.startswith(part),
    "ends_with": lambda text, part: text.endswith(part),
    "first": lambda items: items[0] if items else None,
    "last": lambda items: items[-1] if items else None,
    "keys": list,
    "values": lambda value: list(value.values()),
    "get": lambda value, key: value.get(key),
}
OPERATORS = {"+": numbers.add, "-": numbers.subtract, "*": numbers.multiply, "/": numbers.divide}
NAMES = {k.BOOLEAN: "boolean", k.TEXT: "text", k.LIST: "list", k.OBJECT: "object", k.NULL: "null"}


class RefusedError(Exception):
    """The event is refused."""


class Oracle:
    """Evaluates expressions where `$` is `root`; `at` are the items that `@` stands for, with their positions."""

    def __init__(self, event: Any, now_ms: int) -> None:
        self.event = event
        self.now_ms = now_ms
        self.items: list[tuple[Any, int]] = []

    def value(self, node: Expression) -> Any:  # noqa: PLR0912 (one case a form)
        match node:
            case Literal(value=value):
                return value
            case Path(root=root, steps=steps):
                return self.steps(self.items[-1][0] if root == "@" else self.event, steps)
            case Within(operand=operand, steps=steps):
                found = self.there(operand)
                return MISSING if found is None else self.steps(found, steps)
            case Fallback(operands=operands):
                return self.first(operands)
            case Condition(condition=condition, then=then, otherwise=otherwise):
                if self.holds(condition):
                    return self.value(then)
                return MISSING if otherwise is None else self.value(otherwise)
            case Compare() | Logic() | Not():
                return self.holds(node)
            case Arithmetic(operator=operator, left=left, right=right):
                sides = [self.there(left), self.there(right)]
                return (
                    MISSING if None in sides else OPERATORS[operator](*(self.of_kind(side, k.NUMBER) for side in sides))
                )
            case Negate(operand=operand):
                number = self.number(operand)
                return MISSING if number is None else numbers.negate(number)
            case ListOf(items=items):
                return [value for value in map(self.value, items) if value is not MISSING]
            case ObjectOf(entries=entries):
                pairs = [(entry.key, self.value(entry.value)) for entry in entries]
                return {key: value for key, value in pairs if value is not MISSING}
            case Required(operand=operand):
                found = self.there(operand)
                if found is None:
                    raise RefusedError
                return found
            case Call():
                return self.call(node)

    def there(self, node: Expression) -> Any:
        """The value, or None when it is missing or null."""
        found = self.value(node)
        return None if found is MISSING else found

    def number(self, node: Expression) -> Any:
        return self.of_kind(self.there(node), k.NUMBER)

    def of_kind(self, value: Any, kinds: int) -> Any:
        if value is not None and not k.kind_of(value) & kinds:
            raise RefusedError
        return value

    def first(self, operands: Any) -> Any:
        for operand in operands[:-1]:
            found = self.there(operand)
            if found is not None:
                return found
        return self.value(operands[-1])

    def steps(self, value: Any, steps: tuple[Step, ...]) -> Any:
        if not steps:
            return value
        step, rest = steps[0], steps[1:]
        match step:
            case Key(name=name):
                return self.steps(value[name], rest) if isinstance(value, dict) and name in value else MISSING
            case Index(position=position):
                is_inside = isinstance(value, list) and -len(value) <= position < len(value)
                return self.steps(value[position], rest) if is_inside else MISSING
            case Every() | Where():
                if not isinstance(value, list):
                    return MISSING
                found = [self.steps(item, rest) for item in self.chosen(value, step)]
                is_plural = any(isinstance(later, Every | Where) for later in rest)
                if is_plural:
                    return [item for items in found if items is not MISSING for item in items]
                return [item for item in found if item is not MISSING and item is not None]

    def chosen(self, items: list[Any], step: Every | Where) -> list[Any]:
        if isinstance(step, Every):
            return items
        return [
            item for position, item in enumerate(items) if self.for_item(self.holds, step.condition, item, position)
        ]

    def for_item(self, evaluate: Any, node: Expression, item: Any, position: int) -> Any:
        self.items.append((item, position))
        try:
            return evaluate(node)
        finally:
            self.items.pop()

    def holds(self, node: Expression) -> bool:
        match node:
            case Logic(operator="and", operands=operands):
                return all(self.holds(operand) for operand in operands)
            case Logic(operands=operands):
                return any(self.holds(operand) for operand in operands)
            case Not(operand=operand):
                return not self.holds(operand)
            case Compare(operator=operator, left=left, right=right):
                return self.compares(operator, self.there(left), self.there(right))
            case _:
                return self.of_kind(self.there(node), k.BOOLEAN) is True

    def compares(self, operator: str, left: Any, right: Any) -> bool:
        match operator:
            case "==":
                return equal(left, right)
            case "!=":
                return not equal(left, right)
            case "in":
                items = self.of_kind(right, k.LIST)
                return left is not None and items is not None and any(equal(left, item) for item in items)
        kinds = [k.TEXT if isinstance(value, str) else k.NUMBER for value in (left, right) if value is not None]
        for value in (left, right):
            self.of_kind(value, k.TEXT | k.NUMBER)
        if len(kinds) < 2:
            return False
        if kinds[0] != kinds[1]:
            raise RefusedError
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]

    def call(self, node: Call) -> Any:  # noqa: PLR0912 (one case a function)
        arguments = node.arguments
        match node.function:
            case "default" | "coalesce":
                return self.first(arguments)
            case "required":
                return self.value(Required(operand=arguments[0]))
            case "exists":
                return self.there(arguments[0]) is not None
            case "is_blank":
                found = self.there(arguments[0])
                return found is None or (isinstance(found, str) and not found.strip())
            case "type_of":
                found = self.value(arguments[0])
                return "missing" if found is MISSING else NAMES.get(k.kind_of(found), "number")
            case "missing":
                return MISSING
            case "refuse":
                raise RefusedError
            case "now":
                return from_unix_ms(self.now_ms)
            case "index":
                return self.items[-1][1]
            case "try":
                try:
                    return self.value(arguments[0])
                except Exception:  # noqa: BLE001 (functions stop with their own exception)
                    return MISSING
            case "switch":
                return self.switch(node)
            case "map_values":
                value = self.of_kind(self.there(node.arguments[0]), k.OBJECT)
                if value is None:
                    return MISSING
                made = {
                    key: self.for_item(self.value, node.arguments[1], item, n)
                    for n, (key, item) in enumerate(value.items())
                }
                return {key: item for key, item in made.items() if item is not MISSING}
            case "map" | "filter" | "any" | "all" | "sort_by":
                return self.per_item(node)
            case _:
                return self.plain_call(node)

    def switch(self, node: Call) -> Any:
        value, table, *other = node.arguments
        assert isinstance(table, ObjectOf)
        key = self.of_kind(self.there(value), k.SCALAR)
        found = MISSING
        if key is not None:
            for entry in table.entries:
                if entry.key == scalar_text(key):
                    found = self.value(entry.value)
        return self.value(other[0]) if other and (found is MISSING or found is None) else found

    def per_item(self, node: Call) -> Any:
        items = self.of_kind(self.there(node.arguments[0]), k.LIST)
        if items is None:
            return MISSING
        expression = node.arguments[1]
        match node.function:
            case "map":
                found = [self.for_item(self.value, expression, item, n) for n, item in enumerate(items)]
                return [value for value in found if value is not MISSING]
            case "sort_by":
                return sort_by(items, [self.for_item(self.there, expression, item, n) for n, item in enumerate(items)])
        tests = (self.for_item(self.holds, expression, item, n) for n, item in enumerate(items))
        match node.function:
            case "filter":
                return [item for item, is_met in zip(items, list(tests), strict=True) if is_met]
            case "any":
                return any(tests)
            case _:
                return all(tests)

    def plain_call(self, node: Call) -> Any:
        function = CATALOG[node.function]
        found = [self.there(argument) for argument in node.arguments]
        if None in found:
            return MISSING
        for position, value in enumerate(found):
            self.of_kind(value, function.parameter(position).kinds)
        result = (function.run or INLINE[function.name])(*found)
        return MISSING if result is None else result
