"""What the description cannot say about Braze: an error names a place in one of the lists that all deliveries share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.delivery.redaction import redact
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass

_LISTS = ("attributes", "events", "purchases")


def read(
    outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
) -> Sequence[Outcome]:
    """One outcome for each delivery: bad when Braze left out anything of it. Without places the outcomes stay."""
    if not 200 <= answer.status < 300 or not answer.body:
        return outcomes
    try:
        body = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return outcomes
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return outcomes
    owners = {name: _owners(name, items) for name in _LISTS}
    found: list[Outcome] = [Outcome(outcome_class=OutcomeClass.OK, status=answer.status)] * len(items)
    for error in errors:
        match error:
            case {"input_array": str(name), "index": int(index)} if 0 <= index < len(owners.get(name, [])):
                number = owners[name][index]
                found[number] = Outcome(
                    outcome_class=OutcomeClass.PERMANENT,
                    status=answer.status,
                    vendor_code=name,
                    message=redact(str(error.get("type", ""))[:2048], [items[number]]),
                )
            case _:
                return outcomes
    return found


def _owners(name: str, items: Sequence[Item]) -> list[int]:
    """For each place in the joined list, which item it came from."""
    return [number for number, item in enumerate(items) for _ in _entries(item.payload, name)]


def _entries(payload: Mapping[str, object], name: str) -> Sequence[object]:
    entries = payload.get(name)
    return entries if isinstance(entries, list) else [] if entries is None else [entries]
