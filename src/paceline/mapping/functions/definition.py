"""What a function of the mapping language says about itself.

One definition serves the parser (names), the load-time checks (number and type of arguments), the generator (guards
and code), the static type check (kinds in and out), the reference in docs/mapping.md and the tests (examples).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from paceline.mapping.kinds import LIST, NUMBER, OBJECT, SCALAR, SOMETHING, TEXT, Kinds
from paceline.mapping.refusals import Reason

Group: TypeAlias = Literal[
    "Presence",
    "Limits",
    "Text",
    "Numbers",
    "Booleans",
    "Lists",
    "Objects",
    "Dates",
    "Hashes and ids",
    "Contact data",
    "URLs and user agents",
]


class Missing(msgspec.Struct, frozen=True):
    """The result of an example that gives nothing."""


class Refused(msgspec.Struct, frozen=True):
    """The result of an example that refuses the event."""

    reason: Reason


class Example(msgspec.Struct, frozen=True):
    """One line of the reference, and a test: the expression, what it gives, and the event that it reads."""

    expression: str
    result: object
    event: dict[str, object] = {}


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One argument.

    `kinds` are the values it takes. A missing or null argument makes the whole call missing unless `takes_nothing`.
    `is_literal` arguments are written out in the mapping and checked at load by `problem` (which returns what is
    wrong, or nothing). `per_item` arguments are evaluated for each item of the first argument, which is then `@`.
    """

    name: str
    kinds: Kinds = SOMETHING
    is_optional: bool = False
    is_repeated: bool = False
    is_literal: bool = False
    per_item: bool = False
    takes_nothing: bool = False
    problem: Callable[[object], str] | None = None


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function.

    `result` are the kinds that it gives: `result_without_options` when only its needed arguments are given, and no
    other kind than its first argument's when it `keeps_kind`. `may_miss` says that it can be missing although its
    arguments are there; `wrong`, what wrong input does beyond refusing the wrong kind.

    `inline` is Python code with the arguments in place of {0}, {1}; `run` is called otherwise, with arguments that are
    there and of the right kinds. A function with neither is built into the generator. `is_one_way` hides its input,
    so that personal data may pass. `in_pairs` says that all arguments after the first come in pairs.
    `unusable` says why it cannot be used on this machine; nothing where it can.
    """

    name: str
    group: Group
    summary: str
    parameters: tuple[Parameter, ...]
    result: Kinds
    examples: tuple[Example, ...]
    result_without_options: Kinds = 0
    keeps_kind: bool = False
    may_miss: bool = False
    wrong: str = ""
    inline: str = ""
    run: Callable[..., object] | None = None
    is_one_way: bool = False
    in_pairs: bool = False
    unusable: Callable[[], str] | None = None

    @property
    def least(self) -> int:
        """How many arguments it needs."""
        return sum(not (parameter.is_optional or parameter.is_repeated) for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """How many arguments it takes at most; None is any number."""
        is_open = bool(self.parameters) and self.parameters[-1].is_repeated
        return None if is_open else len(self.parameters)

    @property
    def signature(self) -> str:
        """How it is written: `slice(text or list, from, to?)`."""
        return f"{self.name}({', '.join(_shown(parameter) for parameter in self.parameters)})"

    def parameter(self, position: int) -> Parameter:
        """The parameter that takes the argument at `position`; the last one repeats when it may."""
        return self.parameters[min(position, len(self.parameters) - 1)]


def _shown(parameter: Parameter) -> str:
    return parameter.name + ("…" if parameter.is_repeated else "?" if parameter.is_optional else "")


ANY_VALUE = Parameter(name="value")
TEXT_VALUE = Parameter(name="text", kinds=TEXT)
NUMBER_VALUE = Parameter(name="number", kinds=NUMBER)
SCALAR_VALUE = Parameter(name="value", kinds=SCALAR)
LIST_VALUE = Parameter(name="list", kinds=LIST)
OBJECT_VALUE = Parameter(name="object", kinds=OBJECT)
