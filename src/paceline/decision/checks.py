"""The six questions before any code, as checks with three values."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from paceline.decision.gates import CheckState
from paceline.model.integration import Stage
from paceline.model.placeholder import says_nothing
from paceline.model.request import Request


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one of the six questions. What was not evaluated never counts as passed."""

    id: str
    question: str
    state: CheckState
    because: str


def check_request(request: Request, verdict: Stage | None) -> tuple[Check, ...]:
    """The six questions, answered as far as a request can answer them. `verdict` is None when nothing was decided."""
    questions: tuple[tuple[str, Callable[[], tuple[CheckState, str]]], ...] = (
        ("Is there an acceptance test, for now and for downstream?", lambda: _acceptance(request)),
        ("Is the schema canonical or one-off, and was that decided?", lambda: _schema(request)),
        ("Are owner and service level named?", lambda: _ownership(request)),
        ("Is there a migration and expiry plan?", lambda: _migration(request, verdict)),
        ("Do contract tests and monitoring come with the change?", lambda: _safeguards(request)),
        ("Are privacy, lock-in, performance and observability scored?", lambda: _risk(request)),
    )
    answers = [(question, answer()) for question, answer in questions]
    return tuple(
        Check(id=f"C{number}", question=question, state=state, because=because)
        for number, (question, (state, because)) in enumerate(answers, start=1)
    )


def _acceptance(request: Request) -> tuple[CheckState, str]:
    test = request.acceptance
    if test is None or says_nothing(test.now):
        return CheckState.FAILED, "no acceptance test is written down"
    if says_nothing(test.downstream):
        return CheckState.FAILED, "there is a test for now, and none for who uses the data afterwards"
    return CheckState.PASSED, test.now


def _schema(request: Request) -> tuple[CheckState, str]:
    if request.schema is None:
        return CheckState.NOT_EVALUATED, "the request does not say whether its schema is canonical or one_off"
    return CheckState.PASSED, request.schema.value.replace("_", "-")


def _ownership(request: Request) -> tuple[CheckState, str]:
    has_owner = request.owner is not None and not says_nothing(request.owner.team)
    missing = [name for name, is_there in (("owner", has_owner), ("SLA", request.sla is not None)) if not is_there]
    if missing or request.owner is None:
        return CheckState.FAILED, f"no {' and no '.join(missing)}"
    return CheckState.PASSED, f"{request.owner.team}, {request.owner.role}"


def _migration(request: Request, verdict: Stage | None) -> tuple[CheckState, str]:
    if not says_nothing(request.migration_plan):
        return CheckState.PASSED, request.migration_plan
    match verdict:
        case None:
            return CheckState.NOT_EVALUATED, "whether one is needed depends on the verdict"
        case Stage.MARATHON:
            return CheckState.PASSED, "a marathon does not expire"
        case _:
            return CheckState.FAILED, f"a {verdict.value} needs a plan for its end (migration_plan)"


def _safeguards(request: Request) -> tuple[CheckState, str]:
    stated = {"contract tests": request.contract_tests, "monitoring": request.monitoring}
    refused = [name for name, value in stated.items() if value is False]
    unknown = [name for name, value in stated.items() if value is None]
    if refused:
        return CheckState.FAILED, f"planned without {' and '.join(refused)}"
    if unknown:
        return CheckState.NOT_EVALUATED, f"the request does not say whether {' and '.join(unknown)} come with it"
    return CheckState.PASSED, "both are part of the change"


def _risk(request: Request) -> tuple[CheckState, str]:
    risk = request.risk
    if risk is None:
        return CheckState.FAILED, "the risk buckets have no scores"
    scores = ", ".join(f"{name.replace('_', '-')} {getattr(risk, name)}" for name in risk.__struct_fields__)
    return CheckState.PASSED, scores
