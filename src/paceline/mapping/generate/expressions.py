"""Code for expressions.

Inside the code None stands for what is missing or null, because nearly everything treats the two alike; only where
a value is copied as it is does the constant MISSING tell them apart. Four ways to ask for a value:

- `present`: the source of a value that is there; what follows is indented under the test that it is
- `assign`: a variable that holds the value or None
- `copy`: a variable that holds the value, None for null, or MISSING
- `store`: a value that is not missing is handed to a line of code
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from paceline.mapping import kinds as k
from paceline.mapping.analysis import Analysis, shorten
from paceline.mapping.expression import (
    Arithmetic,
    Call,
    Compare,
    Condition,
    Expression,
    Fallback,
    Key,
    ListOf,
    Literal,
    Logic,
    Negate,
    Not,
    ObjectOf,
    Path,
    Required,
    Within,
)
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.functions.definition import Function
from paceline.mapping.generate import conditions, loops, switches
from paceline.mapping.generate.arguments import Argument, type_test
from paceline.mapping.generate.scope import PlainStep, Scopes, is_plain, plain_prefix
from paceline.mapping.generate.writer import Writer, literal
from paceline.mapping.kinds import Kinds, describe

Put: TypeAlias = Callable[[str], str]

_ARITHMETIC: Final = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
_FALLBACKS: Final = frozenset({"default", "coalesce"})
# Calls that may take several lines and so are written into a variable.
_ASSIGNED: Final = _FALLBACKS | {"try", "switch", "missing"}


class Emitter:
    """Writes code for the parts of one expression after the other. `can_stop` notes that some of it may refuse."""

    def __init__(self, writer: Writer, scopes: Scopes) -> None:
        self.writer = writer
        self.scopes = scopes
        self.can_stop = False
        self.tables: list[str] = []
        self._analysis: Analysis | None = None

    def analyzed(self, analysis: Analysis) -> Expression:
        """Turn to another expression; its tree is returned."""
        self._analysis = analysis
        return analysis.tree

    def kinds(self, node: Expression) -> Kinds:
        assert self._analysis is not None
        return self._analysis.kinds(node)

    def may_be_nothing(self, node: Expression) -> bool:
        return bool(self.kinds(node) & k.NOTHING)

    # -- present

    def present(self, node: Expression) -> str:
        """Source of the value, which is there: lines that follow stand under that condition."""
        match node:
            case Literal(value=value):
                return literal(value)
            case Compare() | Logic() | Not():
                return f"({self.condition(node)})"
            case Arithmetic(operator=operator, left=left, right=right):
                by = f"`{operator}` takes"
                sources = self.strict([Argument(left, k.NUMBER, by), Argument(right, k.NUMBER, by)])
                self.can_stop = True
                return f"{_ARITHMETIC[operator]}({', '.join(sources)})"
            case Negate(operand=operand):
                (source,) = self.strict([Argument(operand, k.NUMBER, "`-` takes")])
                self.can_stop = True
                return f"negate({source})"
            case ListOf() | ObjectOf():
                return self._container(node)
            case Required(operand=operand):
                return self._required(operand, f"{shorten(operand)} is required")
            case Call() if node.function not in _ASSIGNED:
                return self._narrowed(node, self._call(node))
            case Path() if is_plain(node.steps):
                return self._narrowed(node, self.scopes.read(node.root, node.steps, "None"))
            case _:
                name = self.writer.temporary()
                self.assign(node, name)
                return self._narrowed(node, name)

    def _narrowed(self, node: Expression, source: str) -> str:
        is_open = self.may_be_nothing(node)
        if isinstance(node, Call) and node.function not in _ASSIGNED:
            # The arguments are there already; only a function that can miss by itself leaves a doubt.
            is_open = CATALOG[node.function].may_miss
        if not is_open:
            return source
        name = self.named(source)
        self.writer.open(f"if {name} is not None:")
        return name

    def named(self, source: str) -> str:
        """A variable or constant with the value of the source, so that it can be used more than once."""
        if source.isidentifier():
            return source
        name = self.writer.temporary()
        self.writer.line(f"{name} = {source}")
        return name

    def strict(self, arguments: Sequence[Argument]) -> list[str]:
        """Sources of arguments that are all there and of the right kind. All are evaluated before any is tested."""
        unsure = [position for position, argument in enumerate(arguments) if self.may_be_nothing(argument.node)]
        sources = [
            "" if position in unsure else self.present(argument.node) for position, argument in enumerate(arguments)
        ]
        for position in unsure:
            node = arguments[position].node
            sources[position] = self.present(node) if len(unsure) == 1 else self.maybe(node)
        if len(unsure) > 1:
            self.writer.open(f"if {' and '.join(f'{sources[position]} is not None' for position in unsure)}:")
        return [self.guarded(source, argument) for source, argument in zip(sources, arguments, strict=True)]

    def guarded(self, source: str, argument: Argument, *, or_none: bool = False) -> str:
        """The source of a value of the right kind: a test is written unless the kind is known to be right."""
        if self.kinds(argument.node) & k.SOMETHING & ~argument.wanted == 0:
            return source
        name = self.named(source)
        test = type_test(name, argument.wanted)
        if or_none and self.may_be_nothing(argument.node):
            test = f"{name} is not None and ({test})" if " or " in test else f"{name} is not None and {test}"
        message = f"{argument.by} {describe(argument.wanted)}, but {shorten(argument.node)} is"
        self.writer.line(f"if {test}:")
        self.writer.line(f"    wrong_type({literal(message)}, {name})")
        self.can_stop = True
        return name

    def _required(self, operand: Expression, message: str) -> str:
        name = self.maybe(operand)
        if self.may_be_nothing(operand):
            self.writer.line(f"if {name} is None:")
            self.writer.line(f"    not_there({literal(message)})")
            self.can_stop = True
        return name

    def _container(self, node: ListOf | ObjectOf) -> str:
        values = node.items if isinstance(node, ListOf) else tuple(entry.value for entry in node.entries)
        if all(isinstance(value, Literal) for value in values):
            return switches.constant_container(node)
        name = self.writer.temporary()
        if isinstance(node, ListOf):
            self.writer.line(f"{name} = []")
            for item in node.items:
                self.store(item, lambda source: f"{name}.append({source})")
        else:
            self.writer.line(f"{name} = {{}}")
            for entry in node.entries:
                self.store(entry.value, into_key(name, entry.key))
        return name

    # -- calls

    def _call(self, node: Call) -> str:
        """Source of a call whose arguments are there; it may still give None when the function can miss."""
        arguments = node.arguments
        match node.function:
            case "exists":
                return f"({self.maybe(arguments[0])} is not None)"
            case "is_blank":
                return f"is_blank({self.maybe(arguments[0])})"
            case "type_of":
                name = self.writer.temporary()
                self.copy(arguments[0], name)
                return f"type_name({name})"
            case "required":
                default = f"{shorten(arguments[0])} is required"
                return self._required(arguments[0], _text_of(arguments[1]) if len(arguments) > 1 else default)
            case "refuse":
                self.writer.line(f"refuse({literal(_text_of(arguments[0]))})")
                self.can_stop = True
                return "None"
            case "now":
                return "from_unix_ms(now_ms)"
            case "index":
                return self.scopes.counter
            case "map" | "filter" | "any" | "all" | "sort_by":
                return loops.per_item(self, node)
            case "map_values":
                return loops.per_value(self, node)
            case name:
                return self._plain_call(node, CATALOG[name])

    def _plain_call(self, node: Call, function: Function) -> str:
        by = f"{function.name} takes"
        sources = self.strict(
            [
                Argument(argument, function.parameter(position).kinds, by)
                for position, argument in enumerate(node.arguments)
            ]
        )
        if function.inline:
            return function.inline.format(*sources)
        self.can_stop = True
        return f"fn_{function.name}({', '.join(sources)})"

    # -- assign

    def maybe(self, node: Expression) -> str:
        """A variable or constant that is the value, or None."""
        if isinstance(node, Literal):
            return literal(node.value)
        if not self.may_be_nothing(node):
            return self.named(self.present(node))
        name = self.writer.temporary()
        self.assign(node, name)
        return name

    def maybe_once(self, node: Expression) -> str:
        """Source of the value or None, to be used in one place only."""
        if isinstance(node, Path) and is_plain(node.steps):
            return self.scopes.read(node.root, node.steps, "None")
        return self.maybe(node)

    def assign(self, node: Expression, name: str, *, is_none: bool = False) -> None:
        """Set the variable to the value or None; `is_none` says that it is None already."""
        match node:
            case Fallback(operands=operands):
                self._assign_first(operands, name, is_none=is_none)
            case Call(function=function, arguments=arguments) if function in _FALLBACKS:
                self._assign_first(arguments, name, is_none=is_none)
            case Condition():
                self._branch(node, lambda branch: self.assign(branch, name, is_none=is_none), "" if is_none else name)
            case Call(function="try", arguments=(inner,)):
                self._try(lambda: self.assign(inner, name, is_none=is_none), f"{name} = None")
            case Call(function="switch"):
                switches.assign_switch(self, node, name, "None", is_none=is_none)
            case Within():
                self._within(node, name, "None", is_none=is_none)
            case Literal(value=None) | Call(function="missing"):
                if not is_none:
                    self.writer.line(f"{name} = None")
            case Path(root=root, steps=steps) if is_plain(steps):
                self.writer.line(f"{name} = {self.scopes.read(root, steps, 'None')}")
            case Path(root=root, steps=steps):
                before, many = plain_prefix(steps)
                loops.gather(self, self.scopes.read(root, before, "None"), many, name)
            case _:
                self._assign_present(node, name, is_none=is_none)

    def _assign_present(self, node: Expression, name: str, *, is_none: bool) -> None:
        if not self.may_be_nothing(node):
            self.writer.line(f"{name} = {self.present(node)}")
            return
        if not is_none:
            self.writer.line(f"{name} = None")
        with self.writer.kept_depth():
            source = self._call(node) if isinstance(node, Call) else self.present(node)
            self.writer.line(f"{name} = {source}")

    def _assign_first(self, operands: Sequence[Expression], name: str, *, is_none: bool) -> None:
        self.assign(operands[0], name, is_none=is_none)
        for operand in operands[1:]:
            if _is_nothing(operand):
                continue
            with self.writer.block(f"if {name} is None:"):
                self.assign(operand, name, is_none=True)

    def _branch(self, node: Condition, then: Callable[[Expression], None], none_name: str) -> None:
        with self.writer.block(f"if {self.condition(node.condition)}:"):
            then(node.then)
        if node.otherwise is not None:
            with self.writer.block("else:"):
                then(node.otherwise)
        elif none_name:
            with self.writer.block("else:"):
                self.writer.line(f"{none_name} = None")

    def _try(self, attempt: Callable[[], None], otherwise: str) -> None:
        with self.writer.block("try:"):
            attempt()
        with self.writer.block("except Stop:"):
            self.writer.line(otherwise)

    def _within(self, node: Within, name: str, nothing: str, *, is_none: bool = False) -> None:
        if not is_none:
            self.writer.line(f"{name} = {nothing}")
        with self.writer.kept_depth():
            source = self.present(node.operand)
            before, many = plain_prefix(node.steps)
            for position, step in enumerate(before):
                is_last = position == len(before) - 1 and not many
                source = _stepped(source, step, nothing if is_last else "None")
            if many:
                loops.gather(self, source, many, name, nothing=nothing)
            else:
                self.writer.line(f"{name} = {source}")

    # -- copy and store

    def copy(self, node: Expression, name: str) -> None:
        """Set the variable to the value, to None for null, or to MISSING."""
        match node:
            case Fallback(operands=operands):
                self._copy_first(operands, name)
            case Call(function=function, arguments=arguments) if function in _FALLBACKS:
                self._copy_first(arguments, name)
            case Condition(condition=condition, then=then, otherwise=otherwise):
                with self.writer.block(f"if {self.condition(condition)}:"):
                    self.copy(then, name)
                with self.writer.block("else:"):
                    if otherwise is None:
                        self.writer.line(f"{name} = MISSING")
                    else:
                        self.copy(otherwise, name)
            case Call(function="try", arguments=(inner,)):
                self._try(lambda: self.copy(inner, name), f"{name} = MISSING")
            case Call(function="switch"):
                switches.assign_switch(self, node, name, "MISSING")
            case Within():
                self._within(node, name, "MISSING")
            case Literal(value=None):
                self.writer.line(f"{name} = None")
            case Path(root=root, steps=steps) if is_plain(steps):
                self.writer.line(f"{name} = {self.scopes.read(root, steps, 'MISSING')}")
            case _:
                self.assign(node, name)
                if self.may_be_nothing(node):
                    self.writer.line(f"if {name} is None:")
                    self.writer.line(f"    {name} = MISSING")

    def _copy_first(self, operands: Sequence[Expression], name: str) -> None:
        *tried, last = operands
        if not tried:
            self.copy(last, name)
            return
        self._assign_first(tried, name, is_none=False)
        if isinstance(last, Literal) and last.value is None:
            return  # the variable is None already, which stands for null here
        with self.writer.block(f"if {name} is None:"):
            self.copy(last, name)

    def store(self, node: Expression, put: Put) -> None:
        """Write the line that `put` makes of the value's source, so that it runs unless the value is missing."""
        with self.writer.kept_depth():
            if isinstance(node, Condition):
                self._branch(node, lambda branch: self.store(branch, put), "")
                return
            if isinstance(node, Path) and is_plain(node.steps):
                self._store_path(node, put)
            elif isinstance(node, Literal):
                self.writer.line(put(literal(node.value)))
            elif self.kinds(node) & k.NULL:
                self._store_copy(node, put)
            elif self.kinds(node) == 0 and isinstance(node, Call):
                self._call(node)
            elif self.kinds(node) != k.MISSING:
                self.writer.line(put(self.present(node)))

    def _store_path(self, node: Path, put: Put) -> None:
        leaf = self.scopes.leaf(node)
        if leaf is not None:
            container, key = leaf
            self.writer.line(f"if {key} in {container}:")
            self.writer.line(f"    {put(f'{container}[{key}]')}")
        elif node.steps:
            self._store_copy(node, put)
        else:
            self.writer.line(put(self.scopes.variable(node.root)))

    def _store_copy(self, node: Expression, put: Put) -> None:
        name = self.writer.temporary()
        self.copy(node, name)
        if self.kinds(node) & k.MISSING:
            self.writer.open(f"if {name} is not MISSING:")
        self.writer.line(put(name))

    # -- conditions

    def condition(self, node: Expression) -> str:
        """Source that is True or False; what is missing or null counts as False."""
        return conditions.condition(self, node)


def into_key(container: str, key: str) -> Put:
    """Put a value under a key of a dict."""
    return lambda source: f"{container}[{literal(key)}] = {source}"


def _is_nothing(node: Expression) -> bool:
    match node:
        case Literal(value=None) | Call(function="missing"):
            return True
        case _:
            return False


def _stepped(source: str, step: PlainStep, otherwise: str) -> str:
    if isinstance(step, Key):
        return f"member({source}, {literal(step.name)}, {otherwise})"
    return f"element({source}, {step.position}, {otherwise})"


def _text_of(node: Expression) -> str:
    assert isinstance(node, Literal)
    return str(node.value)
