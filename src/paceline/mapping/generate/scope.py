"""What `$`, `$$` and `@` stand for while code is written, and reading paths from them.

A shared prefix of several paths becomes one local variable, set where its root is set: an object, or an empty one
when there is none, so that reading from it never fails and needs no further test.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeGuard

from paceline.mapping.expression import Index, Key, Path, Root, Step
from paceline.mapping.generate.writer import Section, Writer, literal

PlainStep: TypeAlias = Key | Index


class Scope:
    """One root: the variable that holds it, where its prefixes are set, and which ones are."""

    def __init__(self, variable: str, prologue: Section, *, is_object: bool, prefix: str, counter: str = "") -> None:
        self.variable = variable
        self.prologue = prologue
        self.is_object = is_object
        self.prefix = prefix
        self.counter = counter
        self.objects: dict[tuple[str | int, ...], str] = {}


class Scopes:
    """The roots in reach at one place of the program."""

    def __init__(self, writer: Writer, event: Scope) -> None:
        self._writer = writer
        self._roots: dict[Root, Scope] = {"$": event, "$$": event}
        self.counter = ""

    @contextmanager
    def entered(self, roots: tuple[Root, ...], scope: Scope) -> Iterator[None]:
        """Inside a loop: the roots stand for its item."""
        outer, outer_counter = self._roots, self.counter
        self._roots = {**outer, **dict.fromkeys(roots, scope)}
        self.counter = scope.counter
        yield
        self._roots, self.counter = outer, outer_counter

    def variable(self, root: Root) -> str:
        """The variable that holds a root as it is."""
        return self._roots[root].variable

    def leaf(self, path: Path) -> tuple[str, str] | None:
        """For a path that ends in a key of an object: that object's variable and the key, as source."""
        steps = path.steps
        if steps and is_plain(steps) and isinstance(last := steps[-1], Key):
            return self._object(self._roots[path.root], steps[:-1]), literal(last.name)
        return None

    def read(self, root: Root, steps: tuple[PlainStep, ...], otherwise: str) -> str:
        """Source that gives the value at plain steps, or `otherwise`."""
        scope = self._roots[root]
        return self._read(scope, steps, otherwise) if steps else scope.variable

    def _read(self, scope: Scope, steps: tuple[PlainStep, ...], otherwise: str) -> str:
        before, last = steps[:-1], steps[-1]
        if isinstance(last, Key):
            default = "" if otherwise == "None" else f", {otherwise}"
            return f"{self._object(scope, before)}.get({literal(last.name)}{default})"
        inner = self._read(scope, before, "None") if before else scope.variable
        return f"element({inner}, {last.position}, {otherwise})"

    def _object(self, scope: Scope, steps: tuple[PlainStep, ...]) -> str:
        """The variable with the object at these steps, set once at the start of the scope."""
        if not steps and scope.is_object:
            return scope.variable
        key = tuple(step.name if isinstance(step, Key) else step.position for step in steps)
        found = scope.objects.get(key)
        if found is None:
            source = self._read(scope, steps, "None") if steps else ""
            found = self._writer.name(scope.prefix, tuple(map(str, key)))
            if source:
                scope.prologue.line(f"{found} = {source}")
                scope.prologue.line(f"if type({found}) is not dict:")
                scope.prologue.line(f"    {found} = NO_KEYS")
            else:
                scope.prologue.line(f"{found} = {scope.variable} if type({scope.variable}) is dict else NO_KEYS")
            scope.objects[key] = found
        return found


def is_plain(steps: tuple[Step, ...]) -> TypeGuard[tuple[PlainStep, ...]]:
    """Whether the steps lead to one place, not to many."""
    return all(isinstance(step, Key | Index) for step in steps)


def plain_prefix(steps: tuple[Step, ...]) -> tuple[tuple[PlainStep, ...], tuple[Step, ...]]:
    """The plain steps at the beginning, and the steps from the first `[*]` or `[?…]` on."""
    plain: list[PlainStep] = []
    for position, step in enumerate(steps):
        if not isinstance(step, Key | Index):
            return tuple(plain), steps[position:]
        plain.append(step)
    return tuple(plain), ()
