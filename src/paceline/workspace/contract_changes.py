"""What changed in contracts between two states of a workspace, whom it breaks, and the event that proves it."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

import msgspec

from paceline.contracts.compatibility import Comparison, Mode, Policy, Verdict, bump, compare
from paceline.contracts.versions import Version, VersionRange
from paceline.errors import SchemaError, UsageError
from paceline.model.contract import ContractFile
from paceline.workspace.workspace import Workspace, event_key

Contracts = Mapping[str, Mapping[str, ContractFile]]


class ChangeKind(enum.StrEnum):
    """What happened to a contract version."""

    NEW_CONTRACT = "new_contract"
    NEW_VERSION = "new_version"
    EDITED = "edited"
    """A version that was there has another schema now, which a released version must never get."""
    DEPRECATED = "deprecated"
    REMOVED = "removed"


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping that takes the event, and an integration that uses it; `integration` is empty without one.

    `takes` says whether its version range admits the version. `owner` is the integration's team, `on_call` whom to ask.
    """

    mapping: str
    integration: str
    stage: str
    takes: bool
    owner: str
    on_call: str


class ContractChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one contract version.

    `backward` says whether events of the version before (`since`) still fit: if not, producers that were not updated
    end in quarantine. `forward` says whether readers of the version before understand the new events. Both are None
    where there is nothing to compare. `bump` is the part of the version that had to rise. `owner` is the team to ask.
    """

    contract: str
    event: str
    kind: ChangeKind
    version: str
    since: str = ""
    backward: Comparison | None = None
    forward: Comparison | None = None
    bump: str = ""
    problem: str = ""
    owner: str
    on_call: str = ""
    consumers: tuple[Consumer, ...] = ()

    @property
    def is_breaking(self) -> bool:
        """Whether somebody has to act: old events do not fit, or a version is gone or was changed in place."""
        if self.kind in {ChangeKind.REMOVED, ChangeKind.EDITED} or self.problem:
            return True
        return self.backward is not None and self.backward.verdict is not Verdict.COMPATIBLE


def contract_changes(before: Contracts, workspace: Workspace) -> list[ContractChange]:
    """Every change since `before`, those that break first, then by contract and version."""
    changes: list[ContractChange] = []
    after = workspace.contracts
    for name in sorted({*before, *after}):
        old, new = before.get(name, {}), after.get(name, {})
        for version in sorted({*old, *new}, key=Version.parse):
            changes += _version_changes(name, version, old, new, workspace)
    return sorted(changes, key=lambda change: not change.is_breaking)


def _version_changes(
    name: str, version: str, old: Mapping[str, ContractFile], new: Mapping[str, ContractFile], workspace: Workspace
) -> Iterator[ContractChange]:
    if version not in new:
        yield _change(old[version], ChangeKind.REMOVED, workspace)
    elif version not in old:
        since = _version_before(version, new)
        if since is None:
            yield _change(new[version], ChangeKind.NEW_CONTRACT if not old else ChangeKind.NEW_VERSION, workspace)
        else:
            yield _compared(new[since], new[version], ChangeKind.NEW_VERSION, workspace)
    else:
        if old[version].schema != new[version].schema or old[version].event_name != new[version].event_name:
            yield _compared(old[version], new[version], ChangeKind.EDITED, workspace)
        if new[version].deprecation is not None and new[version].deprecation != old[version].deprecation:
            yield _change(new[version], ChangeKind.DEPRECATED, workspace)


def _version_before(version: str, versions: Mapping[str, ContractFile]) -> str | None:
    """The version that this one was made from: the highest one below it."""
    lower = [one for one in versions if Version.parse(one) < Version.parse(version)]
    return max(lower, key=Version.parse, default=None)


def _compared(original: ContractFile, update: ContractFile, kind: ChangeKind, workspace: Workspace) -> ContractChange:
    change = _change(update, kind, workspace)
    try:
        backward = compare(original.schema, update.schema, policy=Policy.LENIENT, mode=Mode.BACKWARD)
        forward = compare(original.schema, update.schema, policy=Policy.LENIENT, mode=Mode.FORWARD)
        needed = bump(original.schema, update.schema)
    except SchemaError as error:
        return msgspec.structs.replace(change, since=original.version, problem=str(error))
    return msgspec.structs.replace(change, since=original.version, backward=backward, forward=forward, bump=needed)


def _change(contract: ContractFile, kind: ChangeKind, workspace: Workspace) -> ContractChange:
    team = workspace.teams.teams.get(contract.owner.team)
    return ContractChange(
        contract=contract.contract,
        event=contract.event_name,
        kind=kind,
        version=contract.version,
        owner=contract.owner.team,
        on_call=team.on_call if team else "",
        consumers=tuple(_consumers(contract, workspace)),
    )


def _consumers(contract: ContractFile, workspace: Workspace) -> Iterator[Consumer]:
    for name, mapping in sorted(workspace.mappings.items()):
        if event_key(mapping.from_) != event_key(contract):
            continue
        try:
            takes = VersionRange.parse(mapping.from_.contract).admits(Version.parse(contract.version))
        except UsageError:
            takes = False
        users = [one for _, one in sorted(workspace.integrations.items()) if name in (*one.events, *one.direct_events)]
        for integration in users:
            team = workspace.teams.teams.get(integration.owner.team)
            yield Consumer(
                mapping=name,
                integration=integration.integration,
                stage=integration.stage.value,
                takes=takes,
                owner=integration.owner.team,
                on_call=team.on_call if team else "",
            )
        if not users:
            yield Consumer(mapping=name, integration="", stage="", takes=takes, owner="", on_call="")
