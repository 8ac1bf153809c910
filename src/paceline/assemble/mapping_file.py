"""A mapping file by itself, outside of any workspace."""

from __future__ import annotations

from pathlib import Path

from paceline.assemble.lanes import compiled_mapping
from paceline.errors import UsageError, WorkspaceError
from paceline.mapping.compile import CompiledMapping
from paceline.model.mapping import MappingFile
from paceline.workspace.kinds import KINDS
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml


def load_mapping(path: Path) -> CompiledMapping:
    """Read and compile a mapping file. Raises UsageError, or WorkspaceError with every finding."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the mapping cannot be read: {error.strerror}", where=str(path)) from None
    document, findings = read_yaml(content, str(path))
    struct = None
    if document is not None:
        struct, problems = to_struct(document, KINDS["mapping"])
        findings = [*findings, *problems]
    if not isinstance(struct, MappingFile):
        raise WorkspaceError("the mapping has errors", findings, where=str(path))
    return compiled_mapping(struct)
