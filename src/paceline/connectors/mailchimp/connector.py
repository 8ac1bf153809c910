"""What the description cannot say about Mailchimp: another audience, errors by address, a busy gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec

from paceline.delivery.redaction import redact
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass, Request


def build(
    request: Request, items: Sequence[Item], settings: Mapping[str, object], *, action: str, now_ms: int
) -> Request:
    """The request to the payload's own audience, where it names one (`list_id`)."""
    own = items[0].payload.get("list_id")
    if not isinstance(own, str):
        return request
    ours = f"/lists/{quote(str(settings['audience_id']), safe='')}"
    return msgspec.structs.replace(request, url=request.url.replace(ours, f"/lists/{quote(own, safe='')}", 1))


def read(
    outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
) -> Sequence[Outcome]:
    """One outcome for each contact. A 403 without Mailchimp's JSON comes from its gateway, when there is too much."""
    body = _decode(answer.body)
    if answer.status == 403 and "title" not in body:
        return [msgspec.structs.replace(one, outcome_class=OutcomeClass.THROTTLE) for one in outcomes]
    errors = body.get("errors")
    if action != "upsert_members" or answer.status != 200 or not isinstance(errors, list):
        return outcomes
    wrong = {_address(one): one for one in errors if isinstance(one, dict)}
    return [
        _failure(item, wrong[address], answer.status) if (address := _address(item.payload)) in wrong else outcome
        for item, outcome in zip(items, outcomes, strict=True)
    ]


def _failure(item: Item, error: Mapping[str, object], status: int) -> Outcome:
    return Outcome(
        outcome_class=OutcomeClass.PERMANENT,
        status=status,
        vendor_code=str(error.get("error_code", ""))[:200],
        message=redact(str(error.get("error", ""))[:2048], [item]),
    )


def _address(holder: Mapping[str, object]) -> str:
    return str(holder.get("email_address", "")).lower()


def _decode(body: bytes) -> Mapping[str, object]:
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
