"""The deprecation register: contracts and integrations with an announced end, and who still uses them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from paceline.connectors.catalog import Catalog
from paceline.lifecycle.deprecations import Ending, in_order
from paceline.workspace.calendar import day_or_none
from paceline.workspace.commits import commits_of, is_in_git
from paceline.workspace.rule import Scope
from paceline.workspace.workspace import Workspace


def read_register(workspace: Workspace) -> list[Ending]:
    """Everything with an announced end, what ends first at the top. Days that are in no calendar are left out."""
    return in_order([*_contracts(workspace), *_integrations(workspace)])


def _contracts(workspace: Workspace) -> Iterator[Ending]:
    scope = Scope(workspace=workspace, connectors=Catalog(workspace.path / "connectors"))
    consumers = _consumers(scope)
    for contract, document in scope.contracts():
        deprecation = contract.deprecation
        last_day = day_or_none(deprecation.remove_after) if deprecation is not None else None
        if deprecation is None or last_day is None:
            continue
        line = document.place(("deprecation",), of_key=True).line
        yield Ending(
            name=f"{contract.contract} {contract.version}",
            kind="contract",
            owner=contract.owner.team,
            since=day_or_none(deprecation.deprecated_since),
            last_day=last_day,
            replacement=deprecation.replacement,
            consumers=consumers.get((contract.contract, contract.version), ()),
            place=f"{document.file}:{line}",
        )


def _consumers(scope: Scope) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """By contract version, the integrations that take it; those that take nothing newer say so."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for name, integration, _ in scope.integrations():
        for mapping in integration.events:
            spec = scope.workspace.mappings.get(mapping)
            taken = scope.contracts_taken(spec) if spec is not None else ()
            for contract in taken:
                told = f"{name} (takes nothing newer)" if contract is taken[-1] else name
                found.setdefault((contract.contract, contract.version), {})[told] = None
    return {version: tuple(sorted(names)) for version, names in found.items()}


def _integrations(workspace: Workspace) -> Iterator[Ending]:
    has_history = is_in_git(workspace.path)
    for name, integration in workspace.integrations.items():
        last_day = day_or_none(integration.expires)
        if last_day is None:
            continue
        document = workspace.document("integration", integration=name)
        migration = integration.migration
        yield Ending(
            name=name,
            kind=str(integration.stage),
            owner=integration.owner.team,
            since=_first_day(workspace, document.file) if has_history else None,
            last_day=last_day,
            replacement=f"{migration.to}: {migration.plan}" if migration is not None else "",
            consumers=(integration.connector,),
            place=f"{document.file}:{document.place(('expires',), of_key=True).line}",
        )


def _first_day(workspace: Workspace, file: str) -> dt.date | None:
    """The day of the commit that added a file."""
    commits = commits_of(workspace.path, file)
    return commits[-1].day if commits else None
