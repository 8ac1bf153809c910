"""Opens a workspace for running: loaded, without errors, with the environment that its secrets come from."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from pathlib import Path

import msgspec

from paceline.connectors.catalog import Catalog
from paceline.workspace.environment import workspace_environment
from paceline.workspace.lint import check_workspace
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.secrets import resolve, reveal
from paceline.workspace.workspace import Workspace, require_no_errors


class OpenWorkspace(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace that may run: its files, its connectors and the variables that secret references are looked up in."""

    workspace: Workspace
    catalog: Catalog
    environment: Mapping[str, str]

    def resolve_secrets(self, value: object, *, where: str, needed_by: str) -> object:
        """`value` with its secrets in place of the references. Raises MissingSecretError."""
        resolved = resolve(value, self.environment, _read_text, where=where, needed_by=needed_by)
        return reveal(resolved)


def open_workspace(path: Path, process_environment: Mapping[str, str]) -> OpenWorkspace:
    """Load the workspace at or above `path`. Raises WorkspaceError with every finding when it has errors."""
    root = find_workspace(path)
    workspace = load_workspace(root)
    catalog = Catalog(root / "connectors")
    require_no_errors(check_workspace(workspace, catalog))
    return OpenWorkspace(
        workspace=workspace,
        catalog=catalog,
        environment=workspace_environment(root, process_environment),
    )


def fingerprint_files(root: Path) -> Hashable:
    """A value that changes when a file of the workspace does; dot folders, where paceline writes, do not count."""
    marks: list[tuple[str, int, int]] = []
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in files:
            try:
                state = (Path(folder) / name).stat()
            except FileNotFoundError:
                continue  # an editor's temporary file
            marks.append((f"{folder}/{name}", state.st_mtime_ns, state.st_size))
    return tuple(sorted(marks))


def _read_text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
