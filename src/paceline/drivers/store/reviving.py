"""A dead letter as a delivery that is tried again; the same in every driver."""

from __future__ import annotations

from paceline.errors import FencedError
from paceline.model.delivery import DeadLetter, Parked
from paceline.ports.store import ReplayJob


def taken_over(job: ReplayJob) -> FencedError:
    """The error of a step of a replay that somebody else has gone on with."""
    return FencedError(f"another command carries out the replay {job.id}", remedy="look at it: paceline replay --list")


def revive(letter: DeadLetter, job: ReplayJob) -> Parked:
    """The letter as a parked delivery that is due now, with all its attempts and a new retry window."""
    return Parked(
        delivery_id=letter.delivery_id,
        position=letter.position,
        key=letter.key,
        mapping=letter.mapping,
        attempts=0,
        due_ms=job.updated_ms,
        first_failed_ms=job.updated_ms,
        outcome=letter.outcome,
        history=letter.history,
        replay_job=job.id,
    )
