"""Promotes an integration to its next stage, and takes the last promotion back, by changing its file in place."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.assemble.checklist.answers import Answer
from paceline.assemble.checklist.integration import check_one_integration
from paceline.assemble.contract_tests.adapters import adapter_coverage, run_adapter, settled_share
from paceline.assemble.ends import require_not_expired
from paceline.assemble.inspection import inspect
from paceline.assemble.routes import view_route
from paceline.assemble.triage import BACKLOG_FILE, OpenBacklog, open_backlog
from paceline.connectors.catalog import Catalog
from paceline.decision.gates import CheckState
from paceline.errors import PacelineError, UnknownNameError, UsageError, WorkspaceError
from paceline.lifecycle.expiry import latest_end
from paceline.lifecycle.promotion import (
    DATED_KEYS,
    STAGE_DAYS,
    STAGES,
    Demand,
    Met,
    is_forward,
    missing,
    promoted,
    taken_back,
)
from paceline.lifecycle.rfc import RfcState
from paceline.lifecycle.route_step import BUS
from paceline.model.finding import Severity
from paceline.model.integration import IntegrationFile, Stage
from paceline.model.mapping import MappingFile
from paceline.workspace.adapter_catalog import find_adapter
from paceline.workspace.commits import commits_of, is_in_git, text_at
from paceline.workspace.contract_lock import read_lock
from paceline.workspace.document import Document
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.prose import prose_is_there
from paceline.workspace.rfc import read_rfc
from paceline.workspace.rule import Scope
from paceline.workspace.workspace import Workspace
from paceline.workspace.yaml_document import read_yaml
from paceline.workspace.yaml_edits import edited_text

_MET = {CheckState.PASSED: Met.YES, CheckState.FAILED: Met.NO, CheckState.NOT_EVALUATED: Met.UNKNOWN}
_AGREED = (RfcState.PUBLISHED, RfcState.COMMITTED)


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion demands, and the file as it is when all of it is met: `text` is empty until then."""

    integration: str
    root: Path
    file: str
    before: Stage
    to: Stage
    demands: tuple[Demand, ...]
    changes: Mapping[str, object] = {}
    text: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands in the way."""
        return not missing(self.demands)


def plan_promotion(path: Path, name: str, to: Stage, *, today: dt.date, expires: dt.date | None = None) -> Promotion:
    """What stands in the way of a promotion, and the changed file when nothing does. Nothing is written.

    Raises UnknownNameError, and UsageError for a stage that is not ahead, an integration that has expired, or an end
    that is too late.
    """
    root = find_workspace(path)
    workspace = load_workspace(root)
    integration = _integration(workspace, name)
    if not is_forward(integration.stage, to):
        later = ", ".join(STAGES[STAGES.index(integration.stage) + 1 :])
        raise UsageError(
            f"{name} is a {integration.stage} and cannot be promoted to {to}",
            where=f"integrations/{name}.yaml (stage)",
            expected=later or "nothing: a marathon is the last stage",
        )
    require_not_expired(name, integration, today=today, what="promoted")
    end = _end(workspace, to, today, expires)
    document = workspace.document("integration", integration=name)
    demands = tuple(_Demands(workspace, name, to, today).all())
    plan = integration.migration.plan if integration.migration is not None else ""
    assert isinstance(document.value, dict)
    changed = promoted(document.value, to, today=today, expires=end, plan=plan)
    text = ""
    if not missing(demands):
        text = _edited(document, changed)
    return Promotion(
        integration=name,
        root=root,
        file=document.file,
        before=integration.stage,
        to=to,
        demands=demands,
        changes=_differences(document.value, changed),
        text=text,
    )


def plan_rollback(path: Path, name: str) -> Promotion:
    """The file of an integration with its last promotion taken back, by what git knows. Nothing is written.

    Raises UnknownNameError, and UsageError where git knows of no promotion.
    """
    root = find_workspace(path)
    workspace = load_workspace(root)
    integration = _integration(workspace, name)
    document = workspace.document("integration", integration=name)
    before, at = _before_promotion(root, document.file, integration.stage)
    assert isinstance(document.value, dict)
    assert isinstance(before.value, dict)
    changed = taken_back(document.value, before.value)
    # Where nothing but the promotion was written since, the file is what it was, to the letter.
    is_untouched = changed == before.value and _edited(before, document.value) == document.text
    return Promotion(
        integration=name,
        root=root,
        file=document.file,
        before=integration.stage,
        to=Stage(str(before.value["stage"])),
        demands=(Demand(what="what it was before", met=Met.YES, because=f"as of {at}", places=(document.file,)),),
        changes=_differences(document.value, changed),
        text=before.text if is_untouched else _edited(document, changed),
    )


def write_file(promotion: Promotion) -> None:
    """Write the changed file. Raises UsageError when the disk refuses."""
    try:
        (promotion.root / promotion.file).write_text(promotion.text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=promotion.file) from None


class _Demands:
    """What a stage demands of one integration."""

    def __init__(self, workspace: Workspace, name: str, to: Stage, today: dt.date) -> None:
        self._workspace = workspace
        self._name = name
        self._file = workspace.integrations[name]
        self._to = to
        self._scope = Scope(workspace=workspace, connectors=Catalog(workspace.path / "connectors"), today=today)
        backlog = _backlog(workspace.path)
        answers = check_one_integration(workspace, name, backlog, today=today).answers
        self._answers = {answer.id: answer for answer in answers}

    def all(self) -> Iterator[Demand]:
        """In the order in which somebody would see to them."""
        edit = f"edit integrations/{self._name}.yaml"
        yield self._answer("C3", "owner, service level and somebody to alert", f"{edit} (owner, sla), teams.yaml")
        yield self._answer("C5", "contract tests that pass, a runbook, and monitoring", f"paceline test, and {edit}")
        yield self._risk(edit)
        yield from self._webhooks()
        if self._to is Stage.HYBRID:
            yield self._plan()
            return
        yield self._answer("C2", "a contract for every event", "paceline infer, then paceline contracts release")
        yield self._released()
        yield self._compatible()
        yield self._agreed()
        yield self._route()

    def _answer(self, identity: str, what: str, command: str) -> Demand:
        answer: Answer = self._answers[identity]
        met = _MET[answer.state]
        return _demand(what, met, answer.because, command, answer.evidence)

    def _risk(self, edit: str) -> Demand:
        # That a risk is too high for a sprint is a reason to leave that stage.
        is_scored = self._file.risk is not None
        because = "all four buckets have scores" if is_scored else "the risk buckets have no scores"
        return _demand("risks scored", Met.YES if is_scored else Met.NO, because, f"{edit} (risk)")

    def _plan(self) -> Demand:
        what = "a plan for what comes after the hybrid"
        command = f"paceline rfc new {self._name}, then name it in migration.plan"
        migration = self._file.migration
        if migration is None or not prose_is_there(self._workspace.path, migration.plan):
            return _demand(what, Met.NO, "there is no migration plan", command)
        rfc, _ = read_rfc(self._workspace.path, migration.plan)
        if rfc is not None and rfc.head.status is RfcState.ABANDONED:
            return _demand(what, Met.NO, f"{migration.plan} was abandoned", command, [migration.plan])
        return _demand(what, Met.YES, migration.plan, command, [migration.plan])

    def _agreed(self) -> Demand:
        what = "a migration plan that is agreed on"
        migration = self._file.migration
        if migration is None:
            return _demand(what, Met.NO, "there is no migration plan", f"paceline rfc new {self._name}")
        rfc, _ = read_rfc(self._workspace.path, migration.plan) if self._has(migration.plan) else (None, [])
        command = f"paceline rfc open {migration.plan}, then paceline rfc close {migration.plan}"
        if rfc is None:
            return _demand(what, Met.UNKNOWN, f"{migration.plan} has no state that could be read", command)
        met = Met.YES if rfc.head.status in _AGREED else Met.NO
        return _demand(what, met, f"{migration.plan} is {rfc.head.status}", command, [f"{migration.plan}:1"])

    def _has(self, file: str) -> bool:
        return prose_is_there(self._workspace.path, file)

    def _webhooks(self) -> Iterator[Demand]:
        """Requests of vendors must become events; for a hybrid it is enough that they are kept until they can."""
        for source in self._file.sources:
            declared = self._workspace.settings.sources.get(source)
            webhook = declared.webhook if declared is not None else None
            if webhook is None:
                continue
            what = f"events of the webhook source {source}"
            command = f"paceline new adapter {source} SAMPLE.json, then `adapter: {source}` in paceline.yaml"
            if not webhook.adapter:
                is_kept = webhook.wait_for_adapter and self._to is Stage.HYBRID
                told = "its requests are kept until there is one" if is_kept else "its requests are not kept for one"
                yield _demand(what, Met.YES if is_kept else Met.NO, f"no adapter; {told}", command)
            else:
                yield self._adapter(what, webhook.adapter)

    def _adapter(self, what: str, adapter: str) -> Demand:
        command = f"paceline test, and paceline adapter coverage {adapter}"
        try:
            known = find_adapter(self._workspace, adapter)
            failed = [result for result in run_adapter(known) if not result.has_passed]
            settled, percent = settled_share(adapter_coverage(known))
        except PacelineError as error:
            return _demand(what, Met.UNKNOWN, error.what, command)
        place = [known.file.file]
        if failed:
            return _demand(what, Met.NO, f"a test of the adapter fails: {failed[0].name}", command, place)
        if not known.cases:
            return _demand(what, Met.NO, "the adapter has no tests", command, place)
        told = f"adapter {adapter}: {len(known.cases)} tests pass, {percent:.0f} % of its samples' fields are settled"
        is_settled = percent == 100 or not known.is_own or self._to is Stage.HYBRID
        hint = "" if is_settled else "; carry over what is not, or say in `left_out` why"
        return _demand(what, Met.YES if is_settled and settled else Met.NO, told + hint, command, place)

    def _released(self) -> Demand:
        what = "released contracts"
        lock = read_lock(self._workspace.path)
        newest = {}
        for mapping in self._mappings():
            taken = self._scope.contracts_taken(mapping)
            if taken:
                newest[taken[-1].contract] = taken[-1].version
        unreleased = [f"{name} {version}" for name, version in newest.items() if lock.find(name, version) is None]
        if not newest:
            return _demand(what, Met.NO, "none of its events has a contract", "paceline contracts release")
        told = (
            f"not released: {', '.join(unreleased)}" if unreleased else ", ".join(f"{n} {v}" for n, v in newest.items())
        )
        return _demand(what, Met.NO if unreleased else Met.YES, told, "paceline contracts release", ["contracts.lock"])

    def _compatible(self) -> Demand:
        what = "mappings that fit contracts and vendor"
        faults = [
            f"mappings/{mapping.mapping}.yaml: {fault.message}"
            for mapping in self._mappings()
            for fault in (*self._scope.mapping_faults(mapping.mapping), *self._scope.type_faults(mapping.mapping))
            if fault.severity is Severity.ERROR
        ]
        told = f"{len(faults)} faults, the first: {faults[0]}" if faults else "nothing contradicts"
        return _demand(what, Met.NO if faults else Met.YES, told, "paceline check")

    def _route(self) -> Demand:
        what = "evidence for the bus route"
        match self._file.route:
            case "bus":
                return _demand(what, Met.YES, "it reads the bus already", "")
            case "direct":
                told = "no toggle compares the two routes; it goes to the bus with the promotion"
                return _demand(what, Met.YES, told, "")
            case toggle:
                return self._toggle(what, toggle)

    def _toggle(self, what: str, toggle: str) -> Demand:
        """A toggle must stand at `bus`, with evidence of its own there."""
        command = f"paceline route show {self._name}, then paceline route set {self._name} bus"
        try:
            view = inspect(self._workspace.path, lambda opened, _bus, store: view_route(opened, store, self._name))
        except PacelineError as error:
            return _demand(what, Met.UNKNOWN, error.what, command)
        if view.step != str(BUS):
            return _demand(what, Met.NO, f"the toggle {toggle} stands at {view.step}", command)
        if view.judgement is None:
            return _demand(what, Met.UNKNOWN, "no worker has run the lane with this toggle", command)
        unmet = [check.name for check in view.judgement.checks if not check.passed]
        if unmet:
            told = f"on the bus, but not yet: {', '.join(unmet)}"
            return _demand(what, Met.NO, told, f"paceline route show {self._name}")
        return _demand(what, Met.YES, f"the toggle {toggle} stands at bus, and every bound of ready_when is met", "")

    def _mappings(self) -> list[MappingFile]:
        return [self._workspace.mappings[name] for name in self._file.events if name in self._workspace.mappings]


def _demand(what: str, met: Met, because: str, command: str, places: Sequence[str] = ()) -> Demand:
    return Demand(what=what, met=met, because=because, command="" if met is Met.YES else command, places=tuple(places))


def _end(workspace: Workspace, to: Stage, today: dt.date, expires: dt.date | None) -> dt.date | None:
    most = workspace.settings.lifecycle.hybrid_days
    latest = latest_end(to, started=today, today=today, extensions=0, hybrid_days=most)
    if latest is None:
        if expires is not None:
            raise UsageError("a marathon does not end", where="--expires", remedy="leave the option out")
        return None
    end = expires or min(latest, today + dt.timedelta(days=STAGE_DAYS))
    if not today <= end <= latest:
        raise UsageError(f"a hybrid cannot end on {end}", where="--expires", expected=f"a day until {latest}")
    return end


def _before_promotion(root: Path, file: str, stage: Stage) -> tuple[Document, str]:
    """The file as it was when it was last in a lower stage, and which commit that was."""
    if not is_in_git(root):
        raise UsageError("only git knows what it was before", where=str(root), remedy="commit before you promote")
    revisions = [
        ("HEAD", "HEAD"),
        *((commit.id, f"{commit.id[:12]} ({commit.day})") for commit in commits_of(root, file)),
    ]
    for revision, shown in revisions:
        text = text_at(root, revision, file)
        document = read_yaml(text.encode(), file)[0] if text is not None else None
        value = document.value if document is not None else None
        written = value.get("stage") if isinstance(value, dict) else None
        before = next((one for one in STAGES if one == written), None)
        if document is not None and before is not None and is_forward(before, stage):
            return document, shown
    raise UsageError(f"git knows of no promotion of it: it has always been a {stage}", where=file)


def _edited(document: Document, changed: Mapping[str, object]) -> str:
    text = edited_text(document, {(): dict(changed)})
    # Days as people write them in these files: without quotes, which this YAML reads as text all the same.
    text = text and re.sub(r'(?m)^(expires|started): "([0-9-]{10})"', r"\1: \2", text)
    if text is None:
        raise UsageError(
            "the file has something in it that cannot be changed alone (an anchor?)",
            where=document.file,
            remedy=f"write by hand: {', '.join(f'{key}: {changed[key]}' for key in DATED_KEYS if key in changed)}",
        )
    return text


def _differences(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """By key, the new value; None for a key that goes."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: after.get(key) for key in keys}


def _integration(workspace: Workspace, name: str) -> IntegrationFile:
    if name in workspace.integrations:
        return workspace.integrations[name]
    if name in workspace.names("integration"):
        file = f"integrations/{name}.yaml"
        findings = [finding for finding in workspace.findings if finding.file == file]
        raise WorkspaceError("the integration's file cannot be used", findings, where=file)
    raise UnknownNameError("integration", name, workspace.integrations)


def _backlog(root: Path) -> OpenBacklog | None:
    file = root / BACKLOG_FILE
    try:
        return open_backlog(file) if file.is_file() else None
    except WorkspaceError:
        return None  # `paceline check` says what is wrong with it
