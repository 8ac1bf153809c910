"""One file of a workspace as plain values, with the line and column of everything in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import yaml

from paceline.model.finding import Finding, Severity

PathStep = str | int
ValuePath = tuple[PathStep, ...]
"""The way from the top of a document to a value: keys and 0-based list indexes."""

_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


class Place(NamedTuple):
    """A 1-based line and column; 0 and 0 is the file as a whole."""

    line: int = 0
    column: int = 0


class Document:
    """A file that was read: `value` is made of dict, list, str, int, float, bool and None, with text keys only.

    Positions are worked out when first asked for, by composing the text once more: most files have no findings, and
    then neither time nor memory goes into marks. `compose` makes the tree of nodes; None stands for a tree that
    cannot be made, and then every place is the file as a whole.

    Example: `document.place(("to", "connector"))` is where the value of `connector` begins.
    """

    __slots__ = ("_compose", "_root", "file", "text", "value")

    def __init__(self, file: str, text: str, value: object, compose: Callable[[str], yaml.Node | None]) -> None:
        self.file = file
        self.text = text
        self.value = value
        self._compose = compose
        self._root: yaml.Node | None = None

    def place(self, path: Sequence[PathStep] = (), *, of_key: bool = False) -> Place:
        """Where the value at `path` begins, or its key. Where the path leads nowhere: its last part that exists."""
        node = self._node(path, of_key=of_key)
        return Place() if node is None else place_of(node.start_mark)

    def place_inside(self, path: Sequence[PathStep], offset: int) -> Place:
        """Where the character at 0-based `offset` of the text value at `path` stands.

        Exact for text on one line, plain or quoted. For text over several lines it is where the value begins.
        """
        node = self._node(path, of_key=False)
        if node is None:
            return Place()
        start = place_of(node.start_mark)
        if not isinstance(node, yaml.ScalarNode) or node.start_mark.line != node.end_mark.line:
            return start
        line = self._line(node.start_mark.line)
        return Place(start.line, _column_inside(line, node.start_mark.column, node.style or "", offset) + 1)

    def written(self, path: Sequence[PathStep]) -> str | None:
        """The text of a scalar as the user wrote it, where it was written without quotes; None otherwise."""
        node = self._node(path, of_key=False)
        return node.value if isinstance(node, yaml.ScalarNode) and not node.style else None

    def finding(
        self,
        code: str,
        path: Sequence[PathStep],
        message: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        of_key: bool = False,
    ) -> Finding:
        """A finding located at the value (or the key) at `path`."""
        line, column = self.place(path, of_key=of_key)
        return Finding(
            code=code, file=self.file, line=line, column=column, message=message, hint=hint, severity=severity
        )

    def _node(self, path: Sequence[PathStep], *, of_key: bool) -> yaml.Node | None:
        if self._root is None:
            self._root = self._compose(self.text)
        node = self._root
        for index, step in enumerate(path):
            child = _child(node, step)
            if child is None:
                return node
            key, value = child
            is_last = index == len(path) - 1
            node = key if of_key and is_last else value
        return node

    def _line(self, number: int) -> str:
        lines = self.text.splitlines()
        return lines[number] if number < len(lines) else ""


def place_of(mark: yaml.Mark) -> Place:
    """A YAML mark, which counts from 0, as a place, which counts from 1."""
    return Place(mark.line + 1, mark.column + 1)


def _child(node: yaml.Node | None, step: PathStep) -> tuple[yaml.Node, yaml.Node] | None:
    """The key node and the value node under one step; for list items both are the item."""
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        item = node.value[step]
        return item, item
    return None


def _column_inside(line: str, start: int, style: str, offset: int) -> int:
    """The 0-based column of the character at `offset` of a scalar that begins at `start`, escapes counted."""
    if style not in ("'", '"'):
        return start + offset
    column = start + 1
    for _ in range(offset):
        here = line[column : column + 2]
        if style == "'":
            column += 2 if here == "''" else 1
        elif here.startswith("\\"):
            column += _ESCAPE_LENGTHS.get(here[1:], 2)
        else:
            column += 1
    return min(column, len(line))
