"""What the description cannot say about HubSpot: full names of custom events, and failures by an id of the item's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.delivery.redaction import redact
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass, Request

_FULL_NAME = re.compile(r"(pe[0-9]+|e)_")
_TRACE = "objectWriteTraceId"
_CLASSES = {"RATE_LIMITS": OutcomeClass.THROTTLE}


def build(
    request: Request, items: Sequence[Item], settings: Mapping[str, object], *, action: str, now_ms: int
) -> Request:
    """Custom events under their full names: `pe<Hub ID>_<name>`, where the settings have the Hub ID."""
    portal_id = settings.get("portal_id")
    if action != "track_event" or portal_id is None or not isinstance(request.body, dict):
        return request
    inputs = [{**one, "eventName": _full_name(str(one["eventName"]), str(portal_id))} for one in request.body["inputs"]]
    return msgspec.structs.replace(request, body={**request.body, "inputs": inputs})


def read(
    outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
) -> Sequence[Outcome]:
    """One outcome for each record of a 207.

    An item that HubSpot says nothing about was not written, or nobody can tell: it is sent again. When exactly as many
    errors name nobody, they are theirs.
    """
    if answer.status != 207:
        return outcomes
    said = _decode(answer.body)
    written = {trace for one in _list(said, "results") for trace in _traces(one.get(_TRACE))}
    errors = list(_list(said, "errors"))
    by_trace = {trace: error for error in errors for trace in _traces_of(error)}
    unnamed = [error for error in errors if not _traces_of(error)]
    places = [place for place, item in enumerate(items) if _trace(item) not in written and _trace(item) not in by_trace]
    found: list[Outcome] = []
    for place, item in enumerate(items):
        if _trace(item) in by_trace:
            found.append(_failure(by_trace[_trace(item)], item))
        elif place not in places:
            found.append(Outcome(outcome_class=OutcomeClass.OK, status=207))
        elif len(unnamed) == len(places):
            found.append(_failure(unnamed[places.index(place)], item))
        else:
            message = "the answer does not say what became of it"
            found.append(Outcome(outcome_class=OutcomeClass.TRANSIENT, status=207, message=message))
    return found


def _full_name(name: str, portal_id: str) -> str:
    return name if _FULL_NAME.match(name) else f"pe{portal_id}_{name}"


def _trace(item: Item) -> str:
    return str(item.payload.get(_TRACE, item.delivery_id))


def _traces_of(error: Mapping[str, object]) -> list[str]:
    context = error.get("context")
    return _traces(context.get(_TRACE) if isinstance(context, dict) else None)


def _traces(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one) for one in values if one is not None]


def _failure(error: Mapping[str, object], item: Item) -> Outcome:
    category = str(error.get("category", ""))
    return Outcome(
        outcome_class=_CLASSES.get(category, OutcomeClass.PERMANENT),
        status=207,
        vendor_code=category[:200],
        message=redact(str(error.get("message", ""))[:2048], [item]),
    )


def _list(body: Mapping[str, object], name: str) -> Iterator[Mapping[str, object]]:
    value = body.get(name)
    yield from (one for one in (value if isinstance(value, list) else []) if isinstance(one, dict))


def _decode(body: bytes) -> Mapping[str, object]:
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
