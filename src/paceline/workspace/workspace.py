"""The workspace as one frozen value: everything that a team decided, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from paceline.contracts.versions import Version
from paceline.errors import WorkspaceError
from paceline.model.actuals import ActualsFile, CalibrationFile
from paceline.model.adapter import AdapterCasesFile, AdapterFile
from paceline.model.case import CasesFile
from paceline.model.contract import ContractFile
from paceline.model.event import EventType
from paceline.model.finding import Finding, Severity
from paceline.model.integration import IntegrationFile
from paceline.model.mapping import MappingFile, MappingFrom
from paceline.model.retired import RetiredFile
from paceline.model.settings import PacelineFile
from paceline.model.team import TeamsFile
from paceline.workspace.document import Document
from paceline.workspace.kinds import KINDS

EventKey = tuple[EventType, str]
"""An event as contracts and mappings look it up: the call's type and, of a track call, the event's name."""


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A git folder that was read as a whole.

    What has a finding that keeps it from being used is left out: `mappings` and the like hold only files of the right
    shape, and `settings` is an empty one when paceline.yaml is broken. So look at `findings` first, or call
    `require_no_errors`. `contracts` goes from name to version (text) to file. Every name is the name of a file.

    `documents` has what was read, by file path below the workspace, for the positions of further findings. `broken` are
    the files that could not be used or are missing.
    """

    path: Path
    settings: PacelineFile
    teams: TeamsFile
    contracts: Mapping[str, Mapping[str, ContractFile]]
    mappings: Mapping[str, MappingFile]
    integrations: Mapping[str, IntegrationFile]
    cases: Mapping[str, CasesFile]
    samples: Mapping[str, dict[str, object]]
    adapters: Mapping[str, AdapterFile] = {}
    adapter_cases: Mapping[str, AdapterCasesFile] = {}
    requests: Mapping[str, object] = {}
    retired: Mapping[str, RetiredFile] = {}
    actuals: Mapping[str, ActualsFile] = {}
    calibration: CalibrationFile | None = None
    documents: Mapping[str, Document]
    broken: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()

    def require_no_errors(self) -> None:
        """Raise WorkspaceError with all findings when one of them is an error."""
        require_no_errors(self.findings)

    def has_broken(self, kind: str) -> bool:
        """Whether a file of this kind could not be used, so that what seems missing may only be broken."""
        return any(KINDS[kind].identity(file) is not None for file in self.broken)

    def names(self, kind: str) -> list[str]:
        """The names of all files of a kind, also of those that are broken: what a reference may point at.

        Kinds are those of `KINDS`, and `sample`.
        """
        if kind == "sample":
            prefix, suffix = "samples/", ".json"
            files = [file[len(prefix) : -len(suffix)] for file in self.documents if file.startswith(prefix)]
            return [file for file in files if "/" not in file]
        key = KINDS[kind].location.partition("{")[2].partition("}")[0]
        identities = (KINDS[kind].identity(file) for file in self.documents)
        return list(dict.fromkeys(identity[key] for identity in identities if identity))

    def document(self, kind: str, **identity: str) -> Document:
        """The document of a file by its identity: `document("contract", contract="signed_up", version="1.2.0")`."""
        return self.documents[KINDS[kind].location.format(**identity)]

    def contract_for(self, event: EventKey) -> str | None:
        """The name of the contract that describes an event; None without one."""
        return next((name for name, contract in self._named_contracts() if event_key(contract) == event), None)

    def versions(self, contract: str) -> list[Version]:
        """The released versions of a contract, oldest first."""
        return sorted(Version.parse(version) for version in self.contracts.get(contract, {}))

    def _named_contracts(self) -> Iterator[tuple[str, ContractFile]]:
        for name, versions in self.contracts.items():
            for contract in versions.values():
                yield name, contract


def event_key(described: ContractFile | MappingFrom) -> EventKey:
    """What a contract describes, or a mapping takes."""
    return described.type, described.event if described.type is EventType.TRACK else ""


def place_order(finding: Finding) -> tuple[str, int, int, str, str]:
    """The key that sorts findings as a reader goes through them: by file, line, column, code."""
    return finding.file, finding.line, finding.column, finding.code, finding.message


def require_no_errors(findings: tuple[Finding, ...]) -> None:
    """Raise WorkspaceError with the findings when one of them is an error; warnings stop nothing."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        what = (
            f"the workspace has {len(errors)} {'error' if len(errors) == 1 else 'errors'}; the first: {first.message}"
        )
        raise WorkspaceError(
            what, findings, where=f"{first.file}:{first.line}:{first.column} {first.code}", remedy="run: paceline check"
        )
