"""What the description cannot say about Salesforce: a code for two limits, and members that are there already."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass


def read(
    outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
) -> Sequence[Outcome]:
    """The outcomes by the table, but for what a code alone does not tell."""
    return [_corrected(one, action) for one in outcomes]


def _corrected(outcome: Outcome, action: str) -> Outcome:
    match outcome.vendor_code:
        case "REQUEST_LIMIT_EXCEEDED" if "concurrent" in outcome.message.lower():
            # Not the day's quota: too many long requests are under way at this moment.
            return msgspec.structs.replace(outcome, outcome_class=OutcomeClass.THROTTLE)
        case "DUPLICATE_VALUE" if action == "add_campaign_member":
            return msgspec.structs.replace(outcome, outcome_class=OutcomeClass.OK)
        case _:
            return outcome
