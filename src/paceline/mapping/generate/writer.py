"""Lines of Python, their indentation, and names that are ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_INDENT: Final = "    "
_FOREIGN: Final = re.compile(r"[^a-z0-9]+")
_MAX_NAME: Final = 30


class Section:
    """Lines at one place of the program, which may still grow while later places are written."""

    __slots__ = ("_parts", "depth")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._parts: list[tuple[int, str] | Section] = []

    def line(self, text: str, depth: int | None = None) -> None:
        self._parts.append((self.depth if depth is None else depth, text))

    def place(self, section: Section) -> None:
        self._parts.append(section)

    def is_empty(self) -> bool:
        return not self._parts

    def shift(self, levels: int) -> None:
        """Move everything in it to the right (or left, when negative)."""
        for position, part in enumerate(self._parts):
            if isinstance(part, Section):
                part.shift(levels)
            else:
                self._parts[position] = (part[0] + levels, part[1])

    def lines(self) -> Iterator[str]:
        for part in self._parts:
            if isinstance(part, Section):
                yield from part.lines()
            else:
                depth, text = part
                yield f"{_INDENT * depth}{text}"


class Writer:
    """Writes a function top down. `line` adds to the current place at the current depth."""

    def __init__(self) -> None:
        self._root = Section(0)
        self._current = self._root
        self._taken: set[str] = set()
        self._count = 0
        self.depth = 0

    def line(self, text: str) -> None:
        self._current.line(text, self.depth)

    def reserve(self) -> Section:
        """A place here that can be written to later."""
        section = Section(self.depth)
        self._current.place(section)
        return section

    def open(self, head: str) -> None:
        """Begin a block that ends when `depth` is set back."""
        self.line(head)
        self.depth += 1

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A block; one that stays empty gets a `pass`."""
        self.line(head)
        with self.apart(self.depth + 1) as body:
            yield
        if body.is_empty():
            body.line("pass")
        self._current.place(body)

    @contextmanager
    def apart(self, depth: int | None = None) -> Iterator[Section]:
        """Write into a section of its own, which is not placed yet; the depth is restored after."""
        outer, outer_depth = self._current, self.depth
        self.depth = outer_depth if depth is None else depth
        self._current = Section(self.depth)
        try:
            yield self._current
        finally:
            self._current, self.depth = outer, outer_depth

    def place(self, section: Section) -> None:
        self._current.place(section)

    @contextmanager
    def kept_depth(self) -> Iterator[None]:
        """Blocks that are opened inside end with it."""
        depth = self.depth
        yield
        self.depth = depth

    def temporary(self, stem: str = "v") -> str:
        """A new name."""
        self._count += 1
        return f"{stem}{self._count}"

    def name(self, prefix: str, words: tuple[str, ...]) -> str:
        """A new name that reminds of words of the file. Only a-z, 0-9 and _ of them get in, behind a prefix of ours."""
        stem = f"{prefix}_{_FOREIGN.sub('_', '_'.join(words).lower()).strip('_')[:_MAX_NAME]}".rstrip("_")
        name, number = stem, 2
        while name in self._taken:
            name, number = f"{stem}_{number}", number + 1
        self._taken.add(name)
        return name

    def source(self) -> str:
        return "\n".join(self._root.lines()) + "\n"


def literal(value: object) -> str:
    """A constant as Python source. `repr` quotes whatever the file says, so that it stays a constant."""
    assert value is None or type(value) in {str, int, float, bool, tuple, dict}
    return repr(value)


def comment(text: str) -> str:
    """Text of the file in a comment: on one line, and nothing in it can end the line."""
    return "# " + "".join(character if character.isprintable() else " " for character in text)
