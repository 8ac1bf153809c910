"""The six questions about an integration: answered by its files, by its contract tests, and by who owns it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from paceline.assemble.checklist.answers import Answer, Checklist, failed, not_evaluated, passed
from paceline.assemble.contract_tests.coverage import measure_coverage
from paceline.assemble.contract_tests.run import run_suite
from paceline.assemble.contract_tests.suite import workspace_suite
from paceline.assemble.debt.integrations import integration_facts
from paceline.assemble.governance.cover import rota_place, team_cover
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.triage import BACKLOG_FILE, OpenBacklog
from paceline.connectors.catalog import Catalog
from paceline.decision.debt.facts import Safeguard
from paceline.decision.gates import HIGH_RISK
from paceline.errors import PacelineError
from paceline.lifecycle.rfc import RfcState, read_text
from paceline.lifecycle.rfc_checks import check_rfc_text, find_section
from paceline.model.integration import IntegrationFile, Stage
from paceline.model.request import Request, SchemaChoice
from paceline.workspace.calendar import day_or_none
from paceline.workspace.document import Document, PathStep
from paceline.workspace.prose import prose_is_there
from paceline.workspace.rfc import read_rfc
from paceline.workspace.rule import Scope
from paceline.workspace.workspace import Workspace, event_key

_ACCEPTANCE = "PL805"


def check_one_integration(workspace: Workspace, name: str, backlog: OpenBacklog | None, *, today: dt.date) -> Checklist:
    """The six questions about an integration of that name, which must be in the workspace."""
    checking = _Checking(workspace, name, backlog, today)
    return Checklist(
        name=name,
        kind="integration",
        answers=(
            checking.acceptance(),
            checking.schema(),
            checking.ownership(),
            checking.migration(),
            checking.safeguards(),
            checking.risk(),
        ),
        remarks=tuple(checking.remarks()),
    )


class _Checking:
    """One integration with everything that its answers rest on."""

    def __init__(self, workspace: Workspace, name: str, backlog: OpenBacklog | None, today: dt.date) -> None:
        self._workspace = workspace
        self._name = name
        self._file: IntegrationFile = workspace.integrations[name]
        self._document: Document = workspace.document("integration", integration=name)
        self._today = today
        self._scope = Scope(workspace=workspace, connectors=Catalog(workspace.path / "connectors"), today=today)
        self._backlog = backlog
        self._request, self._request_index = self._find_request()

    def acceptance(self) -> Answer:
        """C1: the request's tests, or those of the RFC that says what comes next."""
        if self._request is not None and self._request.acceptance is not None:
            place = self._request_place("acceptance")
            test = self._request.acceptance
            if test.downstream.strip():
                return passed("C1", test.now, [place])
            return failed("C1", "there is a test for now, and none for who uses the data afterwards", [place])
        plan = self._file.migration.plan if self._file.migration is not None else ""
        if plan and prose_is_there(self._workspace.path, plan):
            return self._acceptance_in(plan)
        wanted = self._file.request or self._name
        return failed(
            "C1", f"{BACKLOG_FILE} has no request {wanted!r} with an acceptance test", [self._place("integration")]
        )

    def schema(self) -> Answer:
        """C2: a contract for every event, or a request that says that there is none on purpose."""
        contracts, without = [], []
        for mapping in self._file.events:
            spec = self._workspace.mappings.get(mapping)
            if spec is None:
                return not_evaluated("C2", f"the mapping {mapping} is missing or broken", [self._place("events")])
            contract = self._workspace.contract_for(event_key(spec.from_))
            document = self._workspace.document("mapping", mapping=mapping)
            place = f"{document.file}:{document.place(('from',), of_key=True).line}"
            if contract is None or not self._scope.contracts_taken(spec):
                without.append((spec.from_.event_name, place))
            else:
                contracts.append((contract, place))
        if not without:
            names = ", ".join(dict.fromkeys(contract for contract, _ in contracts))
            return passed("C2", f"canonical: {names}", [place for _, place in contracts])
        events, places = ", ".join(event for event, _ in without), [place for _, place in without]
        if self._request is not None and self._request.schema is SchemaChoice.ONE_OFF:
            return passed("C2", f"one-off, as decided: {events}", [*places, self._request_place("schema")])
        return failed("C2", f"no contract describes {events}, and nobody decided that it is one-off", places)

    def ownership(self) -> Answer:
        """C3: a team that exists, what it promises, and whom to call at any hour."""
        owner = self._file.owner
        team = self._workspace.teams.teams.get(owner.team)
        places = [self._place("owner")]
        if self._workspace.has_broken("teams"):
            return not_evaluated("C3", "teams.yaml is broken", ["teams.yaml"])
        if team is None:
            return failed("C3", f"there is no team {owner.team!r}", places)
        if self._file.sla is None:
            return failed("C3", "no service level (sla) is promised", places)
        places += [self._place("sla"), rota_place(self._workspace, owner.team)]
        if Safeguard.ALERT in self._missing():
            return failed("C3", f"{owner.team} says nobody to call (on_call)", places)
        cover = team_cover(owner.team, team, today=self._today)
        if cover.gap_weeks:
            when = f"the week of {cover.gap_weeks[0]}"
            return failed("C3", f"the rota of {owner.team} leaves hours without anybody, first in {when}", places)
        promised = f"{self._file.sla.success_ratio * 100:g} % within {self._file.sla.delivered_within_secs:g} s"
        on_call = "somebody on call at every hour" if cover.is_whole else f"alerts go to {team.on_call}"
        return passed("C3", f"{owner.team}, {owner.role}; {promised}; {on_call}", places)

    def migration(self) -> Answer:
        """C4: an end that is still ahead, and a plan that was not given up."""
        if self._file.stage is Stage.MARATHON:
            return passed("C4", "a marathon does not expire", [self._place("stage")])
        end, migration = day_or_none(self._file.expires), self._file.migration
        if end is None or migration is None:
            missing = " and no ".join(what for what, is_there in (("end", end), ("plan", migration)) if not is_there)
            return failed("C4", f"this {self._file.stage} has no {missing}", [self._place("stage")])
        places = [self._place("expires"), self._place("migration")]
        if end < self._today:
            return failed("C4", f"it expired on {end}", places)
        if not prose_is_there(self._workspace.path, migration.plan):
            return failed("C4", f"there is no plan {migration.plan}", places)
        rfc, _ = read_rfc(self._workspace.path, migration.plan)
        if rfc is None:
            return not_evaluated("C4", f"{migration.plan} has no state that could be read", [*places, migration.plan])
        if rfc.head.status is RfcState.ABANDONED:
            return failed("C4", f"its plan {migration.plan} was abandoned", [*places, f"{migration.plan}:1"])
        told = f"{migration.to} by {end}: {migration.plan} ({rfc.head.status})"
        return passed("C4", told, [*places, f"{migration.plan}:1"])

    def safeguards(self) -> Answer:
        """C5: contract tests that pass, a runbook, and something to measure and somebody to tell."""
        try:
            return self._tested()
        except PacelineError as error:
            return not_evaluated("C5", f"the contract tests cannot be run: {error.what}", [error.where])

    def risk(self) -> Answer:
        """C6: a score for every bucket; a high one rules out a sprint."""
        risk = self._file.risk
        if risk is None:
            return failed("C6", "the risk buckets have no scores", [self._place("integration")])
        scores = {bucket.replace("_", "-"): getattr(risk, bucket) for bucket in risk.__struct_fields__}
        told = ", ".join(f"{bucket} {score}" for bucket, score in scores.items())
        high = [bucket for bucket, score in scores.items() if score >= HIGH_RISK]
        if high and self._file.stage is Stage.SPRINT:
            return failed("C6", f"{told}: too high for a plain sprint (G1)", [self._place("risk")])
        return passed("C6", told, [self._place("risk")])

    def remarks(self) -> Iterator[str]:
        """What is worth knowing besides."""
        if self._backlog is not None and self._request is None:
            wanted = self._file.request or self._name
            yield f"no request {wanted!r} in {BACKLOG_FILE}: name it with `request:`, so that actuals are learned from"
        team = self._workspace.teams.teams.get(self._file.owner.team)
        if team is not None and not team.rota:
            yield f"{self._file.owner.team} has no rota in teams.yaml: who is on call at night was not evaluated"

    def _tested(self) -> Answer:
        opened = OpenWorkspace(workspace=self._workspace, catalog=Catalog(self._workspace.path / "connectors"),
                               environment={})  # fmt: skip
        known = [name for name in self._file.events if name in self._workspace.mappings]
        if len(known) < len(self._file.events) or not known:
            return not_evaluated("C5", "a mapping is missing or broken", [self._place("events")])
        suite = workspace_suite(opened).only(known)
        untested = [name for name, tested in suite.mappings.items() if not tested.cases]
        if untested:
            return failed("C5", f"no contract test for {', '.join(untested)}", [f"mappings/{untested[0]}.yaml:1"])
        results = run_suite(suite)
        wrong = [result for result in results if not result.has_passed]
        if wrong:
            told = f"{len(wrong)} of {len(results)} contract tests fail, the first: {wrong[0].name}"
            return failed("C5", told, [f"{result.file}:{result.line}" for result in wrong])
        missing = self._missing() & {Safeguard.RUNBOOK, Safeguard.ALERT}
        if missing:
            words = {Safeguard.RUNBOOK: "runbook", Safeguard.ALERT: "SLA or nobody to alert"}
            told = " and no ".join(words[one] for one in sorted(missing))
            return failed("C5", f"{len(results)} contract tests pass, but there is no {told}", [self._place("runbook")])
        coverage = measure_coverage(suite)
        covered, rules = sum(one.covered for one in coverage), sum(one.rules for one in coverage)
        told = f"{len(results)} contract tests pass and notice {covered} of {rules} mapping rules; runbook and SLA"
        places = [f"tests/{name}.yaml:1" for name in known]
        return passed("C5", told, [*places, self._place("runbook"), self._place("sla")])

    def _missing(self) -> set[Safeguard]:
        facts = zip(self._workspace.integrations, integration_facts(self._scope, today=self._today, extensions={}),
                    strict=True)  # fmt: skip
        return next(set(one.missing) for name, one in facts if name == self._name)

    def _acceptance_in(self, plan: str) -> Answer:
        text = read_text((self._workspace.path / plan).read_text(encoding="utf-8", errors="replace"))
        section = find_section(text, "acceptance")
        place = f"{plan}:{section.line}" if section is not None else plan
        wrong = [fault for fault in check_rfc_text(text) if fault.code == _ACCEPTANCE]
        if wrong:
            return failed("C1", f"{plan}: {wrong[0].message}", [f"{plan}:{wrong[0].line}"])
        return passed("C1", f"the acceptance tests of {plan}", [place])

    def _find_request(self) -> tuple[Request | None, int]:
        wanted = self._file.request or self._name
        for index, known in self._backlog.requests.items() if self._backlog is not None else ():
            if known.request.request == wanted:
                return known.request, index
        return None, -1

    def _request_place(self, key: str) -> str:
        assert self._backlog is not None
        place = self._backlog.document.place(("requests", self._request_index, key), of_key=True)
        return f"{self._backlog.file.name}:{place.line}"

    def _place(self, *path: PathStep) -> str:
        return f"{self._document.file}:{self._document.place(path, of_key=True).line}"
