"""What the description cannot say about Iterable: in bulk requests it names failed users by their address or id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass

_IN_BULK = frozenset({"track_events", "update_users", "subscribe_to_list", "unsubscribe_from_list"})


def read(
    outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
) -> Sequence[Outcome]:
    """One outcome for each item of a bulk request: bad when Iterable names its user or its event as failed."""
    if action not in _IN_BULK or answer.status != 200:
        return outcomes
    body = _decode(answer.body)
    failed = set(_failed(body))
    names = body.get("disallowedEventNames")
    refused = frozenset(names) if isinstance(names, list) else frozenset()
    return [
        Outcome(outcome_class=OutcomeClass.PERMANENT, status=200, vendor_code=code, message="not taken by Iterable")
        if (code := _reason(item.payload, failed, refused))
        else outcome
        for item, outcome in zip(items, outcomes, strict=True)
    ]


def _reason(payload: Mapping[str, object], failed: set[str], refused: frozenset[object]) -> str:
    if payload.get("eventName") in refused:
        return "disallowedEventNames"
    who = {str(payload[name]).lower() for name in ("email", "userId") if name in payload}
    return "failedUpdates" if who & failed else ""


def _failed(body: Mapping[str, object]) -> Iterator[str]:
    """Addresses and ids that any of the lists of failures has, in lower case."""
    inner = body.get("failedUpdates")
    for holder in (body, inner if isinstance(inner, dict) else {}):
        for name, values in holder.items():
            if (name.startswith(("failed", "invalid")) or name.endswith("Emails")) and isinstance(values, list):
                yield from (str(value).lower() for value in values)


def _decode(body: bytes) -> Mapping[str, object]:
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
