"""Destinations of RudderStack as files of a workspace: integrations, mappings with tests, and what went missing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

import msgspec

from paceline.assemble.mapping_repair import repaired
from paceline.assemble.mapping_trial import first_case
from paceline.connectors.catalog import Catalog
from paceline.connectors.described import DescribedConnector
from paceline.errors import UnknownNameError, UsageError
from paceline.exchange.contract_text import contract_path, contract_text
from paceline.exchange.integration import ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.names import snake_case, unused_name
from paceline.exchange.rudderstack_export import Destination, ReadConfig, common_losses
from paceline.model.contract import ContractFile, Owner
from paceline.model.integration import Stage
from paceline.model.mapping import EVERY_EVENT, MappingFile
from paceline.workspace.rfc import first_of_teams, next_number
from paceline.workspace.scaffold_files import IntegrationPlan, integration_files
from paceline.workspace.scaffold_text import cases_text, mapping_text, schema_reference
from paceline.workspace.workspace import Workspace, event_key
from paceline.workspace.yaml_text import block_text

DAYS = 84
"""How long a sprint or a hybrid runs unless somebody says otherwise."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What RudderStack does not know of an integration: who owns it, its stage, and the day on which it ends."""

    owner: Owner
    stage: Stage
    expires: dt.date


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A setting whose value is in no file: which one, and the environment variable that must hold it."""

    variable: str
    integration: str
    setting: str


class ImportedFiles(msgspec.Struct, kw_only=True):
    """Files by path below the workspace, and what a person has to know and to say.

    `integrations` names what was made, `left_out` destinations that are switched off, `refused` those that nothing was
    made of, with the reason. `personal` lists fields to which personal data flows, as it did before.
    """

    files: dict[str, bytes] = {}
    integrations: list[str] = []
    secrets: list[Secret] = []
    personal: list[str] = []
    to_say: list[str] = []
    losses: list[Loss] = []
    left_out: list[str] = []
    refused: list[str] = []


def import_destinations(destinations: Sequence[Destination], workspace: Workspace, terms: Terms) -> ImportedFiles:
    """Everything that the destinations become. Nothing is written, and nothing that is there already is changed."""
    making = _Making(workspace, terms)
    for destination in destinations:
        making.add(destination)
    return making.made


class _Making:
    def __init__(self, workspace: Workspace, terms: Terms) -> None:
        self.made = ImportedFiles()
        self._workspace = workspace
        self._terms = terms
        self._catalog = Catalog(workspace.path / "connectors")
        self._mappings = dict(workspace.mappings)
        self._contracts = {event_key(one) for versions in workspace.contracts.values() for one in versions.values()}
        self._rfc = int(next_number(workspace.path)) - 1
        texts = {file: document.text for file, document in workspace.documents.items()}
        has_schemas = (workspace.path / "schemas").is_dir()
        self._schemas = {
            kind: schema_reference(texts, folder, kind, has_schemas=has_schemas)
            for folder, kind in (("mappings", "mapping"), ("tests", "tests"), ("integrations", "integration"))
        }

    def add(self, destination: Destination) -> None:
        """Add what one destination becomes, or why it becomes nothing."""
        config = ReadConfig(destination.config)
        try:
            name, imported = self._catalog.read_rudderstack(destination.vendor, config)
            connector = self._catalog.load(name)
            for one in imported.integrations:
                faults = connector.settings_faults(one.settings)
                if faults:
                    place = ".".join(map(str, faults[0].path)) or "settings"
                    raise UsageError(faults[0].message, where=place, remedy=faults[0].hint)
        except UnknownNameError:
            self.made.refused.append(
                f"{destination.name}: no connector reads destinations of type {destination.vendor}"
            )
            return
        except UsageError as error:
            self.made.refused.append(f"{destination.name}: {error}")
            return
        description = f"RudderStack's destination {destination.name}, to {connector.manifest.title}."
        there = [
            known for known, file in self._workspace.integrations.items() if file.description.startswith(description)
        ]
        if there:
            self.made.refused.append(f"{destination.name}: it was imported before, as integrations/{there[0]}.yaml")
            return
        base = _integration_name(destination.name)
        for one in imported.integrations:
            name = f"{base}_{_integration_name(one.purpose)}" if one.purpose else base
            name = unused_name(name, {*self._workspace.integrations, *self.made.integrations})
            self._add_integration(name, one, connector, description)
        self.made.losses += [*imported.losses, *common_losses(destination, config.unread())]

    def _add_integration(
        self, name: str, one: ImportedIntegration, connector: DescribedConnector, description: str
    ) -> None:
        taken = any(mapping.mapping in self._mappings for mapping in one.mappings)
        events = [self._add_mapping(mapping, connector, f"_{name}" if taken else "") for mapping in one.mappings]
        secrets: list[Secret] = []
        settings = _with_references(one.settings, connector, name, secrets)
        self._rfc += 1
        # The scaffold counts from the day of its making to the end date; ours is given.
        today = self._terms.expires - dt.timedelta(days=DAYS)
        plan = IntegrationPlan(
            name=name,
            manifest=connector.manifest,
            mappings=events,
            team=self._terms.owner.team,
            stage=self._terms.stage,
            number=f"{self._rfc:04}",
            reviewers=first_of_teams(self._workspace.teams, [self._terms.owner.team]),
        )
        files = dict(integration_files(plan, today=today))
        path = f"integrations/{name}.yaml"
        files[path] = self._integration_text(plan, settings, description, files)
        variables = ", ".join(f"`{secret.variable}`" for secret in secrets) or "its settings"
        runbook = f"runbooks/{name}.md"
        files[runbook] = re.sub(rb"They come from [^;]*;", f"They come from {variables};".encode(), files[runbook])
        self.made.files |= files
        self.made.integrations.append(name)
        self.made.secrets += secrets

    def _integration_text(
        self, plan: IntegrationPlan, settings: Mapping[str, object], description: str, files: Mapping[str, bytes]
    ) -> bytes:
        name = plan.name
        terms = self._terms
        said: dict[str, object] = {
            "integration": name,
            "description": description,
            "connector": plan.manifest.connector,
            "stage": terms.stage.value,
            "owner": {"team": terms.owner.team, "role": terms.owner.role},
            "sla": {"delivered_within_secs": 300, "success_ratio": 0.99},
            "events": list(plan.mappings),
            "settings": dict(settings),
            "route": "bus" if terms.stage is Stage.MARATHON else "direct",
        }
        if terms.stage is not Stage.MARATHON:
            said["expires"] = terms.expires.isoformat()
            rfc = next(file for file in files if file.startswith("rfcs/"))
            following = Stage.HYBRID if terms.stage is Stage.SPRINT else Stage.MARATHON
            said["migration"] = {"to": following.value, "plan": rfc}
            self.made.to_say.append(f"{rfc}: why it begins as a {terms.stage.value}, and what comes after")
        said["runbook"] = f"runbooks/{name}.md"
        said["risk"] = {"privacy": 3, "lock_in": 3, "performance": 3, "observability": 3}
        self.made.to_say += [
            f"runbooks/{name}.md: who notices that it is down, and whether it can wait",
            f"integrations/{name}.yaml: its risk (3 everywhere so far), its purposes and its sources",
        ]
        head = (
            f"# yaml-language-server: $schema={self._schemas['integration']}\n" if self._schemas["integration"] else ""
        )
        return f"{head}{block_text(said)}\n".encode()

    def _add_mapping(self, given: MappingFile, connector: DescribedConnector, suffix: str) -> str:
        """Add one mapping with its tests and, where its event has no contract, an open one; returns its name."""
        event, _, vendor = given.mapping.rpartition(".")
        taken = {name.removesuffix(f".{vendor}") for name in self._mappings if name.endswith(f".{vendor}")}
        mapping = msgspec.structs.replace(given, mapping=f"{unused_name(event + suffix, taken)}.{vendor}")
        self._add_contract(mapping)
        repair = repaired(mapping, self._schemas_of(mapping), connector)
        mapping = repair.mapping
        self._mappings[mapping.mapping] = mapping
        text = mapping_text(mapping, [], schema=self._schemas["mapping"])
        self.made.files[f"mappings/{mapping.mapping}.yaml"] = text.encode()
        case = first_case(mapping, connector)
        tests = cases_text(mapping.mapping, [case], schema=self._schemas["tests"])
        self.made.files[f"tests/{mapping.mapping}.yaml"] = tests.encode()
        self.made.personal += [f"{mapping.mapping}: {one}" for one in repair.personal]
        self.made.to_say += [f"mappings/{mapping.mapping}.yaml: {one}" for one in repair.left]
        return mapping.mapping

    def _schemas_of(self, mapping: MappingFile) -> Mapping[str, dict[str, object]]:
        name = self._workspace.contract_for(event_key(mapping.from_))
        versions = self._workspace.contracts.get(name, {}) if name else {}
        return {version: contract.schema for version, contract in versions.items()}

    def _add_contract(self, mapping: MappingFile) -> None:
        """A contract that demands nothing, for a call that the workspace does not know yet."""
        key = event_key(mapping.from_)
        event = mapping.from_.event
        if key in self._contracts or event == EVERY_EVENT:
            return
        self._contracts.add(key)
        call = event or f"{mapping.from_.type} calls"
        contract = ContractFile(
            contract=unused_name(snake_case(event or mapping.from_.type), self._workspace.contracts),
            version="1.0.0",
            description=f"{call} as RudderStack's SDKs send it. Says nothing about its fields yet.",
            owner=self._terms.owner,
            type=mapping.from_.type,
            event=event,
            schema={"type": "object"},
        )
        self.made.files[contract_path(contract)] = contract_text(contract).encode()
        self.made.to_say.append(f"{contract_path(contract)}: what {call} have in them (see `paceline infer`)")


def _integration_name(title: str) -> str:
    """A destination's name as an integration can be called: lower-case words joined by _."""
    name = re.sub(r"[^a-z0-9_]", "", snake_case(title))
    return name or "destination"


def _with_references(
    settings: Mapping[str, object], connector: DescribedConnector, integration: str, secrets: list[Secret]
) -> Mapping[str, object]:
    """The settings with references to environment variables in place of credentials, which are added to `secrets`."""

    def refer(value: object, path: Sequence[str]) -> object:
        if isinstance(value, Mapping):
            return {key: refer(inner, [*path, str(key)]) for key, inner in value.items()}
        variable = re.sub(r"[^A-Z0-9]+", "_", "_".join([integration, *path]).upper()).strip("_")
        secrets.append(Secret(variable=variable, integration=integration, setting=".".join(path)))
        return f"${{env:{variable}}}"

    hidden = connector.secret_settings
    return {name: refer(value, [name]) if name in hidden else value for name, value in settings.items()}
