"""What refusals teach about a vendor's limit."""

from __future__ import annotations

from paceline.delivery.pacing import Lesson, calls_per_sec, learn


def pace_after(lesson: Lesson, secs: float) -> float | None:
    return calls_per_sec(None, lesson, now_secs=lesson.since_secs + secs)


def refuse(pace: float | None, *, accepted: int) -> Lesson:
    return learn(accepted=accepted, over_secs=10.0, pause_secs=1.0, pace=pace, resumes_secs=100.0)


def test_pace_that_was_too_high_is_kept_just_below_for_half_a_minute() -> None:
    lesson = refuse(100.0, accepted=500)
    assert all(85 < (pace_after(lesson, secs) or 0) < 97 for secs in range(30))


def test_vendor_that_was_closed_for_a_while_is_called_at_the_old_pace_within_seconds() -> None:
    pace: float | None = 100.0
    for _ in range(60):
        lesson = refuse(pace, accepted=0)
        pace = pace_after(lesson, 0.5)
    assert (pace_after(lesson, 30.0) or 1000.0) > 50.0


def test_known_limit_is_never_exceeded_whatever_was_learned() -> None:
    lesson = refuse(None, accepted=0)
    paces = [calls_per_sec(10.0, lesson, now_secs=100.0 + secs) for secs in range(400)]
    assert all(pace is not None and pace <= 9.8 for pace in paces)
