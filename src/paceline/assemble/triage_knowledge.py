"""What a workspace knows that bears on requests: what is there, in which debt it is, and what work took before."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from paceline.assemble.actuals import known_actuals
from paceline.assemble.debt.measure import CodeView, DebtMeter, known_grades
from paceline.assemble.review_waits import ReviewWaits
from paceline.connectors.catalog import Catalog
from paceline.contracts.versions import Version
from paceline.decision.calibration import NO_CALIBRATION, Calibration, from_file
from paceline.decision.knowledge import (
    NOTHING_KNOWN,
    KnownAdapter,
    KnownContract,
    KnownFacts,
    KnownGrade,
    KnownTeam,
)
from paceline.mapping.schemas import own_personal_data
from paceline.model.contract import ContractFile
from paceline.model.event import EventType
from paceline.model.mapping import FieldRule, MappingFile
from paceline.model.request import DebtGrade
from paceline.workspace.document import ValuePath
from paceline.workspace.kinds import CONNECTORS_FOLDER
from paceline.workspace.load import load_workspace
from paceline.workspace.workspace import Workspace

_PATH = re.compile(r"\$(?:\.[A-Za-z_]\w*)+")
_BUILT_IN = "built in"


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a workspace says to requests: facts about them, how its people's guesses came out, and who reviews when."""

    known: KnownFacts = NOTHING_KNOWN
    calibration: Calibration = NO_CALIBRATION
    reviews: ReviewWaits | None = None


NOTHING_AROUND = Surroundings()


def look_around(root: Path, *, with_grades: bool = True) -> Surroundings:
    """What the workspace at `root` says today. Grades of debt take longest, and may be left out."""
    if not with_grades:
        workspace = load_workspace(root)
        return _surroundings(workspace, gather_knowledge(workspace))
    meter = DebtMeter(root, now=dt.datetime.now(dt.UTC))
    return _surroundings(meter.workspace, gather_knowledge(meter.workspace, _grades(meter)))


def _surroundings(workspace: Workspace, known: KnownFacts) -> Surroundings:
    reviews = None if workspace.has_broken("teams") else ReviewWaits(workspace)
    return Surroundings(known=known, calibration=from_file(workspace.calibration), reviews=reviews)


def _grades(meter: DebtMeter) -> tuple[KnownGrade, ...]:
    """The grades of its families of events; bad ones alone where files are broken: good ones are unsure then."""
    # Code is left out: what is found there belongs to no event.
    grades = known_grades(meter.measure(CodeView()), _built(meter.workspace))
    if meter.workspace.broken:
        return tuple(one for one in grades if one.grade in (DebtGrade.D, DebtGrade.E))
    return grades


def _built(workspace: Workspace) -> dict[str, frozenset[str]]:
    """The files that are there for one request alone, by the request: its integrations and their own mappings."""
    users: dict[str, set[str]] = {}
    files: dict[str, set[str]] = {}
    for name, integration in workspace.integrations.items():
        answers = integration.request or name
        files.setdefault(answers, set()).add(f"integrations/{name}.yaml")
        for mapping in integration.events:
            users.setdefault(mapping, set()).add(answers)
    for mapping, requests in users.items():
        if len(requests) == 1:
            files[next(iter(requests))] |= {f"mappings/{mapping}.yaml", f"tests/{mapping}.yaml"}
    return {request: frozenset(names) for request, names in files.items()}


def gather_knowledge(workspace: Workspace, grades: tuple[KnownGrade, ...] = ()) -> KnownFacts:
    """Everything that a workspace knows. Files with findings are left out, as everywhere."""
    own_folder = workspace.path / CONNECTORS_FOLDER
    names = Catalog(own_folder).names
    return KnownFacts(
        contracts=tuple(_contracts(workspace)),
        adapters=tuple(_adapters(workspace)),
        connectors={
            name: f"{CONNECTORS_FOLDER}/{name}/manifest.yaml" if (own_folder / name).is_dir() else _BUILT_IN
            for name in names
        },
        teams=tuple(
            KnownTeam(
                team=name,
                on_call=team.on_call,
                time_zones=tuple(person.time_zone for person in team.people),
                place=_place(workspace, "teams.yaml", ("teams", name)),
            )
            for name, team in workspace.teams.teams.items()
        ),
        actuals=known_actuals(workspace),
        grades=grades,
    )


def _contracts(workspace: Workspace) -> Iterator[KnownContract]:
    for name, versions in workspace.contracts.items():
        newest = str(max(Version.parse(version) for version in versions))
        contract = versions[newest]
        file = f"contracts/{name}/{newest}.yaml"
        yield KnownContract(
            contract=name,
            event=_event_name(contract),
            place=_place(workspace, file, ("schema",)),
            personal=dict(_personal(contract.schema, "$")),
        )


def _event_name(contract: ContractFile) -> str:
    return contract.event if contract.type is EventType.TRACK else contract.type.value


def _personal(schema: object, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The personal data that a schema marks, by the path of the field; items of lists count for the list."""
    if not isinstance(schema, dict):
        return
    kinds = own_personal_data(schema)
    if kinds:
        yield path, tuple(sorted(kinds))
    for name, part in (schema.get("properties") or {}).items():
        yield from _personal(part, f"{path}.{name}")
    yield from _personal(schema.get("items"), path)


def _adapters(workspace: Workspace) -> Iterator[KnownAdapter]:
    for name, integration in workspace.integrations.items():
        for reference in integration.events:
            mapping = workspace.mappings.get(reference)
            if mapping is None:
                continue
            yield KnownAdapter(
                integration=name,
                mapping=reference,
                team=integration.owner.team,
                stage=integration.stage,
                event=mapping.from_.event_name,
                vendor=integration.connector,
                fields=tuple(sorted(_fields(mapping))),
                place=_place(workspace, f"mappings/{reference}.yaml", ("from",)),
                configured=_place(workspace, f"integrations/{name}.yaml", ("connector",)),
                answers=integration.request or name,
            )


def _fields(mapping: MappingFile) -> set[str]:
    """The paths that a mapping reads; those inside an item of a list are the item's own and left out."""
    rules = mapping.fields.values()
    texts = [rule if isinstance(rule, str) else _expression(rule) for rule in rules]
    return {path for text in texts for path in _PATH.findall(text)}


def _expression(rule: FieldRule) -> str:
    return rule.value or rule.each or ""


def _place(workspace: Workspace, file: str, path: ValuePath) -> str:
    """A file below the workspace with the line of a key in it."""
    document = workspace.documents.get(file)
    line = document.place(path, of_key=True).line if document is not None else 0
    return f"{file}:{line}" if line else file
