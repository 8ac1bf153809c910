"""A mapping file by itself, outside of any workspace."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from paceline.assemble.lanes import compiled_mapping
from paceline.errors import UsageError, WorkspaceError
from paceline.mapping.compile import CompiledMapping
from paceline.model.mapping import MappingFile
from paceline.workspace.kinds import KINDS
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml

_MARK: Final = re.compile(r"^proposed:[ \t]*true[ \t]*(#[^\n]*)?\r?\n", re.MULTILINE)


def load_mapping(path: Path) -> CompiledMapping:
    """Read and compile a mapping file. Raises UsageError, or WorkspaceError with every finding."""
    content = _content(path)
    document, findings = read_yaml(content, str(path))
    struct = None
    if document is not None:
        struct, problems = to_struct(document, KINDS["mapping"])
        findings = [*findings, *problems]
    if not isinstance(struct, MappingFile):
        raise WorkspaceError("the mapping has errors", findings, where=str(path))
    return compiled_mapping(struct)


def accept_mapping(path: Path) -> bool:
    """Take the mark of a suggestion out of a mapping file; everything else stays as it was written.

    Returns whether there was one. Raises UsageError where the file is none, or writes the mark in an unusual way.
    """
    content = _content(path)
    document, findings = read_yaml(content, str(path))
    if document is None or not isinstance(document.value, dict):
        raise WorkspaceError("the mapping has errors", findings, where=str(path))
    if not document.value.get("proposed"):
        return False
    text = _MARK.sub("", content.decode())
    again, _ = read_yaml(text.encode(), str(path))
    without = {key: value for key, value in document.value.items() if key != "proposed"}
    if again is None or again.value != without:
        raise UsageError("the mark cannot be taken out safely", where=str(path), remedy="remove `proposed` by hand")
    path.write_text(text, encoding="utf-8", newline="")
    return True


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the mapping cannot be read: {error.strerror}", where=str(path)) from None
