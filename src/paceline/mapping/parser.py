"""Parse the text of a mapping expression into its tree.

Precedence climbing by hand: the grammar is published in grammar.lark, and a property test holds the two together.
Loosest to tightest: `if`, `or`, `and`, `not`, comparison, `??` and `|`, `+ -`, `* /`, sign, steps and `!`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar, cast

from paceline.errors import MappingSyntaxError, nearest_name_hint
from paceline.mapping.expression import (
    KEYWORDS,
    Arithmetic,
    Call,
    Comparator,
    Compare,
    Condition,
    Entry,
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
    Root,
    Step,
    Where,
    Within,
    children,
)
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.scanner import Token, scan, unquote

MAX_DEPTH: Final = 40
_SPACE: Final = " \t\r\n"
MAX_WHOLE_NUMBER: Final = 2**53
MAX_POSITION_DIGITS: Final = 6

_OR, _AND, _NOT, _COMPARE, _PIPE, _SUM, _PRODUCT, _SIGN, _ATOM = range(1, 10)
_LEVELS: Final = {
    "or": _OR,
    "and": _AND,
    "==": _COMPARE,
    "!=": _COMPARE,
    "<": _COMPARE,
    "<=": _COMPARE,
    ">": _COMPARE,
    ">=": _COMPARE,
    "in": _COMPARE,
    "??": _PIPE,
    "|": _PIPE,
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
}
_NAMED_LITERALS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_ROOTS: Final = frozenset({"$", "$$", "@"})

_Part = TypeVar("_Part")


def parse_expression(text: str) -> Expression:
    """The tree of an expression whose functions all exist.

    Raises MappingSyntaxError at the first place that is wrong, with its column, what was expected and the nearest
    name. Use it where an expression stands outside of a mapping; a mapping's own faults are collected by
    `compile_mapping`.

    >>> parse_expression("$.userId ?? $.anonymousId").operands[1].steps[0].name
    'anonymousId'
    """
    tree = parse_tree(text)
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Call) and node.function not in CATALOG:
            raise MappingSyntaxError(
                f"there is no function {node.function!r}",
                expression=text,
                column=node.column,
                remedy=nearest_name_hint(node.function, sorted(CATALOG)),
            )
        pending.extend(reversed(children(node)))
    return tree


def parse_tree(text: str) -> Expression:
    """The tree of an expression by its grammar alone: functions may be unknown. Raises MappingSyntaxError."""
    if is_constant(text):
        return _constant(text, text.lstrip(_SPACE))
    tree = _Parser(text).parse()
    _refuse_tall(tree, text)
    return tree


def is_constant(text: str) -> bool:
    """Whether the text is a constant: what follows `=` is text as it stands."""
    stripped = text.lstrip(_SPACE)
    return stripped.startswith("=") and not stripped.startswith("==")


def _constant(text: str, stripped: str) -> Literal:
    column = len(text) - len(stripped) + 1
    value = stripped[1:].strip(_SPACE)
    if not value:
        raise MappingSyntaxError(
            "a constant without text", expression=text, column=column, remedy='write "" for the empty text'
        )
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise MappingSyntaxError("a constant with half a character", expression=text, column=column)
    return Literal(value=value, column=column)


def _refuse_tall(tree: Expression, text: str) -> None:
    """Everything that walks a tree recurses; long chains of operators must not exhaust Python's stack."""
    pending = [(tree, 1)]
    while pending:
        node, height = pending.pop()
        if height > 2 * MAX_DEPTH:
            raise MappingSyntaxError(
                "too many operators in one expression",
                expression=text,
                column=node.column,
                remedy="split it over several fields",
            )
        pending.extend((child, height + 1) for child in children(node))


class _Parser:
    """One pass over the tokens of one expression. The first fault raises."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = scan(text)
        self._token = self._tokens[0]
        self._at = 0
        self._depth = 0

    def parse(self) -> Expression:
        if len(self._tokens) == 1:
            self._fail("an empty expression", expected="a path such as $.userId, a literal or a function")
        tree = self._expression()
        if self._token.kind != "end":
            self._fail_after(tree)
        return tree

    # -- tokens

    def _advance(self) -> Token:
        token = self._token
        self._at += 1
        self._token = self._tokens[self._at]
        return token

    def _accept(self, text: str) -> bool:
        # Text in quotes keeps its quotes in a token, so a sign or a word is never mistaken for it.
        if self._token.text == text:
            self._advance()
            return True
        return False

    def _expect(self, text: str, where: str) -> None:
        if not self._accept(text):
            remedy = "write `if … then … else …`" if self._token.text == "?" else ""
            self._fail(f"unexpected {self._found()} {where}", expected=repr(text), remedy=remedy)

    def _found(self) -> str:
        return "end" if self._token.kind == "end" else repr(self._token.text)

    def _fail(self, what: str, *, expected: str = "", remedy: str = "") -> NoReturn:
        raise MappingSyntaxError(
            what, expression=self._text, column=self._token.column, expected=expected, remedy=remedy
        )

    def _fail_after(self, tree: Expression) -> NoReturn:
        token = self._token
        remedy = ""
        if token.text == ":":
            remedy = "write `if … then … else …`; an object stands in braces"
        elif token.text == "?":
            remedy = "every step is optional already; a value for when it is missing follows ??"
        elif token.kind in {"step", "quoted_step"}:
            remedy = "only a path, a call and what stands in parentheses can have steps"
        elif isinstance(tree, Path) and tree.steps == () and token.kind == "name":
            remedy = f"write {tree.root}.{token.text}"
        self._fail(f"unexpected {self._found()}", expected="an operator, a pipe or the end", remedy=remedy)

    # -- expressions

    def _expression(self) -> Expression:
        token = self._token
        if token.text == "if":
            return self._condition()
        return self._climb(_OR)

    def _condition(self) -> Expression:
        self._enter()
        column = self._advance().column
        condition = self._expression()
        self._expect("then", "after the condition of `if`")
        then = self._expression()
        otherwise = self._expression() if self._accept("else") else None
        self._depth -= 1
        return Condition(condition=condition, then=then, otherwise=otherwise, column=column)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("nested too deeply", remedy="split it over several fields")

    def _climb(self, least: int) -> Expression:
        """An operand, and every operator after it that binds at least as tightly as `least`."""
        self._enter()
        left, binding = self._operand(least)
        while True:
            token = self._token
            level = _LEVELS.get(token.text)
            if level is None or level < least:
                break
            if level > binding:
                self._fail_looser("a pipe or ??" if binding == _PIPE else "`not`")
            if level == binding == _COMPARE:
                self._fail(f"unexpected {self._found()} after a comparison", remedy="join two comparisons with `and`")
            self._advance()
            left = self._piped(left) if token.text == "|" else self._joined(left, token.text, self._climb(level + 1))
            binding = level
        self._depth -= 1
        return left

    def _fail_looser(self, after: str) -> NoReturn:
        self._fail(f"unexpected {self._found()} after {after}", remedy="put what is before it in parentheses")

    def _joined(self, left: Expression, operator: str, right: Expression) -> Expression:
        column = left.column
        match operator:
            case "??":
                before = left.operands if isinstance(left, Fallback) else (left,)
                return Fallback(operands=(*before, right), column=column)
            case "and" | "or":
                before = left.operands if isinstance(left, Logic) and left.operator == operator else (left,)
                return Logic(operator=operator, operands=(*before, right), column=column)
            case "+" | "-" | "*" | "/":
                return Arithmetic(operator=operator, left=left, right=right, column=column)
            case _:
                return Compare(operator=cast(Comparator, operator), left=left, right=right, column=column)

    def _piped(self, left: Expression) -> Expression:
        token = self._token
        if token.kind != "name" or token.text in KEYWORDS:
            remedy = "write or" if token.text == "|" else ""
            self._fail(f"unexpected {self._found()} after a pipe", expected="the name of a function", remedy=remedy)
        self._advance()
        arguments = self._arguments() if self._accept("(") else []
        return self._stepped(Call(function=token.text, arguments=(left, *arguments), piped=True, column=token.column))

    def _operand(self, least: int) -> tuple[Expression, int]:
        token = self._token
        if token.text == "not":
            if least > _NOT:
                self._fail("unexpected 'not'", expected="a value", remedy="put `not …` in parentheses")
            self._advance()
            return Not(operand=self._climb(_NOT), column=token.column), _NOT
        if token.text == "-":
            self._advance()
            return self._negated(self._climb(_SIGN), token.column), _SIGN
        return self._atom(), _ATOM

    def _negated(self, operand: Expression, column: int) -> Expression:
        if (
            isinstance(operand, Literal)
            and isinstance(operand.value, int | float)
            and operand.value is not True
            and operand.value is not False
        ):
            return Literal(value=-operand.value, column=column)
        return Negate(operand=operand, column=column)

    def _atom(self) -> Expression:
        token = self._token
        match token.kind:
            case "number":
                value = self._number()
                self._advance()
                return Literal(value=value, column=token.column)
            case "string":
                self._advance()
                return Literal(value=unquote(token.text), column=token.column)
            case "name":
                return self._named()
            case _:
                return self._bracketed()

    def _number(self) -> int | float:
        text = self._token.text
        if text.isdigit():
            whole = int(text)
            if whole > MAX_WHOLE_NUMBER:
                self._fail("a whole number beyond 2^53", remedy="other systems round it; write it as a text")
            return whole
        value = float(text)
        if not math.isfinite(value):
            self._fail("a number that is too big", expected="a number below 1.8e308")
        return value

    def _named(self) -> Expression:
        token = self._token
        name = token.text
        if name in _NAMED_LITERALS:
            self._advance()
            return Literal(value=_NAMED_LITERALS[name], column=token.column)
        if name in KEYWORDS:
            remedy = "put `if …` in parentheses here" if name == "if" else ""
            self._fail(f"unexpected {name!r}", expected="a value", remedy=remedy)
        if self._tokens[self._at + 1].text != "(":
            self._fail(f"a bare word {name!r}", expected="a value", remedy=self._remedy_for_word(name))
        self._advance()
        self._advance()
        return self._stepped(Call(function=name, arguments=tuple(self._arguments()), column=token.column))

    def _remedy_for_word(self, name: str) -> str:
        before = self._tokens[max(self._at - 2, 0) : self._at]
        if len(before) == 2 and before[0].kind == "step" and before[1].text == "-":
            return f'quote a key that has a dash: $."{before[0].text[1:]}-{name}"'
        if name in CATALOG:
            return f"write {name}(…) or … | {name}"
        return f'a text stands in quotes ("{name}"), a path begins with $ ($.{name})'

    def _bracketed(self) -> Expression:
        token = self._token
        if token.text in _ROOTS:
            self._advance()
            return self._stepped(Path(root=cast(Root, token.text), steps=self._steps(), column=token.column))
        if self._accept("("):
            inner = self._expression()
            self._expect(")", "inside parentheses")
            return self._stepped(inner)
        if self._accept("["):
            return ListOf(items=tuple(self._separated("]", self._expression)), column=token.column)
        if self._accept("{"):
            return ObjectOf(entries=tuple(self._separated("}", self._entry)), column=token.column)
        return self._fail_without_value()

    def _fail_without_value(self) -> NoReturn:
        remedy = "a path begins with $" if self._token.kind in {"step", "quoted_step"} else ""
        self._fail(f"unexpected {self._found()}", expected="a value", remedy=remedy)

    def _arguments(self) -> list[Expression]:
        return self._separated(")", self._expression)

    def _separated(self, closing: str, parse: Callable[[], _Part]) -> list[_Part]:
        parts: list[_Part] = []
        if self._accept(closing):
            return parts
        while True:
            parts.append(parse())
            if self._accept(closing):
                return parts
            if not self._accept(","):
                self._fail(f"unexpected {self._found()}", expected=f"',' or {closing!r}")

    def _entry(self) -> Entry:
        token = self._token
        if token.kind not in {"name", "string"}:
            self._fail(f"unexpected {self._found()}", expected="a key: a name or a quoted text")
        self._advance()
        self._expect(":", f"after the key {token.text}")
        key = token.text if token.kind == "name" else unquote(token.text)
        return Entry(key=key, value=self._expression(), column=token.column)

    # -- steps

    def _stepped(self, operand: Expression) -> Expression:
        """What may follow an atom: `!` and steps."""
        while True:
            if self._accept("!"):
                operand = Required(operand=operand, column=operand.column)
            elif steps := self._steps():
                operand = Within(operand=operand, steps=steps, column=operand.column)
            else:
                return operand

    def _steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while True:
            token = self._token
            if token.kind == "step":
                steps.append(Key(name=token.text[1:], column=token.column))
                self._advance()
            elif token.kind == "quoted_step":
                steps.append(Key(name=unquote(token.text[1:]), column=token.column))
                self._advance()
            elif self._accept("["):
                steps.append(self._bracket_step(token.column))
            else:
                return tuple(steps)

    def _bracket_step(self, column: int) -> Step:
        token = self._token
        step: Step
        if self._accept("*"):
            step = Every(column=column)
        elif self._accept("?"):
            step = Where(condition=self._expression(), column=column)
        elif token.kind == "string":
            step = Key(name=unquote(token.text), column=column)
            self._advance()
        else:
            step = Index(position=self._position(), column=column)
        if self._token.text == ":":
            self._fail("unexpected ':' in a step", expected="']'", remedy="`| slice(from, to)` cuts a list")
        self._expect("]", "in a step")
        return step

    def _position(self) -> int:
        sign = -1 if self._accept("-") else 1
        token = self._token
        if token.kind != "number" or not token.text.isdigit():
            self._fail(
                f"unexpected {self._found()} in a step",
                expected='[2], [-1], [*], [?condition] or ["key"]',
            )
        self._advance()
        if len(token.text) > MAX_POSITION_DIGITS:
            self._at -= 1
            self._token = token
            self._fail("a position beyond every list")
        return sign * int(token.text)
