"""Reads a workspace: every file once, every finding collected, nothing raised for what users can write wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from paceline.errors import UsageError, nearest_name
from paceline.model.actuals import ActualsFile, CalibrationFile
from paceline.model.adapter import AdapterCasesFile, AdapterFile
from paceline.model.case import CasesFile
from paceline.model.contract import ContractFile
from paceline.model.finding import Finding, Severity
from paceline.model.integration import IntegrationFile
from paceline.model.mapping import MappingFile
from paceline.model.retired import RetiredFile
from paceline.model.settings import PacelineFile
from paceline.model.team import TeamsFile
from paceline.workspace.document import Document
from paceline.workspace.environment import ENV_FILE, parse_env
from paceline.workspace.json_document import read_json
from paceline.workspace.kinds import CONNECTORS_FOLDER, KINDS, OTHER_FOLDERS, REQUESTS_FOLDER, SAMPLES_FOLDER, FileKind
from paceline.workspace.shape import quoted, to_struct
from paceline.workspace.workspace import Workspace, place_order
from paceline.workspace.yaml_document import MAX_FILE_BYTES, read_yaml

SETTINGS_FILE = "paceline.yaml"
_MIXED_FOLDERS = (SAMPLES_FOLDER, CONNECTORS_FOLDER)
_SUFFIXES = (".yaml", ".yml", ".json")
_S = TypeVar("_S", bound=msgspec.Struct)


def find_workspace(start: Path) -> Path:
    """The workspace that a path lies in: the nearest folder at or above it with a paceline.yaml.

    Raises UsageError when there is none.
    """
    if not start.exists():
        raise UsageError("there is no such file or folder", where=str(start))
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / SETTINGS_FILE).is_file():
            return candidate
    raise UsageError(
        f"this is no workspace: neither it nor a folder above it has a {SETTINGS_FILE}",
        where=str(start),
        remedy="name the workspace's folder, or make one with: paceline init DIR",
    )


def load_workspace(path: Path) -> Workspace:
    """Read the workspace at `path`. What is wrong with its files is in `findings`, sorted by place.

    That covers reading, shape and identity of every file; how files fit together is for `paceline.workspace.lint`.
    Raises UsageError only when `path` is not a folder.

    Example: `workspace = load_workspace(Path("shop")); workspace.require_no_errors()`
    """
    if not path.is_dir():
        raise UsageError("there is no workspace here: it is not a folder", where=str(path))
    reading = _Reading(path)
    for file in _files(path):
        reading.read(file)
    return reading.workspace()


class _Reading:
    """One pass over the files of a workspace."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._findings: list[Finding] = []
        self._documents: dict[str, Document] = {}
        self._structs: dict[str, msgspec.Struct] = {}
        self._samples: dict[str, dict[str, object]] = {}
        self._requests: dict[str, object] = {}

    def read(self, file: str) -> None:
        """Read one file, given by its path below the workspace, if it is of a kind that we know."""
        if file == ENV_FILE:
            self._findings += parse_env(self._content(file) or b"", file)[1]
        elif _is_sample(file):
            self._read_sample(file)
        elif kind := _kind_of(file):
            self._read_structured(file, kind)
        elif expected := _expected_location(file):
            self._findings.append(_misplaced(file, expected))

    def workspace(self) -> Workspace:
        """Everything read so far, as one value."""
        if SETTINGS_FILE not in self._documents:
            hint = "create it: it says how the workspace runs and who may send events"
            message = f"the file {SETTINGS_FILE} is missing"
            self._findings.append(Finding(code="PL001", file=SETTINGS_FILE, message=message, hint=hint))
        known = {*self._documents, SETTINGS_FILE}
        contracts: dict[str, dict[str, ContractFile]] = {}
        for identity, contract in self._of_kind("contract", ContractFile):
            contracts.setdefault(identity["contract"], {})[identity["version"]] = contract
        return Workspace(
            path=self._path,
            settings=self._only("paceline", PacelineFile, PacelineFile(workspace="", sources={})),
            teams=self._only("teams", TeamsFile, TeamsFile(teams={})),
            contracts=contracts,
            mappings={name["mapping"]: file for name, file in self._of_kind("mapping", MappingFile)},
            integrations={name["integration"]: file for name, file in self._of_kind("integration", IntegrationFile)},
            cases={name["mapping"]: file for name, file in self._of_kind("tests", CasesFile)},
            samples=self._samples,
            adapters={name["adapter"]: file for name, file in self._of_kind("adapter", AdapterFile)},
            adapter_cases={name["adapter"]: file for name, file in self._of_kind("adapter-tests", AdapterCasesFile)},
            requests=self._requests,
            retired={name["integration"]: file for name, file in self._of_kind("retired", RetiredFile)},
            actuals={name["request"]: file for name, file in self._of_kind("actuals", ActualsFile)},
            calibration=next((file for _, file in self._of_kind("calibration", CalibrationFile)), None),
            documents=self._documents,
            broken=frozenset(file for file in known if file not in self._structs and not _is_sample(file)),
            findings=tuple(sorted(self._findings, key=place_order)),
        )

    def _read_structured(self, file: str, kind: FileKind) -> None:
        document = self._document(file, read_yaml)
        if document is None:
            return
        struct, problems = to_struct(document, kind)
        # That a value could not be read is said already; that it is missing now is not worth a second finding.
        said = {(finding.line, finding.column) for finding in self._findings if finding.file == file}
        self._findings += [problem for problem in problems if (problem.line, problem.column) not in said]
        if struct is not None:
            self._structs[file] = struct
        if isinstance(document.value, dict):
            self._findings += _wrong_identity(document, document.value, kind)

    def _read_sample(self, file: str) -> None:
        if Path(file).parent.as_posix() == REQUESTS_FOLDER and file.endswith(".json"):
            document = self._document(file, read_json)
            if document is not None:
                self._requests[Path(file).stem] = document.value
            return
        if file.count("/") > 1 or not file.endswith(".json"):
            if file.endswith(_SUFFIXES):
                self._findings.append(_misplaced(file, "samples/NAME.json"))
            return
        document = self._document(file, read_json)
        if document is None:
            return
        if isinstance(document.value, dict):
            self._samples[Path(file).stem] = document.value
        else:
            self._findings.append(document.finding("PL103", (), "a sample must be one event, which is an object"))

    def _document(
        self, file: str, read: Callable[[bytes, str], tuple[Document | None, list[Finding]]]
    ) -> Document | None:
        """The document of a file. An unreadable one is remembered as an empty document: its name exists."""
        content = self._content(file)
        document, findings = (None, []) if content is None else read(content, file)
        self._findings += findings
        self._documents[file] = document or Document(file, "", None, lambda text: None)
        return document

    def _content(self, file: str) -> bytes | None:
        try:
            # Opened without waiting: somebody may have put a named pipe here.
            with os.fdopen(os.open(self._path / file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
                return opened.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            self._findings.append(Finding(code="PL001", file=file, message=message))
            return None

    def _of_kind(self, name: str, structure: type[_S]) -> Iterator[tuple[Mapping[str, str], _S]]:
        """The identity and content of every file of a kind that has the right shape."""
        for file, struct in self._structs.items():
            identity = KINDS[name].identity(file)
            if identity is not None and isinstance(struct, structure):
                yield identity, struct

    def _only(self, name: str, structure: type[_S], otherwise: _S) -> _S:
        """The content of the one file of its kind; `otherwise` where it is missing or broken."""
        return next((struct for _, struct in self._of_kind(name, structure)), otherwise)


def _files(path: Path) -> list[str]:
    """Every file of the workspace that could be ours, by path below it, sorted.

    Only folders of a workspace are looked into, and folders whose name is nearly that of one.
    """
    found: list[str] = []
    for folder, subfolders, names in os.walk(path):
        below = Path(folder).relative_to(path)
        if below == Path():
            subfolders[:] = [name for name in subfolders if name in _MIXED_FOLDERS or _meant_kind(name)]
        found += [(below / name).as_posix() for name in names if name.endswith(_SUFFIXES) or name == ENV_FILE]
    return sorted(found)


def _is_sample(file: str) -> bool:
    return file.startswith(f"{SAMPLES_FOLDER}/")


def _kind_of(file: str) -> FileKind | None:
    return next((kind for kind in KINDS.values() if kind.identity(file) is not None), None)


def _meant_kind(folder: str) -> FileKind | None:
    """The kind whose files lie in a top-level folder, or probably were meant to."""
    # Of several kinds in one folder, the first is what a misplaced file was meant to be.
    kinds = {k.folder: k for k in reversed(list(KINDS.values())) if k.folder and k.folder not in OTHER_FOLDERS}
    if folder in kinds or folder in OTHER_FOLDERS:
        return kinds.get(folder)
    return kinds.get(nearest_name(folder, kinds) or "")


def _expected_location(file: str) -> str | None:
    """Where a file that is of no kind was probably meant to lie; None when it is none of our business."""
    if not file.endswith((".yaml", ".yml")):
        return None
    folder, slash, _ = file.partition("/")
    if not slash:
        place = f"{file.rpartition('.')[0]}.yaml"
        return next((kind.location for kind in KINDS.values() if kind.location == place), None)
    kind = _meant_kind(folder)
    return kind.location.format_map(_Placeholders()) if kind else None


class _Placeholders(dict[str, str]):
    """Shows the parts of a location in capitals: `mappings/MAPPING.yaml`."""

    def __missing__(self, key: str) -> str:
        return key.upper()


def _misplaced(file: str, expected: str) -> Finding:
    return Finding(
        code="PL015",
        file=file,
        message="a file of a workspace, but not at its place: it is not read",
        hint=f"the place is {expected}",
        severity=Severity.WARNING,
    )


def _wrong_identity(document: Document, value: dict[str, object], kind: FileKind) -> Iterator[Finding]:
    for key, name in (kind.identity(document.file) or {}).items():
        inside = value.get(key)
        if isinstance(inside, str) and inside != name:
            yield document.finding(
                "PL107",
                (key,),
                f"{key!r} is {quoted(inside)} here, but the file's name says {quoted(name)}",
                hint=f"rename the file, or write {name}",
            )
