"""The files that a plan begins with: worked out in a copy of the workspace, checked there, and only then written."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.assemble.new_mapping import new_mapping
from paceline.assemble.plan.blueprint import TOGGLES_FILE, Blueprint, EventPart
from paceline.assemble.plan.weeks import plan_weeks
from paceline.assemble.rfc_draft import draft_rfc
from paceline.connectors.catalog import Catalog
from paceline.decision.calendar import day_after
from paceline.decision.knowledge import event_family
from paceline.decision.report import Report
from paceline.decision.tickets import end_date
from paceline.errors import UsageError
from paceline.lifecycle.route_step import DIRECT, flag_of
from paceline.model.event import EventType
from paceline.model.finding import Finding
from paceline.model.integration import Stage
from paceline.model.request import Request
from paceline.workspace.kinds import KINDS, OTHER_FOLDERS
from paceline.workspace.lint import check_workspace
from paceline.workspace.load import load_workspace
from paceline.workspace.scaffold import write_workspace
from paceline.workspace.scaffold_files import IntegrationPlan, integration_files
from paceline.workspace.workspace import Workspace
from paceline.workspace.yaml_document import read_yaml
from paceline.workspace.yaml_text import block_text

_TOP_FILES = ("contracts.lock", TOGGLES_FILE, "CODEOWNERS")
_CALLS = {kind.value: kind for kind in EventType if kind is not EventType.TRACK}
_PATH = re.compile(r"\$((?:\.[A-Za-z_]\w*)+)")
_NEXT = {Stage.SPRINT: Stage.HYBRID, Stage.HYBRID: Stage.MARATHON}
_REVIEW_DAYS = 14


class Drafts(msgspec.Struct, frozen=True, kw_only=True):
    """Files by path below the workspace, and what a person still has to do in them.

    `findings` are what `paceline check` says about them that it did not say before; `left_open` what could not be
    drafted, and why; `to_allow` where personal data flows, which was declared and has to be agreed to in the RFC.
    """

    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    left_open: tuple[str, ...]
    to_allow: tuple[str, ...]


def draft_files(root: Path, request: Request, report: Report, blueprint: Blueprint, *, today: dt.date) -> Drafts:
    """Everything that can be drafted for a plan. Nothing in the workspace at `root` is touched."""
    with tempfile.TemporaryDirectory(prefix="paceline-plan-") as folder:
        copy = _copied(root, Path(folder) / "workspace")
        before = set(_findings(copy, today))
        drafting = _Drafting(copy, request, report, blueprint, today)
        drafting.draft()
        new = [finding for finding in _findings(copy, today) if finding not in before]
        return Drafts(
            files=dict(drafting.files),
            findings=tuple(new),
            left_open=tuple(drafting.left_open),
            to_allow=tuple(drafting.to_allow),
        )


def write_drafts(root: Path, drafts: Drafts) -> Sequence[str]:
    """Write the drafts and return their names. Nothing is written when one of them is there already (UsageError)."""
    return write_workspace(root, drafts.files)


class _Drafting:
    """Drafts the files of one plan into a copy of the workspace, one after the other."""

    def __init__(self, copy: Path, request: Request, report: Report, blueprint: Blueprint, today: dt.date) -> None:
        self._copy = copy
        self._request = request
        self._report = report
        self._blueprint = blueprint
        self._today = today
        self.files: dict[str, bytes] = {}
        self.left_open: list[str] = []
        self.to_allow: list[str] = []

    def draft(self) -> None:
        """All files that the blueprint asks for and that are not there."""
        self._contracts()
        mappings = self._mappings()
        rfc = self._blueprint.rfc or self._rfc()
        if self._blueprint.needs_toggle and self._blueprint.toggles is None:
            self._add({TOGGLES_FILE: toggles_text(self._blueprint.toggle, self._request, self._report).encode()})
        if self._is_new_integration(mappings):
            self._integration(mappings, rfc)

    def _is_new_integration(self, mappings: Sequence[str]) -> bool:
        blueprint = self._blueprint
        if not blueprint.begins_integration:
            return False
        if len(mappings) < len({part.mapping for part in blueprint.events}):
            self.left_open.append(f"integrations/{blueprint.integration}.yaml: not every mapping is there yet")
            return False
        return True

    def _contracts(self) -> None:
        """A draft of every contract that is missing; those who read it have not been asked yet."""
        for part in self._blueprint.events:
            file = f"contracts/{part.family}/0.1.0.yaml"
            if part.contract is None and file not in self.files:
                team = self._request.owner.team if self._request.owner is not None else ""
                text = contract_text(part.event, part.family, team=team, fields=self._request.fields)
                self._add({file: text.encode()})

    def _mappings(self) -> list[str]:
        """The mappings that are there now."""
        parts = self._blueprint.events
        return list(dict.fromkeys(part.mapping for part in parts if part.has_mapping or self._drafted(part)))

    def _drafted(self, part: EventPart) -> bool:
        if f"mappings/{part.mapping}.yaml" in self.files:
            return True
        if not self._blueprint.has_connector:
            return False
        try:
            made = new_mapping(self._copy, part.family, self._blueprint.vendor, name=part.mapping, is_repaired=True)
        except UsageError as error:
            why = f"{error.what}; {error.remedy}" if error.remedy else error.what
            command = f'paceline new mapping "{part.event}" --to {self._blueprint.vendor}.ACTION'
            self.left_open.append(f"mappings/{part.mapping}.yaml: {why}; then: {command}")
            return False
        self._add(made.files)
        self.to_allow += [f"mappings/{part.mapping}.yaml: {one}" for one in made.personal]
        self.left_open += [
            f"mappings/{part.mapping}.yaml: {one.target}: {one.reason}" for one in made.open_fields if one.is_required
        ]
        return True

    def _rfc(self) -> str:
        teams = load_workspace(self._copy).teams
        file, text = draft_rfc(self._copy, self._request, self._report, teams, today=self._today)
        self._add({file: text.encode()})
        return file

    def _integration(self, mappings: Sequence[str], rfc: str) -> None:
        request, name = self._request, self._blueprint.integration
        drafted = integration_files(
            IntegrationPlan(
                name=name,
                manifest=Catalog(self._copy / "connectors").manifest(self._blueprint.vendor),
                mappings=mappings,
                team=request.owner.team if request.owner is not None else "",
                stage=self._blueprint.option,
                number=Path(rfc).name[:4],
                reviewers=(),
            ),
            today=self._today,
        )
        file = f"integrations/{name}.yaml"
        document, _ = read_yaml(drafted[file], file)
        assert document is not None
        assert isinstance(document.value, dict)
        runbook = f"runbooks/{name}.md"
        self._add({file: (block_text(self._said(document.value, rfc)) + "\n").encode()})
        if not self._blueprint.has_runbook:
            self._add({runbook: drafted[runbook]})

    def _said(self, drafted: dict[str, object], rfc: str) -> dict[str, object]:
        """What the request and its decision say, in place of what every new integration begins with."""
        request = self._request
        said = {**drafted, "description": request.outcome}
        if request.owner is not None:
            said["owner"] = {"team": request.owner.team, "role": request.owner.role}
        if request.sla is not None:
            said["sla"] = msgspec.to_builtins(request.sla)
        if request.risk is not None:
            said["risk"] = msgspec.to_builtins(request.risk)
        if request.request != self._blueprint.integration:
            said["request"] = request.request
        toggle = self._blueprint.toggle
        if self._blueprint.option is Stage.HYBRID and (TOGGLES_FILE in self.files or toggle in self._toggles()):
            said["route"] = toggle
        end = end_date(request, self._report)
        if end:
            said["expires"] = end
            said["migration"] = {
                "to": _NEXT[self._blueprint.option].value,
                "plan": rfc,
                "milestones": self._milestones(end),
            }
        return said

    def _toggles(self) -> frozenset[str]:
        return self._blueprint.toggles or frozenset()

    def _milestones(self, end: str) -> list[str]:
        """Every week of a hybrid before its end; of a sprint the day on which somebody asks whether it is needed."""
        if self._blueprint.option is Stage.HYBRID:
            return [week.by for week in plan_weeks(self._request, self._report) if week.by < end]
        return [max(day_after(end, -_REVIEW_DAYS), self._request.asked)]

    def _add(self, files: Mapping[str, bytes]) -> None:
        self.files |= files
        for file, content in files.items():
            path = self._copy / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def toggle_flag(request: Request, report: Report) -> dict[str, object]:
    """The flagd definition of a route toggle that is set to the direct route."""
    owner = request.owner.team if request.owner is not None else ""
    return flag_of(DIRECT, metadata={"owner": owner, "expires": end_date(request, report)})


def toggles_text(name: str, request: Request, report: Report) -> str:
    """A file of flagd definitions with one toggle in it."""
    flags = {"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": {name: toggle_flag(request, report)}}
    return msgspec.json.format(msgspec.json.encode(flags), indent=2).decode() + "\n"


def contract_text(event: str, family: str, *, team: str, fields: Sequence[str]) -> str:
    """The first draft of a contract: the fields that the request names, without types, which nobody has said yet."""
    is_call = event_family(event) in _CALLS
    schema: dict[str, object] = {"type": "object", "required": ["type"], "properties": {}}
    properties: dict[str, object] = {"type": {"const": event_family(event) if is_call else "track"}}
    if not is_call:
        properties["event"] = {"const": event}
        schema["required"] = ["type", "event"]
    for path in fields:
        match = _PATH.fullmatch(path)
        if match:
            _put(properties, match[1].strip(".").split("."))
    schema["properties"] = properties
    head = f"event: {event}" if not is_call else f"type: {event_family(event)}"
    return (
        f"contract: {family}\nversion: 0.1.0\n"
        "description: >-\n  TO DECIDE: what happened when this event is sent, who sends it, and when.\n"
        f"owner: {{team: {team}, role: maintainer}}\n{head}\n"
        f"schema:\n  {block_text(schema, 2)}\n"
    )


def _put(properties: dict[str, object], path: Sequence[str]) -> None:
    """Declare a field below others, each an object."""
    name, *rest = path
    if not rest:
        properties.setdefault(name, {})
        return
    inner = properties.setdefault(name, {"type": "object", "properties": {}})
    below = inner.setdefault("properties", {}) if isinstance(inner, dict) else {}
    if isinstance(below, dict):
        _put(below, rest)


def _copied(root: Path, into: Path) -> Path:
    """The files of a workspace, and nothing else of its folder, in another place."""
    into.mkdir(parents=True)
    folders = {kind.folder for kind in KINDS.values() if kind.folder} | set(OTHER_FOLDERS)
    for name in folders:
        if (root / name).is_dir():
            shutil.copytree(root / name, into / name)
    for name in {*(kind.location for kind in KINDS.values() if not kind.folder), *_TOP_FILES}:
        if (root / name).is_file():
            shutil.copy2(root / name, into / name)
    return into


def _findings(copy: Path, today: dt.date) -> Sequence[Finding]:
    workspace: Workspace = load_workspace(copy)
    return check_workspace(workspace, Catalog(copy / "connectors"), today=today)
