"""Measures the debt of a workspace: facts from everywhere, items, score, history and what a change adds."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.assemble.contract_tests.suite import workspace_suite
from paceline.assemble.debt.integrations import declared_workarounds, integration_facts, overdue_facts
from paceline.assemble.debt.mappings import adapter_facts, contract_facts
from paceline.assemble.debt.pinning import Trials
from paceline.assemble.debt.telemetry import read_telemetry
from paceline.assemble.opening import OpenWorkspace
from paceline.connectors.catalog import Catalog
from paceline.decision.debt.facts import CodeFacts, ContractFacts, WorkspaceFacts
from paceline.decision.debt.hours import HourTable, hour_table
from paceline.decision.debt.items import DebtItem, find_debt
from paceline.decision.debt.score import DebtChange, DebtScore, compare_debt, grade_family, rebuild_hours_of, score_debt
from paceline.decision.knowledge import KnownGrade
from paceline.model.debt import DebtKind, Exemption
from paceline.model.request import DebtGrade
from paceline.workspace.calendar import day_or_none
from paceline.workspace.commits import (
    Commit,
    Extension,
    commits_of,
    extensions_of,
    is_in_git,
    merge_base,
    write_snapshot,
)
from paceline.workspace.load import load_workspace
from paceline.workspace.rule import Scope
from paceline.workspace.workspace import Workspace

TREND_POINTS = 12
DRIFT_EVENTS = 20_000


class Exempted(msgspec.Struct, frozen=True, kw_only=True):
    """An item that does not count for now, and why."""

    item: DebtItem
    why: str
    until: str


class NotEvaluated(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be looked at. It counts neither as debt nor as its absence."""

    what: str
    why: str


class TrendPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The debt in the workspace's files at a commit; code, store and log are left out, since they have no history."""

    commit: str
    day: str
    score: DebtScore
    items: int


class BaseChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is new against a revision; `commit` is where both went apart. `has_code` says whether code was compared."""

    base: str
    commit: str
    has_code: bool
    change: DebtChange


class CodeView(msgspec.Struct, frozen=True, kw_only=True):
    """What was scanned of the team's code."""

    facts: tuple[CodeFacts, ...] = ()
    files: int = 0
    not_evaluated: tuple[NotEvaluated, ...] = ()


class DebtReport(msgspec.Struct, frozen=True, kw_only=True):
    """The debt of a workspace on a day. `hours_from` says which kinds have hours of the team's own, and from where."""

    workspace: str
    day: str
    score: DebtScore
    items: tuple[DebtItem, ...]
    exempted: tuple[Exempted, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    contracts: tuple[ContractFacts, ...]
    code_files: int
    hours_from: Mapping[DebtKind, str]
    trend: tuple[TrendPoint, ...] = ()
    against_base: BaseChange | None = None


class DebtMeter:
    """Measures one workspace, now and in the past. Keeps what it learned about mappings from one state to the next."""

    def __init__(self, root: Path, *, now: dt.datetime) -> None:
        self._root = root
        self._now = now
        self._trials = Trials()
        self._catalog = Catalog(root / "connectors")
        self.workspace = load_workspace(root)
        self._extensions = extensions_of(root) if is_in_git(root) else ()
        learned = self.workspace.calibration.debt_hours if self.workspace.calibration else {}
        known = {kind.value: kind for kind in DebtKind}
        self._table = hour_table(
            self.workspace.settings.debt.hours,
            {known[kind]: hours for kind, hours in learned.items() if kind in known},
        )

    @property
    def catalog(self) -> Catalog:
        """The connectors that the workspace can use."""
        return self._catalog

    @property
    def table(self) -> HourTable:
        """What items cost in this workspace."""
        return self._table

    def measure(self, code: CodeView, *, drift_events: int = DRIFT_EVENTS) -> DebtReport:
        """The debt now, in files, code, store and log."""
        facts = self._facts(self.workspace, self._catalog, self._now.date())
        telemetry = read_telemetry(self.workspace, now=self._now, drift_events=drift_events)
        facts = msgspec.structs.replace(
            facts,
            code=code.facts,
            workarounds=(*facts.workarounds, *telemetry.workarounds),
            drifts=telemetry.drifts,
            seen_fields=telemetry.seen_fields,
        )
        items, exempted = self._without_exempted(find_debt(facts, self._table))
        missing = [NotEvaluated(what=what, why=why) for what, why in telemetry.not_evaluated.items()]
        missing += self._unread_files()
        return DebtReport(
            workspace=self.workspace.settings.workspace,
            day=self._now.date().isoformat(),
            score=score_debt(items, rebuild_hours=rebuild_hours_of(facts.contracts)),
            items=items,
            exempted=exempted,
            not_evaluated=(*missing, *code.not_evaluated),
            contracts=facts.contracts,
            code_files=code.files,
            hours_from=self._table.sources,
        )

    def with_trend(
        self, report: DebtReport, *, points: int = TREND_POINTS, progress: Callable[[int, int], None] | None = None
    ) -> DebtReport:
        """The report with the debt at some commits of the past, oldest first, and when each item was first seen."""
        commits = _sampled(commits_of(self._root), points) if is_in_git(self._root) else []
        first_seen: dict[str, str] = {}
        found: list[TrendPoint] = []
        for number, commit in enumerate(commits):
            items, contracts = self._at(commit)
            subjects = {item.subject for item in items}
            first_seen = {subject: first_seen.get(subject, commit.id[:12]) for subject in sorted(subjects)}
            score = score_debt(items, rebuild_hours=rebuild_hours_of(contracts))
            found.append(TrendPoint(commit=commit.id[:12], day=commit.day.isoformat(), score=score, items=len(items)))
            if progress is not None:
                progress(number + 1, len(commits))
        items = tuple(
            msgspec.structs.replace(item, first_seen=first_seen.get(item.subject, "")) for item in report.items
        )
        return msgspec.structs.replace(report, trend=tuple(found), items=items)

    def against(
        self, report: DebtReport, base: str, *, code_at: Callable[[str, Path], CodeView | None] | None = None
    ) -> DebtReport:
        """The report with what is new since HEAD and the revision `base` went apart.

        Only what lies in files is compared: what the store and the log say is no change's doing. `code_at` scans the
        code as it was at a commit, into a folder; it gives None where that cannot be had.
        """
        commit = merge_base(self._root, base)
        with tempfile.TemporaryDirectory(prefix="paceline-debt-") as folder:
            code = code_at(commit, Path(folder)) if code_at is not None else CodeView()
        # The same day for both: that time passes is no change's doing either.
        before, _ = self._at(Commit(id=commit, time=self._now), code=code.facts if code is not None else ())
        known = {item.subject for item in before}
        is_code = {item.subject for item in report.items if item.subject.startswith("code:")}
        observed = {item.subject for item in report.items if item.kind is DebtKind.STALE_CONTRACT}
        after = [
            item
            for item in report.items
            if item.subject not in observed
            and (code is not None or item.subject not in is_code)
            and (item.kind is not DebtKind.MANUAL_WORKAROUND or item.subject in self._declared() | known)
        ]
        change = compare_debt(self._without_exempted(before)[0], after)
        compared = BaseChange(base=base, commit=commit[:12], has_code=code is not None, change=change)
        return msgspec.structs.replace(report, against_base=compared)

    def _declared(self) -> set[str]:
        scope = Scope(workspace=self.workspace, connectors=self._catalog)
        facts = WorkspaceFacts(workarounds=tuple(declared_workarounds(scope)))
        return {item.subject for item in find_debt(facts, self._table)}

    def _at(
        self, commit: Commit, *, code: tuple[CodeFacts, ...] = ()
    ) -> tuple[tuple[DebtItem, ...], tuple[ContractFacts, ...]]:
        """The items in the files of a commit."""
        with tempfile.TemporaryDirectory(prefix="paceline-debt-") as folder:
            root = write_snapshot(self._root, commit.id, Path(folder))
            facts = self._facts(load_workspace(root), Catalog(root / "connectors"), commit.day)
        facts = msgspec.structs.replace(facts, code=code)
        return find_debt(facts, self._table), facts.contracts

    def _facts(self, workspace: Workspace, catalog: Catalog, day: dt.date) -> WorkspaceFacts:
        scope = Scope(workspace=workspace, connectors=catalog, today=day)
        suite = workspace_suite(OpenWorkspace(workspace=workspace, catalog=catalog, environment={}))
        return WorkspaceFacts(
            adapters=tuple(adapter_facts(scope, suite, self._trials)),
            integrations=tuple(integration_facts(scope, today=day, extensions=_counted(self._extensions, until=day))),
            contracts=tuple(contract_facts(workspace)),
            workarounds=tuple(declared_workarounds(scope)),
            overdue=tuple(overdue_facts(scope, today=day)),
        )

    def _without_exempted(self, items: Iterable[DebtItem]) -> tuple[tuple[DebtItem, ...], tuple[Exempted, ...]]:
        by_subject = {one.item: one for one in self.workspace.settings.debt.exemptions if self._holds(one)}
        counted = tuple(item for item in items if item.subject not in by_subject)
        exempted = tuple(
            Exempted(item=item, why=by_subject[item.subject].why, until=by_subject[item.subject].until)
            for item in items
            if item.subject in by_subject
        )
        return counted, exempted

    def _holds(self, exemption: Exemption) -> bool:
        until = day_or_none(exemption.until)
        return until is not None and self._now.date() <= until

    def _unread_files(self) -> Sequence[NotEvaluated]:
        return [
            NotEvaluated(what=file, why="the file is broken or missing: run paceline check")
            for file in sorted(self.workspace.broken)
        ]


def known_grades(report: DebtReport, built: Mapping[str, frozenset[str]]) -> tuple[KnownGrade, ...]:
    """The debt grade of each family of events that a workspace has, for gate G8 of the requests that want them.

    `built` are the files that only exist for a request, by the request.
    """
    families = {one.family for one in report.contracts} | {family for item in report.items for family in item.families}
    first = {family: item.place for item in reversed(report.items) for family in item.families}
    without: dict[str, dict[str, DebtGrade]] = {}
    for request, files in built.items():
        left = [item for item in report.items if item.place.partition(":")[0] not in files]
        kept = set(left)
        for family in {family for item in report.items if item not in kept for family in item.families}:
            without.setdefault(family, {})[request] = grade_family(left, report.contracts, [family])
    return tuple(
        KnownGrade(
            event=family,
            grade=grade_family(report.items, report.contracts, [family]),
            place=first.get(family, ""),
            without=without.get(family, {}),
        )
        for family in sorted(families)
    )


def _counted(extensions: Iterable[Extension], *, until: dt.date) -> Mapping[str, int]:
    return Counter(one.integration for one in extensions if one.day <= until)


def _sampled(commits: Sequence[Commit], points: int) -> list[Commit]:
    """Some commits, oldest first, evenly spread, the oldest and the newest among them."""
    ordered = list(reversed(commits))
    if len(ordered) <= points:
        return ordered
    step = (len(ordered) - 1) / (points - 1) if points > 1 else 1
    return [ordered[round(index * step)] for index in range(points)] if points > 1 else [ordered[-1]]
