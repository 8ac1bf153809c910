"""Writes values as YAML the way people do here: blocks for what is large, one line for what is small.

What is written is read back as the same value by the workspace's reader, and by readers of YAML 1.1 too: text that some
reader takes for a number, a day or a boolean is quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

MAX_LINE = 110
"""Longer values are written as blocks."""

_PLAIN = re.compile(r"[A-Za-z_$/^][A-Za-z0-9_$@./+~=()*-]*(?: [A-Za-z0-9_$@./+~=()*?|-]+)*")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def scalar_text(value: object, *, quoted: bool = False) -> str:
    """A text, number, boolean or null. Text is quoted where that is needed, or when `quoted`.

    >>> scalar_text("customer-1"), scalar_text("2026-01-01"), scalar_text("no"), scalar_text(1.5)
    ('customer-1', '"2026-01-01"', '"no"', '1.5')
    """
    if not isinstance(value, str):
        return json.dumps(value)
    if not quoted and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return '"' + "".join(_escaped(character) for character in value) + '"'


def flow_text(value: object) -> str:
    """A value on one line.

    >>> flow_text({"sku": "P-1", "sizes": [1, 2]})
    '{sku: P-1, sizes: [1, 2]}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar_text(str(key))}: {flow_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow_text, value)) + "]"
    return scalar_text(value)


def block_text(value: object, indent: int = 0) -> str:
    """A value over several lines, without a line break at its end; the first line is not indented.

    >>> print(block_text({"name": "a", "attributes": {"a": {"b": {"c": 1}}}}))
    name: a
    attributes:
      a: {b: {c: 1}}
    """
    if _is_flow(value, 0):
        return flow_text(value)
    pad = "\n" + " " * indent
    if isinstance(value, Mapping):
        return pad.join(entry_text(str(key), one, indent) for key, one in value.items())
    assert isinstance(value, Sequence)
    return pad.join(f"- {_item_text(one, indent + 2)}" for one in value)


def entry_text(key: str, value: object, indent: int = 0) -> str:
    """`key: value`, for a mapping whose keys begin at column `indent`; the first line is not indented."""
    name = scalar_text(key)
    on_one_line = flow_text(value)
    is_scalar = _depth(value) == 0
    if is_scalar or (_is_flow(value, _depth(value)) and indent + len(name) + 2 + len(on_one_line) <= MAX_LINE):
        return f"{name}: {on_one_line}"
    return f"{name}:\n{' ' * (indent + 2)}{block_text(value, indent + 2)}"


def _item_text(value: object, indent: int) -> str:
    on_one_line = flow_text(value)
    fits = indent + len(on_one_line) <= MAX_LINE
    return on_one_line if _is_flow(value, _depth(value)) and fits else block_text(value, indent)


def _is_flow(value: object, depth: int) -> bool:
    """Whether a value is small enough for one line: a scalar, something empty, or (given a depth) a shallow one."""
    is_container = isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str))
    return not is_container or not value or 0 < depth <= 2


def _depth(value: object) -> int:
    if isinstance(value, Mapping):
        return 1 + max((_depth(one) for one in value.values()), default=0)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return 1 + max((_depth(one) for one in value), default=0)
    return 0


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
