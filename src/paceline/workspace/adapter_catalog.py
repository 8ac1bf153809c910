"""The adapters that can be used: those of a workspace, and those that come with paceline as data.

A file of the workspace wins over one of the same name that comes along. In the package each has a folder below
`paceline/adapters/` with `adapter.yaml`, `tests.yaml` and `samples/*.json`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

import paceline
from paceline.errors import UnknownNameError, UsageError, WorkspaceError
from paceline.model.adapter import AdapterCase, AdapterCasesFile, AdapterFile
from paceline.model.finding import Finding
from paceline.workspace.document import Document
from paceline.workspace.json_document import read_json
from paceline.workspace.kinds import KINDS
from paceline.workspace.shape import to_struct
from paceline.workspace.workspace import Workspace
from paceline.workspace.yaml_document import read_yaml

IN_TREE = Path(paceline.__file__).parent / "adapters"

_S = TypeVar("_S", bound=msgspec.Struct)


class KnownAdapter(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter with its tests and sample requests. `root` is the folder below which its files lie.

    `is_own` says that it is the workspace's. Without tests there are no cases and no `cases_file`.
    """

    spec: AdapterFile
    root: Path
    file: Document
    is_own: bool
    cases: Sequence[AdapterCase] = ()
    cases_file: Document | None = None
    requests: Mapping[str, object] = {}


def in_tree_names() -> Sequence[str]:
    """The adapters that come along, sorted."""
    return sorted(folder.name for folder in IN_TREE.iterdir() if (folder / "adapter.yaml").is_file())


def adapter_names(workspace: Workspace | None) -> Sequence[str]:
    """All adapters that can be used, also those of the workspace that are broken."""
    own = workspace.names("adapter") if workspace is not None else []
    return sorted({*own, *in_tree_names()})


def find_adapter(workspace: Workspace | None, name: str) -> KnownAdapter:
    """One adapter. Raises UnknownNameError; UsageError for one of the workspace that is broken."""
    if workspace is not None and name in workspace.adapters:
        cases = workspace.adapter_cases.get(name)
        return KnownAdapter(
            spec=workspace.adapters[name],
            root=workspace.path,
            file=workspace.document("adapter", adapter=name),
            is_own=True,
            cases=cases.cases if cases else (),
            cases_file=workspace.document("adapter-tests", adapter=name) if cases else None,
            requests=workspace.requests,
        )
    if workspace is not None and name in workspace.names("adapter"):
        raise UsageError(f"the adapter {name} is broken", where=f"adapters/{name}.yaml", remedy="run: paceline check")
    if name not in in_tree_names():
        raise UnknownNameError("adapter", name, adapter_names(workspace))
    return _in_tree(name)


@functools.cache
def _in_tree(name: str) -> KnownAdapter:
    folder = IN_TREE / name
    spec, file = _read(folder, "adapter.yaml", "adapter", AdapterFile)
    cases, cases_file = _read(folder, "tests.yaml", "adapter-tests", AdapterCasesFile)
    requests: dict[str, object] = {}
    for path in sorted((folder / "samples").glob("*.json")):
        document, findings = read_json(path.read_bytes(), f"samples/{path.name}")
        if document is None:
            raise _wrong(folder, findings)
        requests[path.stem] = document.value
    return KnownAdapter(
        spec=spec, root=folder, file=file, is_own=False, cases=cases.cases, cases_file=cases_file, requests=requests
    )


def _read(folder: Path, name: str, kind: str, structure: type[_S]) -> tuple[_S, Document]:
    document, findings = read_yaml((folder / name).read_bytes(), name)
    if document is None:
        raise _wrong(folder, findings)
    struct, findings = to_struct(document, KINDS[kind])
    if not isinstance(struct, structure):
        raise _wrong(folder, findings)
    return struct, document


def _wrong(folder: Path, findings: Sequence[Finding]) -> WorkspaceError:
    return WorkspaceError("an adapter that comes along is broken", findings, where=str(folder))
