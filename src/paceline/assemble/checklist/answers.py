"""What an answer to one of the six questions is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.decision.gates import CheckState

QUESTIONS: Mapping[str, str] = {
    "C1": "Is there an acceptance test, for now and for downstream?",
    "C2": "Is the schema canonical or one-off, and was that decided?",
    "C3": "Are owner and service level named?",
    "C4": "Is there a migration and expiry plan?",
    "C5": "Do contract tests and monitoring come with the change?",
    "C6": "Are privacy, lock-in, performance and observability scored?",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `evidence` are files with lines: what was looked at, or where the answer belongs."""

    id: str
    question: str
    state: CheckState
    because: str
    evidence: tuple[str, ...] = ()


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """The six answers about one thing. `kind` is `request` or `integration`; `remarks` are worth knowing besides."""

    name: str
    kind: str
    answers: tuple[Answer, ...]
    remarks: tuple[str, ...] = ()

    @property
    def has_passed(self) -> bool:
        """Whether every question is answered with passed: what was not evaluated never counts as that."""
        return all(answer.state is CheckState.PASSED for answer in self.answers)


def passed(identity: str, because: str, evidence: Sequence[str] = ()) -> Answer:
    """An answer that is as it should be."""
    return _answer(identity, CheckState.PASSED, because, evidence)


def failed(identity: str, because: str, evidence: Sequence[str] = ()) -> Answer:
    """An answer that is not as it should be."""
    return _answer(identity, CheckState.FAILED, because, evidence)


def not_evaluated(identity: str, because: str, evidence: Sequence[str] = ()) -> Answer:
    """No answer, and why there is none."""
    return _answer(identity, CheckState.NOT_EVALUATED, because, evidence)


def _answer(identity: str, state: CheckState, because: str, evidence: Sequence[str]) -> Answer:
    return Answer(
        id=identity,
        question=QUESTIONS[identity],
        state=state,
        because=because,
        evidence=tuple(dict.fromkeys(place for place in evidence if place)),
    )
