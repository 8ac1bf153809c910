"""Changes values inside a YAML file and leaves the rest as it was written: comments, order, quotes, layout.

Only the characters of what differs are replaced. The result is read again before it counts, so that a file with
something unusual in it (an anchor, say) is left alone rather than spoiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any, NamedTuple

import yaml

from paceline.workspace.document import Document, PathStep, ValuePath
from paceline.workspace.yaml_document import compose_yaml, read_yaml
from paceline.workspace.yaml_text import block_text, entry_text, flow_text, scalar_text

_BLOCK_SCALARS = ("|", ">")


class _Splice(NamedTuple):
    """Characters of the old text, and what stands there instead."""

    start: int
    end: int
    text: str


class _CannotEditError(Exception):
    """This place cannot be changed alone."""


def edited_text(document: Document, changes: Mapping[ValuePath, object]) -> str | None:
    """The file's text with other values at some paths, which must exist. None when that cannot be done safely.

    >>> document, _ = read_yaml(b"a: 1  # one\\nb: [x]\\n", "f.yaml")
    >>> edited_text(document, {("b",): ["x", "y"]})
    'a: 1  # one\\nb: [x, y]\\n'
    """
    text = _verified(document, changes, is_whole=False)
    if text is not None or len(changes) == 1:
        return text if text is not None else _verified(document, changes, is_whole=True)
    # Something is unusual at one of the places, so they are changed one after the other.
    for path, value in changes.items():
        text = edited_text(document, {path: value})
        again = None if text is None else read_yaml(text.encode(), document.file)[0]
        if again is None:
            return None
        document = again
    return document.text


def _verified(document: Document, changes: Mapping[ValuePath, object], *, is_whole: bool) -> str | None:
    """The changed text if it says what it should; with `is_whole`, the values are written afresh."""
    wanted = deepcopy(document.value)
    for path, value in changes.items():
        wanted = _put(wanted, path, value)
    try:
        text = _edited(document.text, changes, is_whole=is_whole)
    except (_CannotEditError, yaml.YAMLError):
        return None
    again, findings = read_yaml(text.encode(), document.file)
    return text if again is not None and not findings and _is_same(again.value, wanted) else None


def _edited(text: str, changes: Mapping[ValuePath, object], *, is_whole: bool) -> str:
    editing = _Editing(text)
    splices = [splice for path, value in changes.items() for splice in editing.at(path, value, is_whole=is_whole)]
    splices.sort(key=lambda splice: (splice.start, splice.end))
    if any(before.end > after.start for before, after in pairwise(splices)):
        raise _CannotEditError
    for splice in reversed(splices):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text


class _Editing:
    """Finds what to replace in one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root = compose_yaml(text)

    def at(self, path: ValuePath, value: object, *, is_whole: bool) -> Iterator[_Splice]:
        """What makes the value at a path another one."""
        node, key = self._root, None
        for step in path:
            key, node = _child(node, step)
        if node is None:
            raise _CannotEditError
        return self._whole(node, key, value) if is_whole else self._change(node, key, value)

    def _change(self, node: yaml.Node, key: yaml.Node | None, value: object) -> Iterator[_Splice]:
        """`node` becomes `value`; `key` is its key where it stands in a mapping."""
        if isinstance(node, yaml.MappingNode) and isinstance(value, dict) and value and node.value:
            yield from self._mapping(node, key, value)
        elif isinstance(node, yaml.SequenceNode) and isinstance(value, list) and value and node.value:
            yield from self._sequence(node, key, value)
        elif not self._is_written_as(node, value):
            yield from self._whole(node, key, value)

    def _mapping(self, node: yaml.MappingNode, key: yaml.Node | None, value: dict[str, object]) -> Iterator[_Splice]:
        names = [name.value for name, _ in node.value]
        kept = [name for name in names if name in value]
        if not kept:
            yield from self._whole(node, key, value)
            return
        for position, (name, child) in enumerate(node.value):
            if name.value in value:
                yield from self._change(child, name, value[name.value])
            else:
                starts = [one.start_mark.index for one, _ in node.value]
                yield self._deletion(node, position, starts)
        added = {name: one for name, one in value.items() if name not in names}
        if node.flow_style:
            new = "".join(f", {scalar_text(name)}: {flow_text(one)}" for name, one in added.items())
        else:
            column = node.value[0][0].start_mark.column
            new = "".join(f"\n{' ' * column}{entry_text(name, one, column)}" for name, one in added.items())
        yield from self._addition(node, names.index(kept[-1]), new)

    def _sequence(self, node: yaml.SequenceNode, key: yaml.Node | None, value: list[object]) -> Iterator[_Splice]:
        common = min(len(node.value), len(value))
        for child, one in zip(node.value[:common], value, strict=False):
            yield from self._change(child, None, one)
        starts = [self._item_start(node, child) for child in node.value]
        for position in range(common, len(node.value)):
            yield self._deletion(node, position, starts)
        if node.flow_style:
            new = "".join(f", {flow_text(one)}" for one in value[common:])
        else:
            column = starts[0] - self._line_start(starts[0])
            new = "".join(f"\n{' ' * column}- {block_text(one, column + 2)}" for one in value[common:])
        yield from self._addition(node, common - 1, new)

    def _addition(self, node: yaml.CollectionNode, after: int, new: str) -> Iterator[_Splice]:
        """New entries or items behind the one at a position."""
        if new:
            end = _end(_parts(node)[after], self._text)
            place = end if node.flow_style else self._line_end(end)
            yield _Splice(place, place, new)

    def _deletion(self, node: yaml.CollectionNode, position: int, starts: Sequence[int]) -> _Splice:
        parts = _parts(node)
        if position == 0:
            return _Splice(starts[0], starts[1], "")
        before, end = _end(parts[position - 1], self._text), _end(parts[position], self._text)
        if node.flow_style:
            return _Splice(before, end, "")
        return _Splice(self._line_end(before), self._line_end(end), "")

    def _whole(self, node: yaml.Node, key: yaml.Node | None, value: object) -> Iterator[_Splice]:
        """The node's text replaced by a value written afresh."""
        start, end = node.start_mark.index, _end(node, self._text)
        if isinstance(node, yaml.ScalarNode) and not isinstance(value, dict | list):
            yield _Splice(start, end, scalar_text(value, quoted=node.style in {'"', "'"}))
        elif self._is_in_flow(start):
            yield _Splice(start, end, flow_text(value))
        elif key is None:
            yield _Splice(start, end, block_text(value, start - self._line_start(start)))
        else:
            column = key.start_mark.column
            yield _Splice(key.start_mark.index, end, entry_text(key.value, value, column))

    def _is_written_as(self, node: yaml.Node, value: object) -> bool:
        """Whether a node already is the value, so that its text can stay."""
        written = self._text[node.start_mark.index : _end(node, self._text)] or "null"
        document, findings = read_yaml(written.encode(), "")
        return document is not None and not findings and _is_same(document.value, value)

    def _is_in_flow(self, place: int) -> bool:
        """Whether a place is inside brackets: some flow collection begins before it and ends behind it."""
        waiting = [self._root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, yaml.CollectionNode):
                if node.flow_style and node.start_mark.index < place < node.end_mark.index:
                    return True
                waiting += _parts(node)
        return False

    def _item_start(self, node: yaml.SequenceNode, child: yaml.Node) -> int:
        """Where an item begins: at its dash, or in brackets at itself."""
        start: int = child.start_mark.index
        return start if node.flow_style else self._text.rindex("-", 0, start)

    def _line_start(self, place: int) -> int:
        return self._text.rfind("\n", 0, place) + 1

    def _line_end(self, place: int) -> int:
        """The end of the line, behind a comment; before the line break."""
        end = self._text.find("\n", place)
        end = len(self._text) if end < 0 else end
        return end - 1 if end > place and self._text[end - 1] == "\r" else end


def _child(node: yaml.Node | None, step: PathStep) -> tuple[yaml.Node | None, yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, _inside(node, value)
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, _inside(node, node.value[step])
    raise _CannotEditError


def _inside(parent: yaml.Node, child: yaml.Node) -> yaml.Node:
    """The child, unless an alias stands there: then its text is somewhere else."""
    if not parent.start_mark.index <= child.start_mark.index <= parent.end_mark.index:
        raise _CannotEditError
    return child


def _parts(node: yaml.CollectionNode) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value)


def _end(node: yaml.Node, text: str) -> int:
    """Where the last character of a node's text stands, plus one. A block's own mark lies behind what follows it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        return _end(_parts(node)[-1], text)
    end: int = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and node.style in _BLOCK_SCALARS:
        return len(text[:end].rstrip())
    return end


def _is_same(left: object, right: object) -> bool:
    """Equal as JSON, with booleans apart from numbers."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_is_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_is_same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _put(value: object, path: ValuePath, new: object) -> object:
    if not path:
        return new
    container: Any = value
    for step in path[:-1]:
        container = container[step]
    container[path[-1]] = new
    return value
