"""What the description cannot say about Intercom: a contact that exists is changed and deleted by Intercom's own id."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from paceline.model.delivery import Answer, BodyFormat, Item, Outcome, OutcomeClass, Request

_ID = re.compile(r"\bid=([A-Za-z0-9]+)")


def follow_up(request: Request, items: Sequence[Item], answer: Answer, *, action: str, now_ms: int) -> Request | None:
    """After a conflict, the update of the contact that exists; after a look-up, the deletion of what was found."""
    match action, answer.status:
        case "upsert_contact", 409:
            found = _existing_id(_decode(answer.body))
            return (
                None if found is None else msgspec.structs.replace(request, method="PUT", url=f"{request.url}/{found}")
            )
        case "delete_contact", 200:
            contact_id = _decode(answer.body).get("id")
            if not isinstance(contact_id, str) or not contact_id.isalnum():
                return None
            url = f"{request.url.partition('/contacts/')[0]}/contacts/{contact_id}"
            return msgspec.structs.replace(request, method="DELETE", url=url, body_format=BodyFormat.NONE)
        case _:
            return None


def read(
    outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
) -> Sequence[Outcome]:
    """The outcomes by the table; but somebody who was only found is not deleted."""
    if action != "delete_contact" or answer.status != 200 or _decode(answer.body).get("deleted") is True:
        return outcomes
    message = "the contact was found, but the answer names no id by which it can be deleted"
    return [Outcome(outcome_class=OutcomeClass.PERMANENT, status=200, message=message)] * len(items)


def _existing_id(body: Mapping[str, object]) -> str | None:
    """The id in "A contact matching those details already exists with id=5da6f18e3d7cf967e4582d05"."""
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and error.get("code") == "conflict":
            found = _ID.search(str(error.get("message", "")))
            if found is not None:
                return found[1]
    return None


def _decode(body: bytes) -> Mapping[str, object]:
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
