"""Reads a JSON file into a Document, or says with line and column why it cannot be read."""

from __future__ import annotations

import json
from collections.abc import Sequence

import yaml

from paceline.model.finding import Finding
from paceline.workspace.document import Document
from paceline.workspace.yaml_document import MAX_DEPTH, compose_yaml, decode_text

_TOO_DEEP = f"values are nested more than {MAX_DEPTH} deep"


class _RefusedNumberError(ValueError):
    """NaN, Infinity or a number that no double holds: Python's decoder takes them, JSON does not have them."""


def read_json(content: bytes, file: str) -> tuple[Document | None, list[Finding]]:
    """Read one file. `file` is its name in findings. The document is None when there is a finding that stops it."""
    text, problem = decode_text(content, file)
    if text is None:
        return None, [problem] if problem else []
    if not text.strip():
        return None, [Finding(code="PL009", file=file, message="the file is empty", hint="fill it in, or delete it")]
    repeated: list[str] = []

    def joined(pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) < len(pairs):
            keys = [key for key, _ in pairs]
            repeated.extend({key for key in keys if keys.count(key) > 1})
        return result

    try:
        value = json.loads(
            text, object_pairs_hook=joined, parse_constant=_refuse, parse_float=_finite, parse_int=_exact
        )
    except json.JSONDecodeError as error:
        return None, [Finding(code="PL012", file=file, line=error.lineno, column=error.colno,
                              message=f"not valid JSON: {error.msg}")]  # fmt: skip
    except _RefusedNumberError as error:
        return None, [Finding(code="PL013", file=file, message=str(error))]
    except RecursionError:
        return None, [Finding(code="PL011", file=file, message=_TOO_DEEP)]
    if _depth(value) > MAX_DEPTH:
        return None, [Finding(code="PL011", file=file, message=_TOO_DEEP)]
    document = Document(file, text, value, _compose)
    findings = [
        Finding(code="PL004", file=file, message=f"the key {key!r} occurs twice in one object") for key in repeated
    ]
    return document, findings


def _compose(text: str) -> yaml.Node | None:
    """JSON is YAML, but for tabs between its values; a space in the place of each keeps every column."""
    try:
        return compose_yaml(text.replace("\t", " "))
    except yaml.YAMLError:
        return None


def _refuse(constant: str) -> object:
    raise _RefusedNumberError(f"{constant} is not a JSON value")


def _finite(written: str) -> float:
    value = float(written)
    if value in (float("inf"), float("-inf")):
        raise _RefusedNumberError(f"the number {written[:40]} is too large to be exact")
    return value


def _exact(written: str) -> int:
    value = int(written) if len(written) <= 20 else None
    if value is None or not -(2**63) <= value < 2**63:
        raise _RefusedNumberError(f"the number {written[:40]} is too large to be exact")
    return value


def _depth(value: object) -> int:
    """How deep lists and objects are nested, found without recursion."""
    deepest = 0
    waiting: list[tuple[object, int]] = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        children: Sequence[object] = ()
        if isinstance(item, dict):
            children = list(item.values())
        elif isinstance(item, list):
            children = item
        waiting.extend((child, depth + 1) for child in children)
    return deepest
