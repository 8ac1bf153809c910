"""What is tested: mappings with their cases, of a workspace or of a connector's own folder."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from paceline.assemble.opening import OpenWorkspace
from paceline.connectors.catalog import Catalog
from paceline.errors import UnknownNameError, UsageError, WorkspaceError
from paceline.model.case import Case, CasesFile
from paceline.model.finding import Finding
from paceline.model.mapping import MappingFile
from paceline.workspace.adapter_catalog import KnownAdapter, find_adapter
from paceline.workspace.document import Document
from paceline.workspace.json_document import read_json
from paceline.workspace.kinds import KINDS
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml

PREFIX = "adapters/"
"""What an adapter's name begins with where it stands beside mappings."""

_S = TypeVar("_S", bound=msgspec.Struct)


class MappingUnderTest(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping, its cases, and both files as they were read; without tests there are no cases and no `cases_file`."""

    spec: MappingFile
    file: Document
    cases: Sequence[Case] = ()
    cases_file: Document | None = None


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """Mappings and adapters to test, by name and in its order. `root` is the folder below which their files lie."""

    root: Path
    catalog: Catalog
    samples: Mapping[str, Mapping[str, object]]
    mappings: Mapping[str, MappingUnderTest]
    adapters: Mapping[str, KnownAdapter] = {}

    def only(self, names: Sequence[str]) -> Suite:
        """The mappings of these names, in which `*` stands for anything. Raises UnknownNameError where none is."""
        if not names:
            return self
        known = [*self.mappings, *self.adapters]
        for name in names:
            if not fnmatch.filter(known, name):
                raise UnknownNameError("mapping or adapter with tests", name, known)
        kept = {name for name in known if any(fnmatch.fnmatchcase(name, wanted) for wanted in names)}
        return msgspec.structs.replace(
            self,
            mappings={name: one for name, one in self.mappings.items() if name in kept},
            adapters={name: one for name, one in self.adapters.items() if name in kept},
        )


def workspace_suite(opened: OpenWorkspace) -> Suite:
    """A workspace's mappings with its contract tests."""
    workspace = opened.workspace
    mappings = {}
    for name, spec in sorted(workspace.mappings.items()):
        cases = workspace.cases.get(name)
        mappings[name] = MappingUnderTest(
            spec=spec,
            file=workspace.document("mapping", mapping=name),
            cases=cases.cases if cases else (),
            cases_file=workspace.document("tests", mapping=name) if cases else None,
        )
    return Suite(
        root=workspace.path,
        catalog=opened.catalog,
        samples=workspace.samples,
        mappings=mappings,
        adapters={f"{PREFIX}{name}": find_adapter(workspace, name) for name in sorted(workspace.adapters)},
    )


def adapter_suite(catalog: Catalog, name: str) -> Suite:
    """An adapter that comes along, with its own tests. Raises UnknownNameError."""
    known = find_adapter(None, name)
    return Suite(root=known.root, catalog=catalog, samples={}, mappings={}, adapters={f"{PREFIX}{name}": known})


def connector_suite(catalog: Catalog, name: str) -> Suite:
    """A connector's default mappings (`mappings/`) with their tests (`tests/`) and `samples/`, all in its folder.

    Raises UnknownNameError for an unknown connector, WorkspaceError with every finding when files are wrong.
    """
    if name not in catalog.folders:
        raise UnknownNameError("connector", name, catalog.names)
    reading = _Folder(catalog.folders[name])
    specs = reading.files("mappings", "mapping", MappingFile)
    tests = {cases.mapping: (cases, file) for cases, file in reading.files("tests", "tests", CasesFile)}
    mappings = {}
    for spec, file in sorted(specs, key=lambda one: one[0].mapping):
        cases, cases_file = tests.pop(spec.mapping, (None, None))
        mappings[spec.mapping] = MappingUnderTest(
            spec=spec, file=file, cases=cases.cases if cases else (), cases_file=cases_file
        )
    for mapping, (_, file) in tests.items():
        reading.findings.append(file.finding("PL213", ("mapping",), f"there is no mapping {mapping!r}"))
    if reading.findings:
        raise WorkspaceError("the connector's mappings or tests are wrong", reading.findings, where=str(reading.root))
    return Suite(root=reading.root, catalog=catalog, samples=reading.samples(), mappings=mappings)


class _Folder:
    """Reads the files of one folder and collects what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.findings: list[Finding] = []

    def files(self, folder: str, kind: str, structure: type[_S]) -> list[tuple[_S, Document]]:
        """The files of a kind that have the right shape."""
        found: list[tuple[_S, Document]] = []
        for path in sorted((self.root / folder).glob("*.yaml")):
            document, problems = read_yaml(_content(path), f"{folder}/{path.name}")
            self.findings += problems
            if document is None:
                continue
            struct, problems = to_struct(document, KINDS[kind])
            self.findings += problems
            if isinstance(struct, structure):
                found.append((struct, document))
        return found

    def samples(self) -> Mapping[str, Mapping[str, object]]:
        """Events in `samples/`, by name."""
        found: dict[str, Mapping[str, object]] = {}
        for path in sorted((self.root / "samples").glob("*.json")):
            document, _ = read_json(_content(path), f"samples/{path.name}")
            if document is None or not isinstance(document.value, dict):
                raise UsageError("a sample must be one event, which is a JSON object", where=str(path))
            found[path.stem] = document.value
        return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror}", where=str(path)) from None
