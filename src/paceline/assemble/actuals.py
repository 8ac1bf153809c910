"""What integrations were estimated at, and what they took: from backlog, git, work log, log and store."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec

from paceline.assemble.debt.telemetry import read_telemetry
from paceline.assemble.storage import open_bus, open_store
from paceline.decision.backlog import Backlog, read_backlog
from paceline.decision.calibration import PastCase
from paceline.decision.catalog import BY_NAME
from paceline.decision.inputs import bounds
from paceline.decision.knowledge import KnownActual
from paceline.errors import MappingSyntaxError, PacelineError
from paceline.mapping.expression import show
from paceline.mapping.parser import parse_tree
from paceline.model.actuals import ActualsFile, Measure, WorkKind
from paceline.model.delivery import Fate
from paceline.model.integration import IntegrationFile, Stage
from paceline.model.mapping import FieldRule, MappingFile
from paceline.model.record import Position
from paceline.model.request import Estimate, MarathonEstimates, Request, Source, SprintEstimates
from paceline.model.settings import MemoryStore, SqliteBus, SqliteStore
from paceline.runtime.process import EVENTS_TOPIC
from paceline.workspace.calendar import day_or_none
from paceline.workspace.commits import Commit, commits_of, is_in_git, write_snapshot
from paceline.workspace.history import git_output
from paceline.workspace.kinds import KINDS
from paceline.workspace.load import load_workspace
from paceline.workspace.work_log import WorkFact, WorkLog, read_work_log
from paceline.workspace.workspace import Workspace, event_key
from paceline.workspace.yaml_document import read_yaml

BACKLOG = "backlog.yaml"
LEAST_SIMILAR = 3
"""From so many different actuals on, they make a range."""
_CALIBRATED = {
    Measure.DAYS: "days",
    Measure.BUILD_HOURS: "build",
    Measure.OPS_HOURS_PER_WEEK: "ops",
}
"""What a decision's inputs are called after the option: `sprint_days`."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One measure: its value and where it comes from, or None and why it was not evaluated."""

    measure: Measure
    value: float | None
    how: str
    estimate: Estimate | None = None


class IntegrationActuals(msgspec.Struct, frozen=True, kw_only=True):
    """One integration: the request that it answers, the stage that it began as, and its measures."""

    integration: str
    request: str
    option: Stage
    asked: str
    measures: tuple[Measured, ...]


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What store and log know of a lane: how much it delivered, and when first.

    `first` is None in a store that kept no such time; `not_before` is when events came in that it could take.
    """

    delivered: int
    first: dt.date | None
    not_before: dt.date | None


def read_actuals(root: Path, *, now: dt.datetime, only: str | None = None) -> list[IntegrationActuals]:
    """The actuals of every integration, or of one, by name."""
    workspace = load_workspace(root)
    log = read_work_log(root)
    traffic, why = read_traffic(workspace)
    observed = _observed_hours(workspace, now)
    names = sorted(workspace.integrations) if only is None else [only]
    return [
        _Integration(workspace, log, name, now).actuals(traffic.get(name), why, observed.get(name)) for name in names
    ]


class _Integration:
    """One integration with its history."""

    def __init__(self, workspace: Workspace, log: WorkLog, name: str, now: dt.datetime) -> None:
        self._workspace = workspace
        self._log = log
        self._name = name
        self._now = now
        self._file: IntegrationFile = workspace.integrations[name]
        self._root = workspace.path
        place = KINDS["integration"].location.format(integration=name)
        self._commits = list(reversed(commits_of(self._root, place))) if is_in_git(self._root) else []
        self._stages = [(commit, stage) for commit in self._commits if (stage := self._stage_at(commit, place))]

    def actuals(self, traffic: Traffic | None, why: str, observed: float | None) -> IntegrationActuals:
        request = self._request()
        option = self._stages[0][1] if self._stages else self._file.stage
        accepted = self._accepted()
        asked = day_or_none(request.asked) if request is not None else None
        measures = (
            self._time_to_value(asked, accepted, traffic, why),
            self._days(accepted, traffic),
            self._build_hours(),
            self._ops_hours(accepted, observed),
            self._rework_share(),
        )
        estimates = _estimates(request, option)
        return IntegrationActuals(
            integration=self._name,
            request=request.request if request is not None else "",
            option=option,
            asked=request.asked if request is not None else "",
            measures=tuple(msgspec.structs.replace(one, estimate=estimates.get(one.measure)) for one in measures),
        )

    def _stage_at(self, commit: Commit, place: str) -> Stage | None:
        content = git_output(self._root, "show", f"{commit.id}:./{place}")
        document = read_yaml(content, place)[0] if content is not None else None
        value = document.value.get("stage") if document is not None and isinstance(document.value, dict) else None
        return Stage(value) if value in list(Stage) else None

    def _request(self) -> Request | None:
        """The request as it stood when work on the integration began, so that nobody can improve an estimate later."""
        name = self._file.request or self._name
        if self._commits:
            backlog = _backlog(git_output(self._root, "show", f"{self._commits[0].id}:./{BACKLOG}"))
            found = _find(backlog, name)
            if found is not None:
                return found
            for commit in reversed(commits_of(self._root, BACKLOG)):
                found = _find(_backlog(git_output(self._root, "show", f"{commit.id}:./{BACKLOG}")), name)
                if found is not None:
                    return found
        path = self._root / BACKLOG
        return _find(_backlog(path.read_bytes()), name) if path.is_file() else None

    def _accepted(self) -> WorkFact | None:
        return next(iter(self._log.of(self._name, WorkKind.ACCEPTED)), None)

    def _time_to_value(
        self, asked: dt.date | None, accepted: WorkFact | None, traffic: Traffic | None, why: str
    ) -> Measured:
        if asked is None:
            return _unknown(Measure.TIME_TO_VALUE_DAYS, f"no request: add it to {BACKLOG}, or `request:` here")
        if traffic is not None and not traffic.delivered:
            said = "the test is said to have passed, but nothing" if accepted is not None else "nothing"
            return _unknown(Measure.TIME_TO_VALUE_DAYS, f"{said} was delivered")
        end = _first_value(accepted, traffic)
        if end is None:
            seen = f"; {_seen(traffic)}" if traffic is not None else ""
            return _unknown(Measure.TIME_TO_VALUE_DAYS, f"nobody logged that the acceptance test passed{seen}")
        proof = _seen(traffic) if traffic is not None else f"deliveries were not evaluated: {why}"
        passed = (
            f"{accepted.who} logged on {accepted.at.date()} that the acceptance test passed"
            if accepted is not None
            else "nobody logged that the acceptance test passed"
        )
        return Measured(
            measure=Measure.TIME_TO_VALUE_DAYS,
            value=float((end - asked).days),
            how=f"from {asked} to {end}; {proof}; {passed}",
        )

    def _days(self, accepted: WorkFact | None, traffic: Traffic | None) -> Measured:
        built = self._log.of(self._name, WorkKind.BUILD)
        starts = [fact.at.date() for fact in built[:1]] + [commit.day for commit in self._commits[:1]]
        end = _first_value(accepted, traffic)
        if accepted is None or end is None or not starts:
            return _unknown(Measure.DAYS, "needs the start of work and a passed acceptance test")
        start = min(starts)
        days = float(max((end - start).days, 1))
        return Measured(measure=Measure.DAYS, value=days, how=f"{start} to {end}; its start by git and the work log")

    def _build_hours(self) -> Measured:
        built = self._log.of(self._name, WorkKind.BUILD)
        if not built:
            return _unknown(Measure.BUILD_HOURS, "nobody logged building it (paceline log-work … --build)")
        hours = sum(fact.minutes for fact in built) / 60
        return Measured(measure=Measure.BUILD_HOURS, value=hours, how=f"{len(built)} lines of the work log")

    def _ops_hours(self, accepted: WorkFact | None, observed: float | None) -> Measured:
        """Logged hours a week, or those that the store shows when they are more: the same work may be in both."""
        logged = self._log.of(self._name, WorkKind.OPS)
        starts = [accepted.at] if accepted is not None else [fact.at for fact in logged[:1]]
        if not logged and observed is None:
            return _unknown(Measure.OPS_HOURS_PER_WEEK, "nothing was logged, and the store shows nothing")
        weeks = max((self._now - starts[0]).days / 7, 1.0) if starts else 1.0
        by_people = sum(fact.minutes for fact in logged) / 60 / weeks
        by_store = observed or 0.0
        seen = "" if observed is None else f"; dead letters alone {by_store:.2f}"
        how = f"{len(logged)} lines of the work log in {weeks:.1f} weeks: {by_people:.2f}{seen}"
        return Measured(measure=Measure.OPS_HOURS_PER_WEEK, value=max(by_people, by_store), how=how)

    def _rework_share(self) -> Measured:
        change = next(
            (
                (before[0], after[0])
                for before, after in zip(self._stages, self._stages[1:], strict=False)
                if before[1] is not Stage.MARATHON and after[1] is Stage.MARATHON
            ),
            None,
        )
        if change is None:
            return _unknown(Measure.REWORK_SHARE, "it has not become a marathon in git")
        with tempfile.TemporaryDirectory(prefix="paceline-actuals-") as folder:
            # Not the last commit of this file, but the last state before the one that changed the stage.
            before = load_workspace(write_snapshot(self._root, f"{change[1].id}^", Path(folder)))
            old = _rules(before, self._name)
        new = _rules(self._workspace, self._name)
        if not old:
            return _unknown(Measure.REWORK_SHARE, "there were no mapping rules before the migration")
        lost = len(old - new)
        how = f"{lost} of {len(old)} mapping rules from before {change[1].day} are gone or changed"
        return Measured(measure=Measure.REWORK_SHARE, value=lost / len(old), how=how)


def _first_value(accepted: WorkFact | None, traffic: Traffic | None) -> dt.date | None:
    """The day of the first delivery, as the store knows it; else that on which the acceptance test was said to pass."""
    if traffic is not None and traffic.first is not None:
        return traffic.first
    return accepted.at.date() if accepted is not None else None


def _unknown(measure: Measure, why: str) -> Measured:
    return Measured(measure=measure, value=None, how=why)


def _seen(traffic: Traffic | None) -> str:
    if traffic is None:
        return ""
    if traffic.first is not None:
        return f"the ledger counts {traffic.delivered:,} deliveries, the first on {traffic.first}"
    since = f", not before {traffic.not_before}" if traffic.not_before is not None else ""
    return f"the ledger counts {traffic.delivered:,} deliveries{since}"


def _backlog(content: bytes | None) -> Backlog | None:
    document = read_yaml(content, BACKLOG)[0] if content is not None else None
    backlog = read_backlog(document.value) if document is not None else None
    return backlog if isinstance(backlog, Backlog) else None


def _find(backlog: Backlog | None, name: str) -> Request | None:
    return next((one for one in backlog.requests.values() if one.request == name), None) if backlog else None


def _estimates(request: Request | None, option: Stage) -> Mapping[Measure, Estimate]:
    if request is None:
        return {}
    stated: SprintEstimates | MarathonEstimates = (
        request.estimates.marathon if option is Stage.MARATHON else request.estimates.sprint
    )
    given = {
        Measure.DAYS: stated.days,
        Measure.BUILD_HOURS: stated.build_hours,
        Measure.OPS_HOURS_PER_WEEK: stated.ops_hours_per_week,
        Measure.REWORK_SHARE: request.shared.rework_factor,
    }
    return {measure: estimate for measure, estimate in given.items() if estimate is not None}


def _rules(workspace: Workspace, integration: str) -> set[tuple[object, ...]]:
    """The mapping rules that an integration uses: where each goes, and the expression however it is written."""
    file = workspace.integrations.get(integration)
    specs = [workspace.mappings[name] for name in (file.events if file else ()) if name in workspace.mappings]
    return {rule for spec in specs for rule in _rules_of(spec)}


def _rules_of(spec: MappingFile) -> Iterable[tuple[object, ...]]:
    head = (*event_key(spec.from_), spec.to.connector, spec.to.action)
    yield from ((*head, *rule) for rule in _field_rules(spec.fields, ""))
    if spec.when is not None:
        yield (*head, "when", _normal(spec.when))


def _field_rules(fields: Mapping[str, FieldRule | str], above: str) -> Iterable[tuple[str, str]]:
    for target, rule in fields.items():
        expression = rule if isinstance(rule, str) else rule.value if rule.each is None else rule.each
        yield f"{above}{target}", _normal(expression or "")
        if isinstance(rule, FieldRule) and rule.fields is not None:
            yield from _field_rules(rule.fields, f"{above}{target}[].")


def _normal(expression: str) -> str:
    try:
        return show(parse_tree(expression))
    except MappingSyntaxError:
        return expression


def read_traffic(workspace: Workspace) -> tuple[Mapping[str, Traffic], str]:
    """What store and log know of every lane; or nothing, and why. Makes no file."""
    store, bus = workspace.settings.store, workspace.settings.bus
    if isinstance(store, MemoryStore) or (
        isinstance(store, SqliteStore) and not (workspace.path / store.path).is_file()
    ):
        return {}, "there is no store here"
    with_log = isinstance(bus, SqliteBus) and (workspace.path / bus.path).is_dir()
    try:
        return asyncio.run(_traffic(workspace, with_log=with_log)), ""
    except PacelineError as error:
        return {}, str(error)


async def _traffic(workspace: Workspace, *, with_log: bool) -> Mapping[str, Traffic]:
    settings = workspace.settings
    store = open_store(workspace.path, settings.store, settings.dedup)
    bus = open_bus(workspace.path, settings.bus) if with_log else None
    try:
        found: dict[str, Traffic] = {}
        for name, state in (await store.lanes()).items():
            delivered = sum(number for count, number in state.counts.items() if count.fate is Fate.DELIVERED)
            places = [Position(partition, offset) for partition, offset in state.start.items()]
            records = await bus.fetch(EVENTS_TOPIC, places) if bus is not None else {}
            times = [record.received_ms for record in records.values()]
            found[name] = Traffic(
                delivered=delivered,
                first=_day(state.first_delivered_ms) if state.first_delivered_ms else None,
                not_before=_day(min(times)) if times else None,
            )
        return found
    finally:
        await store.close()
        if bus is not None:
            await bus.close()


def _day(at_ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).date()


def _observed_hours(workspace: Workspace, now: dt.datetime) -> Mapping[str, float]:
    """Hours a week that dead letters of each integration take, as the store shows them."""
    facts = read_telemetry(workspace, now=now, drift_events=0).workarounds
    return {Path(fact.place.rpartition(":")[0]).stem: fact.minutes_per_week / 60 for fact in facts}


def close_actuals(actuals: IntegrationActuals, *, today: dt.date) -> ActualsFile:
    """What is written down when an integration is done: the estimates, and what was measured."""
    return ActualsFile(
        request=actuals.request or actuals.integration,
        option=actuals.option,
        integration=actuals.integration,
        asked=actuals.asked or None,
        closed=today.isoformat(),
        estimates={one.measure: one.estimate for one in actuals.measures if one.estimate is not None},
        actual={one.measure: round(one.value, 4) for one in actuals.measures if one.value is not None},
    )


def past_cases(files: Iterable[ActualsFile]) -> Sequence[PastCase]:
    """Every guess with its actual, for calibration. What was measured or quoted beforehand was no guess."""
    cases = []
    for file in sorted(files, key=lambda one: (one.closed, one.request)):
        option = "marathon" if file.option is Stage.MARATHON else "sprint"
        for measure, suffix in _CALIBRATED.items():
            estimate, actual = file.estimates.get(measure), file.actual.get(measure)
            name = f"{option}_{suffix}"
            if estimate is None or actual is None or estimate.source is not Source.GUESS or name not in BY_NAME:
                continue
            if estimate.exact is not None or None in (estimate.low, estimate.likely, estimate.high):
                continue
            low, likely, high = bounds(BY_NAME[name], estimate)
            if min(low, likely, high, actual) > 0:
                cases.append(PastCase(name=file.request, input=name, low=low, likely=likely, high=high, actual=actual))
    return cases


def known_actuals(workspace: Workspace) -> tuple[KnownActual, ...]:
    """What similar work took, as ranges for requests with the same vendor: for what was closed at least three times.

    The range goes from the least to the most that it took. A request that states its own estimate keeps it.
    """
    found: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for file in workspace.actuals.values():
        integration = workspace.integrations.get(file.integration)
        option = "marathon" if file.option is Stage.MARATHON else "sprint"
        for measure, value in file.actual.items():
            if integration is not None and measure in _CALIBRATED and value > 0:
                key = (f"estimates.{option}.{measure.value}", integration.connector)
                found.setdefault(key, []).append((value, f"actuals/{file.request}.yaml"))
    return tuple(
        KnownActual(
            path=path,
            estimate=_range([value for value, _ in values]),
            because=f"{len(values)} integrations with {vendor} took that",
            places=tuple(sorted(place for _, place in values)),
            vendor=vendor,
        )
        for (path, vendor), values in sorted(found.items())
        if len({value for value, _ in values}) >= LEAST_SIMILAR
    )


def _range(values: Sequence[float]) -> Estimate:
    return Estimate(low=min(values), likely=median(values), high=max(values), source=Source.HISTORY)
