"""What a lint rule is, and what it may look at."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Protocol

import msgspec

from paceline.contracts.validation import schema_faults
from paceline.contracts.versions import VersionRange
from paceline.errors import UsageError
from paceline.mapping.check import check_versions
from paceline.mapping.faults import MappingFault
from paceline.mapping.generate.program import Plan
from paceline.mapping.plan import plan_mapping
from paceline.model.case import CasesFile
from paceline.model.connector import Action
from paceline.model.contract import ContractFile
from paceline.model.finding import Finding, Severity
from paceline.model.integration import IntegrationFile
from paceline.model.mapping import MappingFile, MappingTo
from paceline.workspace.document import Document, PathStep
from paceline.workspace.rfc import check_rfc, rfc_files
from paceline.workspace.workspace import Workspace, event_key


class SettingFault(Protocol):
    """One problem of an integration's settings; `path` leads to it."""

    @property
    def path(self) -> tuple[PathStep, ...]:
        """Keys and indexes inside the settings, outermost first."""

    @property
    def message(self) -> str:
        """The sentence for people. Never quotes the value."""

    @property
    def hint(self) -> str:
        """What to do, empty when that is plain."""


class ConnectorFacts(Protocol):
    """What rules ask about one connector."""

    @property
    def actions(self) -> Mapping[str, Action]:
        """Its actions by name."""

    @property
    def secret_settings(self) -> frozenset[str]:
        """The settings that are credentials."""

    def settings_faults(self, settings: Mapping[str, object]) -> Sequence[SettingFault]:
        """What is wrong with an integration's settings; a reference stands for a right value."""


class ConnectorCatalog(Protocol):
    """The connectors that can be used. `paceline.connectors.catalog.Catalog` is one."""

    @property
    def names(self) -> Sequence[str]:
        """All names, sorted."""

    def load(self, name: str) -> ConnectorFacts:
        """One connector. Raises UsageError where its description is wrong."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of the rules looks at. Without `today`, rules that depend on the calendar are left out.

    `plans` and `reports` remember mappings that were planned and checked already, for the rules that come after,
    `usable` which contract versions (name, version) have a schema that can be checked against, and `rfcs` what each RFC
    lacks.
    """

    workspace: Workspace
    connectors: ConnectorCatalog
    today: dt.date | None = None
    plans: dict[str, Plan | list[MappingFault]] = msgspec.field(default_factory=dict)
    reports: dict[str, Sequence[MappingFault]] = msgspec.field(default_factory=dict)
    usable: dict[tuple[str, str], bool] = msgspec.field(default_factory=dict)
    rfcs: dict[str, Sequence[Finding]] = msgspec.field(default_factory=dict)

    def contracts(self) -> Iterator[tuple[ContractFile, Document]]:
        """Every version of every contract, with its document."""
        for name, versions in self.workspace.contracts.items():
            for version, contract in versions.items():
                yield contract, self.workspace.document("contract", contract=name, version=version)

    def mappings(self) -> Iterator[tuple[str, MappingFile, Document]]:
        """Every mapping with its name and document."""
        for name, mapping in self.workspace.mappings.items():
            yield name, mapping, self.workspace.document("mapping", mapping=name)

    def integrations(self) -> Iterator[tuple[str, IntegrationFile, Document]]:
        """Every integration with its name and document."""
        for name, integration in self.workspace.integrations.items():
            yield name, integration, self.workspace.document("integration", integration=name)

    def cases(self) -> Iterator[tuple[str, CasesFile, Document]]:
        """Every file of contract tests, with the mapping's name and the document."""
        for name, cases in self.workspace.cases.items():
            yield name, cases, self.workspace.document("tests", mapping=name)

    @property
    def has_every_event_name(self) -> bool:
        """Whether the name of every event with a contract is known: no contract is broken or without its event."""
        return not self.workspace.has_broken("contract") and all(c.event_name for c, _ in self.contracts())

    def rfc_findings(self) -> Iterator[Finding]:
        """What the RFCs of the workspace lack, whichever rule it belongs to."""
        for file in rfc_files(self.workspace.path):
            if file not in self.rfcs:
                self.rfcs[file] = check_rfc(self.workspace.path, file, self.workspace.teams)
            yield from self.rfcs[file]

    def mapping_faults(self, name: str) -> Sequence[MappingFault]:
        """Everything that is wrong with a mapping by itself."""
        plan = self._planned(name)
        return plan if isinstance(plan, list) else []

    def plan(self, name: str) -> Plan | None:
        """A mapping's plan, None when the mapping is wrong by itself (PL501 says so)."""
        plan = self._planned(name)
        return None if isinstance(plan, list) else plan

    def type_faults(self, name: str) -> Sequence[MappingFault]:
        """What contract and vendor say against a mapping; nothing when it is wrong by itself.

        Of an entry, one doubt is told, and none when it has a fault: others mostly follow from that.
        """
        if name not in self.reports:
            self.reports[name] = self._type_faults(name)
        return self.reports[name]

    def _type_faults(self, name: str) -> Sequence[MappingFault]:
        mapping, plan = self.workspace.mappings[name], self.plan(name)
        if plan is None:
            return []
        action = self.action(mapping.to)
        taken = self.contracts_taken(mapping)
        contracts = {contract.version: contract.schema for contract in taken if self.is_usable(contract)}
        report = check_versions(mapping, plan, contracts, True if action is None else action.payload)
        told = {fault.path for fault in report.faults}
        doubts = {doubt.path: doubt for doubt in reversed(report.unproven) if doubt.path not in told}
        return [*report.faults, *doubts.values()]

    def is_usable(self, contract: ContractFile) -> bool:
        """Whether a contract's schema can be checked against."""
        key = (contract.contract, contract.version)
        if key not in self.usable:
            self.usable[key] = not schema_faults(contract.schema)
        return self.usable[key]

    def contracts_taken(self, mapping: MappingFile) -> Sequence[ContractFile]:
        """The released contract versions that a mapping takes, oldest first; none when its range is wrong."""
        name = self.workspace.contract_for(event_key(mapping.from_))
        if name is None:
            return []
        try:
            wanted = VersionRange.parse(mapping.from_.contract)
        except UsageError:
            return []
        versions = self.workspace.versions(name)
        return [self.workspace.contracts[name][str(version)] for version in versions if wanted.admits(version)]

    def action(self, to: MappingTo) -> Action | None:
        """The action that a mapping feeds, None when there is none of that name."""
        connector = self.connector(to.connector)
        return None if connector is None else connector.actions.get(to.action)

    def _planned(self, name: str) -> Plan | list[MappingFault]:
        if name not in self.plans:
            self.plans[name] = plan_mapping(self.workspace.mappings[name])
        return self.plans[name]

    def connector(self, name: str) -> ConnectorFacts | None:
        """A connector by name; None when there is none of that name, or its description is wrong (PL215 says so)."""
        try:
            return self.connectors.load(name) if name in self.connectors.names else None
        except UsageError:
            return None


class Rule(ABC):
    """One rule over a whole workspace. Its docstring's first line is its row in the table of docs/findings.md.

    A rule is stateless. It yields a finding for every place that breaks it, and nothing about files that are broken
    already: those are not in the workspace.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    needs_today: ClassVar[bool] = False

    @abstractmethod
    def check(self, scope: Scope) -> Iterator[Finding]:
        """Everything in the scope that breaks this rule."""

    def finding(
        self,
        document: Document,
        path: Sequence[PathStep],
        message: str,
        *,
        hint: str = "",
        of_key: bool = False,
    ) -> Finding:
        """A finding of this rule's code and severity at a place."""
        return document.finding(self.code, path, message, hint=hint, severity=self.severity, of_key=of_key)


def mapping_places(integration: IntegrationFile) -> Iterator[tuple[tuple[str, int], str]]:
    """Every mapping that an integration names, with the place where it does."""
    yield from ((("events", index), name) for index, name in enumerate(integration.events))
    yield from ((("direct_events", index), name) for index, name in enumerate(integration.direct_events))
