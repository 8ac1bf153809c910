"""What a request needs in a workspace: the names of the parts, and which of them are there already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from paceline.assemble.plan.plan import Part, PartState
from paceline.connectors.catalog import Catalog
from paceline.decision.knowledge import event_family
from paceline.decision.report import Report
from paceline.model.contract import ContractFile
from paceline.model.integration import Stage
from paceline.model.request import Request
from paceline.workspace.contract_lock import read_lock
from paceline.workspace.json_document import read_json
from paceline.workspace.rfc import read_rfc, rfc_files
from paceline.workspace.workspace import Workspace, event_key

TOGGLES_FILE = "toggles.flagd.json"


class EventPart(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the request: its contract (None without one) and the mapping for it, which may be there already.

    `family` names the contract, the one that is there or the one to be drafted.
    """

    event: str
    family: str
    contract: ContractFile | None
    mapping: str
    has_mapping: bool

    @property
    def event_name(self) -> str:
        """The event as its contract calls it, or else as the request does."""
        return self.contract.event_name if self.contract is not None else self.event


class Blueprint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a request needs, by name.

    `integration` is the one that answers the request already, or the name for a new one. `neighbors` send one of its
    events to its vendor already, for another request. `rfc` is empty where there is none yet. `toggles` are those of
    toggles.flagd.json, None where there is no such file.
    """

    option: Stage
    integration: str
    is_answered: bool
    vendor: str
    has_connector: bool
    events: tuple[EventPart, ...]
    neighbors: tuple[str, ...]
    rfc: str
    has_runbook: bool
    toggles: frozenset[str] | None

    @property
    def toggle(self) -> str:
        """The name of its route toggle."""
        return f"route_{self.integration}"

    @property
    def needs_toggle(self) -> bool:
        """Whether there is, or will be, a hybrid that needs one."""
        return self.option is Stage.HYBRID and (self.is_answered or self.begins_integration)

    @property
    def begins_integration(self) -> bool:
        """Whether a program can begin the integration: the vendor is known, and nothing does the same already."""
        return not self.is_answered and not self.neighbors and self.has_connector and bool(self.events)


def draw_blueprint(workspace: Workspace, catalog: Catalog, request: Request, option: Stage) -> Blueprint:
    """The names of a request's parts in a workspace."""
    answering = [name for name, one in workspace.integrations.items() if request.request == (one.request or name)]
    name = answering[0] if answering else integration_name(request.request)
    has_connector = request.vendor in catalog.names
    rivals = list(_rivals(workspace, catalog, request)) if not answering else []
    own = [mapping for rival in rivals for mapping in workspace.integrations[rival].events]
    if answering:
        own = workspace.integrations[name].events
    events = tuple(_event_part(workspace, event, request.vendor, name, own) for event in request.events)
    return Blueprint(
        option=option,
        integration=name,
        is_answered=bool(answering),
        vendor=request.vendor,
        has_connector=has_connector,
        events=events,
        neighbors=tuple(rival for rival in rivals if _shares(workspace, rival, events)),
        rfc=_rfc_of(workspace, request, name),
        has_runbook=(workspace.path / f"runbooks/{name}.md").is_file(),
        toggles=_toggles(workspace),
    )


def integration_name(request: str) -> str:
    """A request's name as that of an integration.

    >>> integration_name("GROW-12"), integration_name("2027 launch")
    ('grow_12', 'request_2027_launch')
    """
    name = re.sub(r"[^a-z0-9]+", "_", request.lower()).strip("_")
    return name if name[:1].isalpha() else f"request_{name}"


def find_parts(workspace: Workspace, request: Request, report: Report, blueprint: Blueprint) -> tuple[Part, ...]:
    """What the verdict asks for, and which of it is there."""
    connection = tuple(_connection(workspace, blueprint))
    safeguards = (*_alerts(workspace, request, blueprint), *_ending(blueprint))
    match blueprint.option:
        case Stage.SPRINT:
            return (*connection, *safeguards)
        case Stage.HYBRID:
            return (*connection, _toggle(blueprint), *safeguards)
        case Stage.MARATHON:
            platform = (_identity(report), _deprecation(workspace, blueprint))
            return (*_contracts(workspace, blueprint), *connection, *platform, *safeguards)


def _connection(workspace: Workspace, blueprint: Blueprint) -> Iterator[Part]:
    """The mapping, its tests and the integration; or why a program cannot begin with them."""
    if not blueprint.vendor:
        yield Part(
            what="connector, mapping file, contract tests and integration",
            state=PartState.OPEN,
            because="the request names no vendor: add `vendor: …` to it (docs/connectors.md)",
        )
        return
    if not blueprint.has_connector:
        yield Part(
            what="connector",
            state=PartState.OPEN,
            where=f"paceline new connector {blueprint.vendor}",
            because=f"there is none for {blueprint.vendor!r} yet",
        )
    if not blueprint.events:
        yield Part(what="mapping file", state=PartState.OPEN, because="the request names no events")
    for part in blueprint.events:
        if part.contract is None and blueprint.option is not Stage.MARATHON:
            yield _contract_draft(part)
        yield _file_part("mapping file", f"mappings/{part.mapping}.yaml", workspace, blueprint, part)
        yield _file_part("contract tests", f"tests/{part.mapping}.yaml", workspace, blueprint, part)
    route = "bus" if blueprint.option is Stage.MARATHON else "direct"
    what = f"integration ({blueprint.option}, route {route})"
    file = f"integrations/{blueprint.integration}.yaml"
    if blueprint.is_answered:
        stage = workspace.integrations[blueprint.integration].stage
        told = "" if stage is blueprint.option else f"it is a {stage} now"
        yield Part(what=what, state=PartState.OPEN if told else PartState.THERE, where=file, because=told)
    elif blueprint.neighbors:
        names = " and ".join(blueprint.neighbors)
        because = (
            f"{names} sends the same event to {blueprint.vendor} already: add `request: …` and what is missing there, "
            "or say why a second one is needed"
        )
        yield Part(
            what=what, state=PartState.OPEN, where=f"integrations/{blueprint.neighbors[0]}.yaml", because=because
        )
    elif blueprint.begins_integration:
        yield Part(what=what, state=PartState.TO_WRITE, where=file)
    else:
        yield Part(what=what, state=PartState.OPEN, where=file, because="it needs the connector and a mapping first")


def _file_part(what: str, file: str, workspace: Workspace, blueprint: Blueprint, part: EventPart) -> Part:
    if file in workspace.documents:
        return Part(what=what, state=PartState.THERE, where=file)
    if not blueprint.has_connector:
        return Part(what=what, state=PartState.OPEN, where=file, because="it needs the connector first")
    return Part(what=what, state=PartState.TO_WRITE, where=file)


def _contracts(workspace: Workspace, blueprint: Blueprint) -> Iterator[Part]:
    lock = read_lock(workspace.path)
    for part in blueprint.events:
        if part.contract is None:
            yield _contract_draft(part)
            yield Part(
                what="registry entry",
                state=PartState.OPEN,
                where="paceline contracts release",
                because=f"{part.event} is released once every reader agreed",
            )
            continue
        name, version = part.contract.contract, part.contract.version
        yield Part(what="contract", state=PartState.THERE, where=f"contracts/{name}/{version}.yaml")
        release = lock.find(name, version)
        if release is not None:
            yield Part(what="registry entry", state=PartState.THERE, where=f"contracts.lock:{release.line}")
        else:
            because = f"{name} {version} is not released"
            yield Part(what="registry entry", state=PartState.OPEN, where="paceline contracts release", because=because)


def _contract_draft(part: EventPart) -> Part:
    because = "a draft with the fields that the request names; paceline infer makes one from events that were seen"
    file = f"contracts/{part.family}/0.1.0.yaml"
    return Part(what="contract", state=PartState.TO_WRITE, where=file, because=because)


def _alerts(workspace: Workspace, request: Request, blueprint: Blueprint) -> Iterator[Part]:
    """The alert set: what is promised, who is told, and what they do then."""
    team = workspace.teams.teams.get(request.owner.team) if request.owner is not None else None
    if request.sla is None:
        yield Part(what="service level", state=PartState.OPEN, because="the request promises nothing (sla)")
    else:
        told = f"{request.sla.success_ratio * 100:g} % within {request.sla.delivered_within_secs:g} s"
        yield Part(what=f"service level: {told}", state=PartState.THERE, where="backlog.yaml")
    if team is None:
        yield Part(what="alerts", state=PartState.OPEN, because="the owner is no team of teams.yaml")
    else:
        rota = "with a rota" if team.rota else "its rota is not in teams.yaml"
        where = (
            f"teams.yaml:{workspace.document('teams').place(('teams', request.owner.team)).line}"
            if request.owner
            else ""
        )
        yield Part(what=f"alerts go to {team.on_call} ({rota})", state=PartState.THERE, where=where)
    file = f"runbooks/{blueprint.integration}.md"
    if blueprint.is_answered:
        file = workspace.integrations[blueprint.integration].runbook or file
    if (workspace.path / file).is_file():
        yield Part(what="runbook", state=PartState.THERE, where=file)
    elif blueprint.begins_integration:
        yield Part(what="runbook", state=PartState.TO_WRITE, where=file)
    else:
        yield Part(what="runbook", state=PartState.OPEN, where=file, because="it comes with the integration")


def _ending(blueprint: Blueprint) -> Iterator[Part]:
    what = {
        Stage.SPRINT: "plan for its end (RFC)",
        Stage.HYBRID: "migration plan (RFC)",
        Stage.MARATHON: "RFC for the council",
    }[blueprint.option]
    if blueprint.rfc:
        yield Part(what=what, state=PartState.THERE, where=blueprint.rfc)
    else:
        yield Part(what=what, state=PartState.TO_WRITE, where="rfcs/")


def _toggle(blueprint: Blueprint) -> Part:
    what = f"route toggle {blueprint.toggle}"
    if not blueprint.needs_toggle:
        return Part(what=what, state=PartState.OPEN, where=TOGGLES_FILE, because="it comes with the integration")
    if blueprint.toggles is None:
        return Part(what=what, state=PartState.TO_WRITE, where=TOGGLES_FILE)
    if blueprint.toggle in blueprint.toggles:
        return Part(what=what, state=PartState.THERE, where=TOGGLES_FILE)
    because = "add it to the file, which is there and is never overwritten; --json shows the flag"
    return Part(what=what, state=PartState.OPEN, where=TOGGLES_FILE, because=because)


def _identity(report: Report) -> Part:
    personal = next((fact for fact in report.known if fact.path == "data_classes"), None)
    told = f" ({personal.says})" if personal is not None else ""
    return Part(
        what="identity step",
        state=PartState.OPEN,
        because=f"say which fields tell who a person is, and who may merge them{told}",
    )


def _deprecation(workspace: Workspace, blueprint: Blueprint) -> Part:
    """The end of what the marathon replaces."""
    wanted = {event_family(part.event) for part in blueprint.events}
    replaced = [
        (name, one)
        for name, one in workspace.integrations.items()
        if one.stage is not Stage.MARATHON
        and name != blueprint.integration
        and any(
            event_family(workspace.mappings[m].from_.event_name) in wanted
            for m in one.events
            if m in workspace.mappings
        )
    ]
    if not replaced:
        return Part(what="deprecation path", state=PartState.THERE, because="no temporary integration uses its events")
    ends = "; ".join(f"{name} ends {one.expires or 'never'}" for name, one in replaced)
    return Part(
        what="deprecation path",
        state=PartState.OPEN,
        where="paceline governance deprecations",
        because=f"say which of these it replaces, and bring their ends forward: {ends}",
    )


def _event_part(workspace: Workspace, event: str, vendor: str, integration: str, own: Sequence[str]) -> EventPart:
    """One event with its contract and its mapping; `own` are the mappings of what answers the request, or could."""
    family = event_family(event)
    contract = None
    for name in workspace.contracts:
        newest = workspace.contracts[name][str(workspace.versions(name)[-1])]
        if family in (event_family(newest.event_name), event_family(name)):
            contract = newest
    key = event_key(contract) if contract is not None else None
    fitting = [
        name
        for name, spec in sorted(workspace.mappings.items())
        if spec.to.connector == vendor
        and (event_key(spec.from_) == key or event_family(spec.from_.event_name) == family)
    ]
    unused = set(fitting).difference(*(one.events for one in workspace.integrations.values()))
    existing = next((name for name in fitting if name in own or name in unused), None)
    family = contract.contract if contract is not None else family
    name = f"{family}.{vendor or 'vendor'}"
    if name in workspace.mappings and existing is None:
        name = f"{family}.{integration}"  # another integration sends the event to another place of this vendor
    return EventPart(
        event=event, family=family, contract=contract, mapping=existing or name, has_mapping=existing is not None
    )


def _rivals(workspace: Workspace, catalog: Catalog, request: Request) -> Iterator[str]:
    """The integrations with the request's vendor that may answer it.

    Where the host is for the user to say, such as with a webhook, another team's integration sends to another place.
    """
    if request.vendor not in catalog.names:
        return
    is_one_place = catalog.manifest(request.vendor).hosts_fixed
    team = request.owner.team if request.owner is not None else ""
    for name, one in workspace.integrations.items():
        if one.connector == request.vendor and (is_one_place or one.owner.team == team):
            yield name


def _shares(workspace: Workspace, rival: str, events: tuple[EventPart, ...]) -> bool:
    """Whether an integration sends one of these events already."""
    mappings = {part.mapping for part in events if part.has_mapping}
    return bool(mappings & set(workspace.integrations[rival].events))


def _toggles(workspace: Workspace) -> frozenset[str] | None:
    path = workspace.path / TOGGLES_FILE
    if not path.is_file():
        return None
    document, _ = read_json(path.read_bytes(), TOGGLES_FILE)
    flags = document.value.get("flags") if document is not None and isinstance(document.value, dict) else None
    return frozenset(flags) if isinstance(flags, dict) else frozenset()


def _rfc_of(workspace: Workspace, request: Request, integration: str) -> str:
    """The RFC that names the request, or is the plan of the integration that answers it."""
    for file in rfc_files(workspace.path):
        rfc, _ = read_rfc(workspace.path, file)
        if rfc is not None and rfc.head.request == request.request:
            return file
    existing = workspace.integrations.get(integration)
    return existing.migration.plan if existing is not None and existing.migration is not None else ""
