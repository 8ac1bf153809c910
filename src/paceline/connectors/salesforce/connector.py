"""What the description cannot say about Salesforce: one error code for two limits."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass


def read(
    outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
) -> Sequence[Outcome]:
    """REQUEST_LIMIT_EXCEEDED is the day's quota, unless the message says that too many long requests are under way."""
    return [_as_throttled(one) if _is_about_concurrency(one) else one for one in outcomes]


def _is_about_concurrency(outcome: Outcome) -> bool:
    return outcome.vendor_code == "REQUEST_LIMIT_EXCEEDED" and "concurrent" in outcome.message.lower()


def _as_throttled(outcome: Outcome) -> Outcome:
    return msgspec.structs.replace(outcome, outcome_class=OutcomeClass.THROTTLE)
