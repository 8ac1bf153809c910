"""Look an expression over before code is made of it: which kinds each part can give, and what can never be right.

Only what is certain is a fault: a part whose kind is unknown (every path) may be anything.
"""

from __future__ import annotations

from typing import Final, assert_never

import msgspec

from paceline.errors import nearest_name_hint
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
    show,
)
from paceline.mapping.faults import FaultCode
from paceline.mapping.functions.catalog import CATALOG, function_names
from paceline.mapping.functions.definition import Function, Parameter
from paceline.mapping.kinds import Kinds, describe

MAX_LOOPS: Final = 8
_SHOWN_CHARACTERS: Final = 60


class Flaw(msgspec.Struct, frozen=True):
    """One thing that is wrong with an expression, at a 1-based column of it."""

    column: int
    code: FaultCode
    message: str
    hint: str = ""


class Analysis:
    """What is known of one expression: the kinds of each of its parts (by identity), and its flaws.

    `refuses` says that it has a `refuse(…)`, so that giving nothing is not all that it does.
    """

    def __init__(self, tree: Expression, *, in_each: bool) -> None:
        self._in_each = in_each
        self._items = 0
        self._loops = 0
        self._kinds: dict[int, Kinds] = {}
        self.refuses = False
        self.tree = tree
        self.flaws: list[Flaw] = []
        self._visit(tree)

    def kinds(self, node: Expression) -> Kinds:
        """What a part of this expression can give."""
        return self._kinds[id(node)]

    def expect(self, node: Expression, wanted: Kinds, by: str) -> None:
        """Note a flaw when the part can never be of a wanted kind. `by` reads like `lower takes`."""
        found = self.kinds(node)
        if found & k.SOMETHING == 0:
            if found:
                self._flaw(node, "always_missing", f"{shorten(node)} is never there, but {by} {describe(wanted)}")
        elif found & wanted == 0:
            self._flaw(node, "wrong_type", f"{by} {describe(wanted)}, but {shorten(node)} is {describe(found)}")

    def _flaw(self, node: Expression | Step, code: FaultCode, message: str, hint: str = "") -> None:
        self.flaws.append(Flaw(node.column, code, message, hint))

    def _visit(self, node: Expression) -> Kinds:
        found = self._kinds[id(node)] = self._kinds_of(node)
        return found

    def _kinds_of(self, node: Expression) -> Kinds:  # noqa: PLR0912 (one case a form)
        match node:
            case Path():
                return self._path(node)
            case Literal(value=value):
                return k.kind_of(value)
            case Call():
                return self._call(node)
            case Fallback(operands=operands):
                return self._fallback(operands)
            case Compare():
                return self._compare(node)
            case Logic(operator=operator, operands=operands):
                for operand in operands:
                    self._boolean(operand, f"`{operator}` joins")
                return k.BOOLEAN
            case Not(operand=operand):
                self._boolean(operand, "`not` takes")
                return k.BOOLEAN
            case Arithmetic():
                return self._arithmetic(node)
            case Negate(operand=operand):
                found = self._visit(operand)
                self.expect(operand, k.NUMBER, "`-` takes")
                return _if_there(found & k.NUMBER or k.NUMBER, found)
            case Condition():
                return self._condition(node)
            case ListOf(items=items):
                for item in items:
                    self._visit(item)
                return k.LIST
            case ObjectOf(entries=entries):
                self._object(node)
                for entry in entries:
                    self._visit(entry.value)
                return k.OBJECT
            case Required(operand=operand):
                found = self._visit(operand)
                if found and found & k.SOMETHING == 0:
                    self._flaw(operand, "always_missing", f"{shorten(operand)} is never there")
                return found & k.SOMETHING
            case Within(operand=operand, steps=steps):
                self._visit(operand)
                takes_key = isinstance(steps[0], Key)
                self.expect(operand, k.OBJECT if takes_key else k.LIST, "a step looks into")
                return self._steps(steps)
            case _:
                assert_never(node)

    # -- paths

    def _path(self, node: Path) -> Kinds:
        if node.root == "@" and not self._items:
            self._flaw(node, "scope", "@ is the item inside [?…], map, filter, any, all and sort_by", "write $")
        if node.steps:
            return self._steps(node.steps)
        is_event = node.root == "$$" or (node.root == "$" and not self._in_each)
        return k.OBJECT if is_event else k.JSON

    def _steps(self, steps: tuple[Step, ...]) -> Kinds:
        result = k.ANYTHING
        for step in steps:
            match step:
                case Key() | Index():
                    pass
                case Every():
                    self._loop(step)
                    result = k.LIST | k.MISSING
                case Where(condition=condition):
                    self._loop(step)
                    self._items += 1
                    self._boolean(condition, "[?…] takes")
                    self._items -= 1
                    result = k.LIST | k.MISSING
                case _:
                    assert_never(step)
        return result

    def _loop(self, node: Expression | Step) -> None:
        self._loops += 1
        if self._loops == MAX_LOOPS + 1:
            self._flaw(node, "loops", f"more than {MAX_LOOPS} loops in one expression", "split it over several fields")

    # -- operators

    def _boolean(self, node: Expression, by: str) -> None:
        self._visit(node)
        self.expect(node, k.BOOLEAN, by)

    def _fallback(self, operands: tuple[Expression, ...]) -> Kinds:
        result: Kinds = 0
        *tried, last = operands
        for operand in tried:
            found = self._visit(operand)
            if found & k.NOTHING == 0:
                self._flaw(operand, "unreachable", f"{shorten(operand)} is always there, so what follows never counts")
            elif found & k.SOMETHING == 0:
                self._flaw(operand, "always_missing", f"{shorten(operand)} is never there, so it never counts")
            result |= found & k.SOMETHING
        return result | self._visit(last)

    def _compare(self, node: Compare) -> Kinds:
        left, right = self._visit(node.left), self._visit(node.right)
        match node.operator:
            case "==" | "!=":
                is_overlap = _wide(left) & _wide(right) or (left & k.NOTHING and right & k.NOTHING)
                if not is_overlap and left and right:
                    never = "never" if node.operator == "==" else "always"
                    message = f"this {never} holds: {describe(left)} on one side, {describe(right)} on the other"
                    self._flaw(node, "pointless", message)
            case "in":
                self.expect(node.right, k.LIST, "`in` looks into")
            case _:
                for operand in (node.left, node.right):
                    self.expect(operand, k.NUMBER | k.TEXT, f"`{node.operator}` compares")
                there = _wide(left) & _wide(right) & (k.NUMBER | k.TEXT)
                is_sound = left & (k.NUMBER | k.TEXT) and right & (k.NUMBER | k.TEXT)
                if is_sound and not there:
                    self._flaw(node, "wrong_type", f"`{node.operator}` compares a number with text")
        return k.BOOLEAN

    def _arithmetic(self, node: Arithmetic) -> Kinds:
        left, right = self._visit(node.left), self._visit(node.right)
        for operand in (node.left, node.right):
            hint = "use concat(…) for text" if node.operator == "+" else ""
            before = len(self.flaws)
            self.expect(operand, k.NUMBER, f"`{node.operator}` takes")
            if hint and len(self.flaws) > before:
                self.flaws[-1] = msgspec.structs.replace(self.flaws[-1], hint=hint)
        if node.operator == "/":
            return _if_there(k.FRACTION, left, right)
        is_whole = (left | right) & k.SOMETHING == k.INTEGER
        return _if_there(k.INTEGER if is_whole else k.NUMBER, left, right)

    def _condition(self, node: Condition) -> Kinds:
        self._boolean(node.condition, "`if` takes")
        result = self._visit(node.then)
        return result | (k.MISSING if node.otherwise is None else self._visit(node.otherwise))

    def _object(self, node: ObjectOf) -> None:
        seen: set[str] = set()
        for entry in node.entries:
            if entry.key in seen:
                self.flaws.append(Flaw(entry.column, "duplicate_key", f"the key {entry.key!r} stands here twice"))
            seen.add(entry.key)

    # -- calls

    def _call(self, node: Call) -> Kinds:
        function = CATALOG.get(node.function)
        if function is None:
            hint = nearest_name_hint(node.function, function_names())
            self._flaw(node, "unknown_function", f"there is no function {node.function!r}", hint)
            for argument in node.arguments:
                self._visit(argument)
            return k.ANYTHING
        is_counted = self._count_arguments(node, function)
        if is_counted and function.name in {"default", "coalesce"}:
            return self._fallback(node.arguments)
        found = self._arguments(node, function)
        return self._result(node, function, found) if is_counted else k.ANYTHING

    def _count_arguments(self, node: Call, function: Function) -> bool:
        given = len(node.arguments)
        problem = function.unusable() if function.unusable is not None else ""
        if problem:
            self._flaw(node, "unusable_function", problem)
        is_odd = function.in_pairs and given % 2 == 0
        if is_odd or given < function.least or (function.most is not None and given > function.most):
            self._flaw(
                node,
                "arguments",
                f"{function.name} was given {given} argument{'' if given == 1 else 's'}",
                f"it is written {function.signature}",
            )
            return False
        return True

    def _arguments(self, node: Call, function: Function) -> list[Kinds]:
        found: list[Kinds] = []
        for position, argument in enumerate(node.arguments):
            if not function.parameters:
                found.append(self._visit(argument))
                continue
            parameter = function.parameter(position)
            if parameter.per_item:
                self._loop(node)
                self._items += 1
            found.append(self._visit(argument))
            if parameter.per_item:
                self._items -= 1
            self._argument(argument, parameter, function)
        return found

    def _argument(self, argument: Expression, parameter: Parameter, function: Function) -> None:
        if parameter.is_literal and not isinstance(argument, Literal):
            self._flaw(argument, "literal", f"the {parameter.name} of {function.name} is written out, as a literal")
        elif not parameter.takes_nothing or parameter.kinds != k.SOMETHING:
            self.expect(argument, parameter.kinds, f"{function.name} takes")
        if (
            parameter.problem is not None
            and isinstance(argument, Literal)
            and k.kind_of(argument.value) & parameter.kinds
        ):
            problem = parameter.problem(argument.value)
            if problem:
                self._flaw(argument, "literal", problem)

    def _result(self, node: Call, function: Function, found: list[Kinds]) -> Kinds:
        match function.name:
            case "required":
                return found[0] & k.SOMETHING
            case "try":
                self._loop(node)
                return found[0] | k.MISSING
            case "switch":
                return self._switch(node, found)
            case "exists":
                self._exists(node, found[0])
                return k.BOOLEAN
            case "missing":
                return k.MISSING
            case "refuse":
                self.refuses = True
                return 0
            case "index":
                if not (self._items or self._in_each):
                    self._flaw(node, "scope", "index() stands inside `each` and inside what is evaluated for each item")
                return k.INTEGER
            case _:
                return self._plain_result(node, function, found)

    def _plain_result(self, node: Call, function: Function, found: list[Kinds]) -> Kinds:
        result = function.result
        if function.result_without_options and len(node.arguments) == function.least:
            result = function.result_without_options
        if function.keeps_kind and found[0] & result:
            result &= found[0]
        strict = [kinds for position, kinds in enumerate(found) if not function.parameter(position).takes_nothing]
        return _if_there(result, *strict) | (k.MISSING if function.may_miss else 0)

    def _exists(self, node: Call, found: Kinds) -> None:
        if found & k.NOTHING == 0:
            self._flaw(node, "pointless", f"this always holds: {shorten(node.arguments[0])} is always there")
        elif found & k.SOMETHING == 0:
            self._flaw(node, "pointless", f"this never holds: {shorten(node.arguments[0])} is never there")

    def _switch(self, node: Call, found: list[Kinds]) -> Kinds:
        table = node.arguments[1]
        if not isinstance(table, ObjectOf):
            self._flaw(table, "literal", "the table of switch is written out, as {key: value}")
            return k.ANYTHING
        result: Kinds = k.MISSING
        for entry in table.entries:
            result |= self.kinds(entry.value)
        return result & k.SOMETHING | found[2] if len(found) > 2 else result


def shorten(node: Expression) -> str:
    """The expression as it is named in messages."""
    text = show(node)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _if_there(result: Kinds, *arguments: Kinds) -> Kinds:
    """The kinds of something that is missing when one of its arguments is."""
    return result | (k.MISSING if any(kinds & k.NOTHING for kinds in arguments) else 0)


def _wide(kinds: Kinds) -> Kinds:
    """For comparing, whole numbers and fractions are one kind, and nothing is no kind."""
    return (kinds | k.NUMBER if kinds & k.NUMBER else kinds) & k.SOMETHING
