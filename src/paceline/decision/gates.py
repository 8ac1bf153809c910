"""Gates: what rules an option out before any money is counted, and what would open it again."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.decision.calendar import days_between
from paceline.decision.inputs import Input
from paceline.model.integration import Risk, Stage
from paceline.model.placeholder import says_nothing
from paceline.model.request import DebtGrade, InterimControl, Request, RequestKind, SchemaChoice

HIGH_RISK = 4
"""From this score on, of 5, a risk bucket is high."""
SIMILAR_ADAPTERS = 2
"""From this number of similar adapters on, another one is a duplicate."""
SHARED_TEAMS = 3
"""From this number of teams on, something is a shared utility."""


class CheckState(enum.StrEnum):
    """Three values: what was not evaluated never counts as passed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_EVALUATED = "not evaluated"


class Gate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One gate. A failed one rules out the options in `blocks`; `unlock` says what opens it, in about `effort_hours`.

    `step` is the part of the framework that it comes from. A gate that makes an option provisional blocks nothing.
    """

    id: str
    step: str
    state: CheckState
    because: str
    blocks: tuple[Stage, ...] = ()
    unlock: str = ""
    effort_hours: float = 0.0


def pass_gates(request: Request, inputs: Mapping[str, Input]) -> tuple[Gate, ...]:
    """Every gate, G0 to G8, for a request and its inputs."""
    return tuple(
        gate(request, inputs)
        for gate in (
            _readiness,
            _high_risk,
            _privacy,
            _regulation,
            _deadline,
            _destination,
            _shared_utility,
            _platform_owner,
            _debt,
        )
    )


def allowed_options(gates: Sequence[Gate]) -> tuple[Stage, ...]:
    """What the gates leave, from the quickest to the most thorough."""
    blocked = {option for gate in gates if gate.state is CheckState.FAILED for option in gate.blocks}
    return tuple(option for option in (Stage.SPRINT, Stage.HYBRID, Stage.MARATHON) if option not in blocked)


def cheapest_unlock(gates: Sequence[Gate]) -> tuple[Stage, Sequence[Gate]] | None:
    """The blocked option that takes the least effort to open, with the gates that close it.

    None when no option is blocked.
    """
    closed = {
        option: [gate for gate in gates if gate.state is CheckState.FAILED and option in gate.blocks]
        for option in (Stage.SPRINT, Stage.HYBRID, Stage.MARATHON)
    }
    candidates = [(sum(gate.effort_hours for gate in by), option) for option, by in closed.items() if by]
    if not candidates:
        return None
    _, option = min(candidates, key=lambda candidate: candidate[0])
    return option, closed[option]


def is_shared(request: Request, inputs: Mapping[str, Input]) -> bool:
    """Whether three or more teams want it, now or as is likely in 24 months."""
    return max(request.teams.now, inputs["teams_later"].likely) >= SHARED_TEAMS


def is_regulated(request: Request) -> bool:
    """Whether the data must stay in a region or a compliance regime applies."""
    return bool(request.residency.strip() or request.compliance)


def missing_for_readiness(request: Request) -> Iterator[str]:
    """What must be written down before anything is decided."""
    if request.acceptance is None or says_nothing(request.acceptance.now):
        yield "an acceptance test for now"
    if request.acceptance is None or says_nothing(request.acceptance.downstream):
        yield "an acceptance test for downstream"
    if request.owner is None or says_nothing(request.owner.team):
        yield "an owner (team and role)"
    if request.sla is None:
        yield "a service level (SLA)"
    if request.risk is None:
        yield "a score for each risk bucket"


def _readiness(request: Request, inputs: Mapping[str, Input]) -> Gate:
    missing = list(missing_for_readiness(request))
    return Gate(
        id="G0",
        step="outcome and ownership",
        state=CheckState.FAILED if missing else CheckState.PASSED,
        because=f"missing: {', '.join(missing)}"
        if missing
        else "acceptance tests, owner, SLA and risks are written down",
        unlock=f"write down {', '.join(missing)}" if missing else "",
        effort_hours=float(len(missing)),
    )


def _high_buckets(risk: Risk) -> list[str]:
    return [bucket for bucket in Risk.__struct_fields__ if getattr(risk, bucket) >= HIGH_RISK]


def _high_risk(request: Request, inputs: Mapping[str, Input]) -> Gate:
    if request.risk is None:
        return _not_evaluated("G1", "risk", "the risk buckets have no scores")
    high = _high_buckets(request.risk)
    if not high:
        return _passed("G1", "risk", f"no risk bucket has {HIGH_RISK} of 5 or more")
    names = " and ".join(f"{bucket} {getattr(request.risk, bucket)}" for bucket in high)
    return Gate(
        id="G1",
        step="risk",
        state=CheckState.FAILED,
        because=f"high risk: {names} of 5",
        blocks=(Stage.SPRINT,),
        unlock=f"bring {' and '.join(high)} to {HIGH_RISK - 1} or less",
        effort_hours=40.0 * len(high),
    )


def _privacy(request: Request, inputs: Mapping[str, Input]) -> Gate:
    if request.risk is None:
        return _not_evaluated("G2", "risk", "privacy has no score")
    if request.risk.privacy < HIGH_RISK:
        return _passed("G2", "risk", f"privacy is {request.risk.privacy} of 5")
    missing = [control.value for control in InterimControl if control not in request.interim_controls]
    if not missing:
        return _passed("G2", "risk", f"privacy is {request.risk.privacy} of 5, and every interim control is in place")
    words = ", ".join(missing).replace("_", " ")
    return Gate(
        id="G2",
        step="risk",
        state=CheckState.FAILED,
        because=f"privacy is {request.risk.privacy} of 5 without {words}",
        blocks=(Stage.SPRINT, Stage.HYBRID),
        unlock=f"put these interim controls in place: {words}",
        effort_hours=6.0 * len(missing),
    )


def _regulation(request: Request, inputs: Mapping[str, Input]) -> Gate:
    if not is_regulated(request):
        return _passed("G3", "compliance", "no residency and no compliance regime is declared")
    what = [f"data must stay in {request.residency}"] if request.residency.strip() else []
    what += [f"{regime} applies" for regime in sorted(request.compliance)]
    return Gate(
        id="G3",
        step="compliance",
        state=CheckState.FAILED,
        because=" and ".join(what),
        blocks=(Stage.SPRINT,),
        unlock="keep the data that this is about out of the integration",
        effort_hours=80.0,
    )


def _deadline(request: Request, inputs: Mapping[str, Input]) -> Gate:
    if request.deadline is None:
        return _not_evaluated("G4", "time to value", "no deadline is stated")
    within = days_between(request.asked, request.deadline)
    soonest = sum(inputs[name].low for name in ("marathon_days", "review", "access"))
    if soonest <= within:
        return _passed("G4", "time to value", f"the marathon can be there in {soonest:.0f} of {within} days")
    return Gate(
        id="G4",
        step="time to value",
        state=CheckState.FAILED,
        because=f"even the optimistic marathon takes {soonest:.0f} days, and the deadline is in {within}",
        blocks=(Stage.MARATHON,),
        unlock=f"move the deadline by {soonest - within:.0f} days or cut the marathon's scope",
        effort_hours=24.0,
    )


def _destination(request: Request, inputs: Mapping[str, Input]) -> Gate:
    """Closes the marathon with the hybrid.

    Were the marathon left open, a second team would turn a marathon into a hybrid: more need, less platform.
    """
    destinations = (
        (request.kind is RequestKind.STRATEGIC, "it is strategic"),
        (is_regulated(request), "residency or compliance ask for a platform"),
        (max(request.teams.now, inputs["teams_later"].likely) > 1, "more than one team wants it"),
        ((request.existing.similar_adapters or 0) >= SIMILAR_ADAPTERS, "similar adapters can be merged into it"),
        (request.schema is SchemaChoice.CANONICAL, "its events are canonical"),
    )
    for is_there, because in destinations:
        if is_there:
            return _passed("G5", "destination", f"there is something to migrate to: {because}")
    return Gate(
        id="G5",
        step="destination",
        state=CheckState.FAILED,
        because="tactical, one team, no compliance, no canonical events: nothing to migrate to or to build on",
        blocks=(Stage.HYBRID, Stage.MARATHON),
        unlock="name what it should grow into (kind: strategic), a second team, or the canonical events that it uses",
        effort_hours=8.0,
    )


def _shared_utility(request: Request, inputs: Mapping[str, Input]) -> Gate:
    teams = max(request.teams.now, inputs["teams_later"].likely)
    if not is_shared(request, inputs) or request.kind is not RequestKind.STRATEGIC:
        kind = RequestKind.STRATEGIC if request.kind is RequestKind.STRATEGIC else RequestKind.TACTICAL
        return _passed("G6", "shared need", f"{kind.value}, {teams:g} team{'' if teams == 1 else 's'}")
    return Gate(
        id="G6",
        step="shared need",
        state=CheckState.FAILED,
        because=f"strategic, and {teams:g} teams want it: a sprint would be built {teams:g} times",
        blocks=(Stage.SPRINT,),
        unlock="show that fewer than three teams need it",
        effort_hours=80.0,
    )


def _platform_owner(request: Request, inputs: Mapping[str, Input]) -> Gate:
    if request.platform_owner.strip():
        return _passed("G7", "ownership", f"{request.platform_owner} owns the platform piece")
    return Gate(
        id="G7",
        step="ownership",
        state=CheckState.FAILED,
        because="no team with the capacity to own the platform piece is named",
        unlock="name the team (platform_owner); until then a marathon is provisional",
        effort_hours=8.0,
    )


def _debt(request: Request, inputs: Mapping[str, Input]) -> Gate:
    grade = request.existing.debt_grade
    if grade is None:
        return _not_evaluated("G8", "debt", "the debt grade of this family of events is not known")
    if grade not in (DebtGrade.D, DebtGrade.E):
        return _passed("G8", "debt", f"the debt grade of this family of events is {grade.value}")
    if request.existing.pays_down.strip():
        return _passed("G8", "debt", f"grade {grade.value}, but this pays down: {request.existing.pays_down}")
    return Gate(
        id="G8",
        step="debt",
        state=CheckState.FAILED,
        because=f"the debt grade of this family of events is {grade.value}",
        blocks=(Stage.SPRINT,),
        unlock="pay down one debt item of the family with this request (existing.pays_down)",
        effort_hours=8.0,
    )


def _passed(identity: str, step: str, because: str) -> Gate:
    return Gate(id=identity, step=step, state=CheckState.PASSED, because=because)


def _not_evaluated(identity: str, step: str, because: str) -> Gate:
    return Gate(id=identity, step=step, state=CheckState.NOT_EVALUATED, because=because)
