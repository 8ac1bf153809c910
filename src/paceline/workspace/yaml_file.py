"""Writes one of a workspace's own files from its Struct."""

from __future__ import annotations

from pathlib import Path

import msgspec

from paceline.errors import EnvironmentFaultError
from paceline.workspace.yaml_text import block_text


def write_yaml(path: Path, content: msgspec.Struct) -> None:
    """Write a file as a whole; what is left out keeps its default. Raises EnvironmentFaultError."""
    text = block_text(_without_defaults(msgspec.to_builtins(content))).rstrip("\n") + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFaultError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _without_defaults(value: object) -> object:
    """Without what is null or empty, which is what every optional key of these files is by default."""
    if isinstance(value, dict):
        return {key: _without_defaults(inner) for key, inner in value.items() if inner not in (None, "", {}, [])}
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]
    return value
