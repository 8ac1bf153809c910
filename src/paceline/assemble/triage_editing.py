"""Puts answers and new requests into a backlog.yaml as it stands: comments, order and layout of the rest are kept.

Every edit is read back before it is written: when the file would say anything else than before plus the edit, nothing
is written.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from paceline.errors import DefectError, StorageError, UsageError
from paceline.workspace.document import ValuePath
from paceline.workspace.yaml_document import compose_yaml, decode_text, read_yaml

_LINE_BREAK = re.compile("\r\n|[\n\r\u0085\u2028\u2029]")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]*[A-Za-z0-9]|[A-Za-z]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])
_HEAD = "# Requests for integrations; see docs/decision.md. Tag them with: paceline triage\nrequests:\n"


def put_answers(file: Path, answers: Mapping[ValuePath, object]) -> None:
    """Write values at their paths into the file, in place. Paths begin at the top of the file."""
    text = _read(file)
    value = _value(text, file)
    expected = copy.deepcopy(value)
    changed = text
    for path, answer in answers.items():
        changed = with_value(changed, path, answer)
        _set(expected, path, answer)
    _replace(file, before=text, after=changed, expected=expected)


def add_requests(file: Path, requests: Sequence[Mapping[str, object]]) -> None:
    """Write requests to the end of the backlog; the file is made when it is not there."""
    if not file.exists():
        text = _HEAD + "".join(_block(request, "  ", "\n") for request in requests)
        _replace(file, before=None, after=text, expected={"requests": list(requests)})
        return
    text = _read(file)
    expected = copy.deepcopy(_value(text, file))
    if not isinstance(expected, dict) or not isinstance(expected.get("requests"), list):
        raise UsageError("there is no list of requests in it", where=str(file), expected="the key requests with a list")
    expected["requests"] += [dict(request) for request in requests]
    _replace(file, before=text, after=_with_items(text, requests), expected=expected)


def with_value(text: str, path: ValuePath, value: object) -> str:
    """The text of a YAML document with a value at a path; blocks that are missing on the way are made.

    >>> with_value("a: 1  # one\\n", ("b", "c"), [2])
    'a: 1  # one\\nb: {c: [2]}\\n'
    """
    node = compose_yaml(text)
    assert node is not None
    for index, step in enumerate(path):
        child = _child(node, step)
        if child is None:
            missing = value
            for inner in reversed(path[index + 1 :]):
                missing = {str(inner): missing}
            return _with_entry(text, node, str(step), missing)
        node = child
    start, end = _offset(text, node.start_mark), _offset(text, node.end_mark)
    if _is_block(node):
        raise UsageError(
            "the value stands on several lines", where=".".join(map(str, path)), remedy="change it in the file"
        )
    space = " " if start == end else ""
    return f"{text[:start]}{space}{flow(value)}{text[end:]}"


def flow(value: object) -> str:
    """A value as YAML on one line.

    >>> flow({"now": "it works: at once", "scores": [1, 2.5, True]})
    '{now: "it works: at once", scores: [1, 2.5, true]}'
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:.15g}"
        case Mapping():
            return "{" + ", ".join(f"{key}: {flow(part)}" for key, part in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flow, value)) + "]"
        case _:
            text = str(value)
            is_plain = _PLAIN.fullmatch(text) or _DAY.fullmatch(text)
            return text if is_plain and text.lower() not in _WORDS else json.dumps(text, ensure_ascii=False)


def _with_entry(text: str, node: yaml.Node, key: str, value: object) -> str:
    """The text with one more key in a block of keys."""
    entry = f"{key}: {flow(value)}"
    if isinstance(node, yaml.ScalarNode) and not node.value and not node.style:
        at = _offset(text, node.start_mark)
        return f"{text[:at]} {{{entry}}}{text[at:]}"
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"there is no block of keys to put {key!r} into", remedy="change it in the file")
    if node.flow_style:
        at = _offset(text, node.end_mark) - 1
        head = text[:at].rstrip()
        comma = "" if head.endswith(("{", ",")) else ","
        space = "" if head.endswith("{") else " "
        return f"{head}{comma}{space}{entry}{text[at:]}"
    indent = " " * node.value[0][0].start_mark.column
    return _after(text, _content_end(text, node), f"{indent}{entry}")


def _with_items(text: str, requests: Sequence[Mapping[str, object]]) -> str:
    root = compose_yaml(text)
    assert root is not None
    node = _child(root, "requests")
    assert isinstance(node, yaml.SequenceNode)
    if node.flow_style:
        at = _offset(text, node.end_mark) - 1
        head = text[:at].rstrip()
        comma = "" if head.endswith(("[", ",")) else ", "
        return f"{head}{comma}{', '.join(map(flow, requests))}{text[at:]}"
    indent = " " * node.start_mark.column
    line_break = _line_break(text)
    lines = "".join(_block(request, indent, line_break) for request in requests)
    return _after(text, _content_end(text, node), lines.removesuffix(line_break))


def _block(request: Mapping[str, object], indent: str, line_break: str) -> str:
    entries = [f"{key}: {flow(value)}" for key, value in request.items()]
    lines = [f"{indent}- {entries[0]}", *(f"{indent}  {entry}" for entry in entries[1:])]
    return "".join(line + line_break for line in lines)


def _after(text: str, offset: int, lines: str) -> str:
    """The text with lines after the one that an offset lies in."""
    found = _LINE_BREAK.search(text, offset)
    line_break = _line_break(text)
    if found is None:
        return f"{text}{line_break}{lines}{line_break}"
    return f"{text[: found.end()]}{lines}{line_break}{text[found.end() :]}"


def _content_end(text: str, node: yaml.Node) -> int:
    """Where the last character of a value stands, without the comments after it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        key, value = node.value[-1]
        empty = isinstance(value, yaml.ScalarNode) and not value.value and not value.style
        return _offset(text, key.end_mark) if empty else _content_end(text, value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _content_end(text, node.value[-1])
    end = _offset(text, node.end_mark)
    if _is_block(node):
        return _block_scalar_end(text, _offset(text, node.start_mark), end)
    return end


def _block_scalar_end(text: str, start: int, end: int) -> int:
    """The end of a text that stands on lines of its own: its marks reach to what comes next."""
    kept = text[start:end].rstrip()
    return start + len(kept)


def _is_block(node: yaml.Node) -> bool:
    if isinstance(node, yaml.ScalarNode):
        return node.style in ("|", ">")
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _child(node: yaml.Node, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None


def _offset(text: str, mark: yaml.Mark) -> int:
    """The place of a mark in the text; lines are counted as YAML does."""
    start = 0
    for _ in range(mark.line):
        found = _LINE_BREAK.search(text, start)
        if found is None:
            return len(text)
        start = found.end()
    return min(start + int(mark.column), len(text))


def _line_break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _set(value: object, path: ValuePath, answer: object) -> None:
    node = value
    for step, following in zip(path, [*path[1:], None], strict=True):
        if following is None:
            if isinstance(node, dict):
                node[str(step)] = answer
        elif isinstance(node, dict):
            if node.get(str(step)) is None:
                node[str(step)] = {}
            node = node[str(step)]
        elif isinstance(node, list) and isinstance(step, int):
            node = node[step]


def _read(file: Path) -> str:
    try:
        text, problem = decode_text(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(file)) from None
    if text is None:
        assert problem is not None
        raise UsageError(problem.message, where=str(file), remedy=problem.hint)
    return text


def _value(text: str, file: Path) -> object:
    document, findings = read_yaml(text.encode(), str(file))
    if document is None or findings:
        raise UsageError(findings[0].message, where=f"{file}:{findings[0].line}", remedy=findings[0].hint)
    return document.value


def _replace(file: Path, *, before: str | None, after: str, expected: object) -> None:
    """Write the file whole, if it still is what was read and says what it should."""
    document, findings = read_yaml(after.encode(), str(file))
    if document is None or findings or _plain(document.value) != _plain(expected):
        raise DefectError("the edited backlog would not say what it should, so nothing is written", where=str(file))
    if before is not None and _read(file) != before:
        raise UsageError("the file was changed meanwhile", where=str(file), remedy="try again")
    target = file.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(after.encode())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"cannot be written: {error.strerror}", where=str(file)) from None


def _plain(value: object) -> object:
    """The value with numbers and sequences of one kind each, as YAML reads them."""
    match value:
        case bool() | None | str():
            return value
        case int() | float():
            return float(value)
        case Mapping():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case _:
            return str(value)
