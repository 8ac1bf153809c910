"""From a workspace to the bundle of one integration: what delivers it, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import msgspec

import paceline
from paceline.assemble.lanes import compiled_mapping, laid_mapping
from paceline.assemble.opening import OpenWorkspace
from paceline.delivery.plan import TRACK_PREFIX
from paceline.deploy.bundle import BUNDLE_FILE, CODE_FILE, Bundle, PackedMapping, write_bundle
from paceline.errors import UnknownNameError, UsageError, WorkspaceError
from paceline.model.connector import ActionsFile
from paceline.model.contract import ContractFile
from paceline.model.integration import IntegrationFile
from paceline.model.settings import PacelineFile
from paceline.workspace.lint import lint

EXPIRY_RULES = frozenset({"PL304", "PL410"})
"""An integration past its end date, a contract version past its last day."""


class PackedIntegration(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle, and the files of the package `paceline_integration` that hold it and its code."""

    bundle: Bundle
    files: Mapping[str, bytes]
    mapping_sources: tuple[str, ...]


def pack_integration(
    opened: OpenWorkspace, name: str, *, source: str = "", today: dt.date | None = None
) -> PackedIntegration:
    """One integration with its mappings as Python source, its connector, its contracts and its sources.

    `source` is whom events belong to that come without saying so; the integration's first one when it is empty. Raises
    UnknownNameError, WorkspaceError when the integration or a contract of its has ended before `today`, UsageError.
    """
    workspace = opened.workspace
    integration = workspace.integrations.get(name)
    if integration is None:
        raise UnknownNameError("integration", name, workspace.integrations)
    specs = [workspace.mappings[mapping] for mapping in integration.events]
    laid = [laid_mapping(compiled_mapping(spec)) for spec in specs]
    contracts = _contracts(workspace.contracts, {mapping.takes for mapping in laid})
    if today is not None:
        _require_not_expired(opened, integration, contracts, today)
    connector = opened.catalog.load(integration.connector)
    used = {mapping.action for mapping in laid}
    sources = _sources(workspace.settings, integration)
    bundle = Bundle(
        paceline=paceline.__version__,
        integration=integration,
        settings=PacelineFile(
            workspace=workspace.settings.workspace,
            gateway=workspace.settings.gateway,
            door=msgspec.structs.replace(
                workspace.settings.door,
                contracts={key: rules for key, rules in workspace.settings.door.contracts.items() if key in contracts},
            ),
            egress=workspace.settings.egress,
            sources={key: declared for key, declared in workspace.settings.sources.items() if key in sources},
        ),
        contracts=contracts,
        manifest=connector.manifest,
        actions=ActionsFile(actions={key: action for key, action in connector.actions.items() if key in used}),
        mappings=[
            PackedMapping(
                name=one.name, version=one.version, takes=one.takes, action=one.action, module=f"mapping_{at}"
            )
            for at, one in enumerate(laid)
        ],
        source=_source(source, sources, name),
    )
    texts = tuple(_mapping_source(compiled_mapping(spec).source, spec.mapping, spec.version) for spec in specs)
    files = {f"mapping_{number}.py": text.encode() for number, text in enumerate(texts)}
    files["__init__.py"] = f'"""The integration {name}, packed by paceline {paceline.__version__}."""\n'.encode()
    files[BUNDLE_FILE] = write_bundle(bundle)
    code = opened.catalog.folders[integration.connector] / CODE_FILE
    if code.is_file():
        files[CODE_FILE] = code.read_bytes()
    return PackedIntegration(bundle=bundle, files=files, mapping_sources=texts)


def _mapping_source(source: str, name: str, version: int) -> str:
    """The generated function as a module. It sees what generated code may see, and nothing else: no builtins either."""
    return (
        f'"""The mapping {name}, version {version}. Generated; change the mapping file and build again."""\n\n'
        "from paceline.mapping.generate.runtime import NAMESPACE\n\n"
        f"globals().update(NAMESPACE)\n\n\n{source}"
    )


def _contracts(
    declared: Mapping[str, Mapping[str, ContractFile]], takes: set[str]
) -> dict[str, dict[str, ContractFile]]:
    """The contracts of the events that the mappings take."""
    found: dict[str, dict[str, ContractFile]] = {}
    for name, versions in declared.items():
        newest = next(iter(versions.values()))
        kind = f"{TRACK_PREFIX}{newest.event}" if newest.type == "track" else str(newest.type)
        if kind in takes or ("" in takes and kind.startswith(TRACK_PREFIX)):
            found[name] = dict(versions)
    return found


def _sources(settings: PacelineFile, integration: IntegrationFile) -> list[str]:
    return [name for name in settings.sources if not integration.sources or name in integration.sources]


def _source(asked: str, sources: list[str], name: str) -> str:
    if asked and asked not in sources:
        raise UnknownNameError(f"source of {name}", asked, sources, where="--source")
    if not sources:
        raise UsageError(f"{name} takes events of no source", where="paceline.yaml", remedy="declare a source")
    return asked or sources[0]


def _require_not_expired(
    opened: OpenWorkspace, integration: IntegrationFile, contracts: Mapping[str, Mapping[str, object]], today: dt.date
) -> None:
    name = integration.integration
    about = {f"integrations/{name}.yaml"}
    about |= {
        str(Path("contracts", key, f"{version}.yaml")) for key, versions in contracts.items() for version in versions
    }
    findings = [
        finding
        for finding in lint(opened.workspace, opened.catalog, today=today)
        if finding.code in EXPIRY_RULES and finding.file in about
    ]
    if findings:
        raise WorkspaceError(
            f"{name} cannot be built: {findings[0].message}",
            findings,
            where=findings[0].file,
            remedy=findings[0].hint,
        )
