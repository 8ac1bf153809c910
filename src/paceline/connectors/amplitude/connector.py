"""What Amplitude's answers say beyond the answer table: which events of a batch it means, and wrong keys as a 400."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass

THROTTLED_SECS = 30.0
"""How long a user or device has to pause (https://amplitude.com/docs/apis/analytics/http-v2, read 2026-11-23)."""


def read(
    outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
) -> Sequence[Outcome]:
    """One outcome for each item. Amplitude takes all events of a request or none, so the good ones come again."""
    body = _decode(answer.body) if answer.status in {400, 429} else {}
    if str(body.get("error", "")).startswith("Invalid API key"):
        return [msgspec.structs.replace(outcomes[0], outcome_class=OutcomeClass.AUTH)] * len(items)
    if action != "send_event" or len(items) == 1:
        return outcomes
    if answer.status == 400:
        named, meant = set(_wrong_events(body)), OutcomeClass.PERMANENT
        wait = None
    else:
        named, meant = set(_indexes(body.get("throttled_events"))), OutcomeClass.TRANSIENT
        wait = THROTTLED_SECS
    if not named or max(named) >= len(items):
        return outcomes
    about = msgspec.structs.replace(outcomes[0], outcome_class=meant, retry_after_secs=wait, is_whole_request=False)
    again = Outcome(
        outcome_class=OutcomeClass.TRANSIENT, status=answer.status, message="not taken because of other events"
    )
    return [about if index in named else again for index in range(len(items))]


def _wrong_events(body: dict[str, object]) -> Iterator[int]:
    for name in ("events_with_invalid_fields", "events_with_missing_fields", "events_with_invalid_id_lengths"):
        fields = body.get(name)
        for places in fields.values() if isinstance(fields, dict) else ():
            yield from _indexes(places)
    yield from _indexes(body.get("silenced_events"))


def _indexes(value: object) -> list[int]:
    return [one for one in value if isinstance(one, int) and one >= 0] if isinstance(value, list) else []


def _decode(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
