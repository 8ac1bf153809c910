"""What a vendor's answer means: the default table as data, over it the vendor's own. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import assert_never

import msgspec

from paceline.delivery.redaction import redact
from paceline.model.connector import AnswerTable, CodeRule, ItemResults, ItemTable, WaitHeader, WaitUnit
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass

FAULT_CLASSES: dict[str, OutcomeClass] = {
    "connect": OutcomeClass.TRANSIENT,
    "timeout": OutcomeClass.TRANSIENT,
    "reset": OutcomeClass.TRANSIENT,
    "dns": OutcomeClass.TRANSIENT,
    "tls": OutcomeClass.SECURITY,
    "refused_address": OutcomeClass.SECURITY,
    # The vendor may have taken the request; asking again would only bring the same flood.
    "too_large": OutcomeClass.CONFIG,
}
"""What it means that no answer came, by the sender's word for it."""

STATUS_CLASSES: dict[str, OutcomeClass] = {
    "1xx": OutcomeClass.CONFIG,
    "2xx": OutcomeClass.OK,
    "3xx": OutcomeClass.CONFIG,
    "4xx": OutcomeClass.PERMANENT,
    "401": OutcomeClass.AUTH,
    "402": OutcomeClass.QUOTA,
    "403": OutcomeClass.AUTH,
    "407": OutcomeClass.CONFIG,
    "408": OutcomeClass.TRANSIENT,
    # A duplicate is fine and a lock goes away: vendors say which in their own table, and waiting harms neither.
    "409": OutcomeClass.TRANSIENT,
    "410": OutcomeClass.GONE,
    "413": OutcomeClass.TOO_BIG,
    "421": OutcomeClass.TRANSIENT,
    "423": OutcomeClass.TRANSIENT,
    "425": OutcomeClass.TRANSIENT,
    "429": OutcomeClass.THROTTLE,
    "5xx": OutcomeClass.TRANSIENT,
    "501": OutcomeClass.CONFIG,
    "505": OutcomeClass.CONFIG,
    "511": OutcomeClass.CONFIG,
}
"""What a status means when the vendor's own table does not say: an exact status before its hundred."""

MAX_MESSAGE_CHARS = 2048
_MISSING = object()


def read_answer(table: AnswerTable, items: Sequence[Item], answer: Answer, *, now_ms: int) -> list[Outcome]:
    """One outcome for each item, in order.

    Where the vendor speaks about single items, each outcome is its own; otherwise the answer was about the request
    (`is_whole_request`), and in a batch one item may have spoiled it for the others.
    """
    if answer.status == 0:
        return [_fault_outcome(answer)] * len(items)
    plain = classify_status(answer.status, table.statuses)
    if plain is OutcomeClass.OK and not table.codes and not table.items:
        return [Outcome(outcome_class=OutcomeClass.OK, status=answer.status)] * len(items)
    body = _decode(answer.body)
    found = _match_code(table.codes, body, answer.status)
    by_item = None
    if found is None:
        by_item = next((rule for rule in table.items if _speaks_of_items(rule, body, answer.status)), None)
        single = _read_items(by_item, body, items, answer, table=table, now_ms=now_ms) if by_item is not None else None
        if single is not None:
            return single
    outcome_class = found.means if found is not None else by_item.otherwise if by_item is not None else plain
    if outcome_class is OutcomeClass.OK:
        return [Outcome(outcome_class=OutcomeClass.OK, status=answer.status)] * len(items)
    code_at = [found.at, *table.code_at] if found is not None else table.code_at
    return [
        Outcome(
            outcome_class=outcome_class,
            status=answer.status,
            vendor_code=_first_text(body, code_at)[:200],
            message=_message(body, table.message_at, answer.body, items),
            retry_after_secs=read_retry_after(table.retry_after, answer.headers, now_ms=now_ms),
            is_whole_request=True,
        )
    ] * len(items)


def classify_status(status: int, statuses: Mapping[str, OutcomeClass] = STATUS_CLASSES) -> OutcomeClass:
    """The class of a status: the vendor's table, or else the default one.

    >>> classify_status(503), classify_status(418)
    (<OutcomeClass.TRANSIENT: 'transient'>, <OutcomeClass.PERMANENT: 'permanent'>)
    """
    exact, hundred = str(status), f"{status // 100}xx"
    for table in (statuses, STATUS_CLASSES):
        for pattern in (exact, hundred):
            if pattern in table:
                return table[pattern]
    return OutcomeClass.CONFIG


def read_retry_after(sources: Sequence[WaitHeader], headers: Mapping[str, str], *, now_ms: int) -> float | None:
    """How long the vendor asks to wait, in seconds, never negative; the longest when several headers speak.

    >>> read_retry_after([WaitHeader(header="retry-after")], {"retry-after": "120"}, now_ms=0)
    120.0
    """
    waits = [
        wait
        for source in sources
        if (text := headers.get(source.header)) and (wait := _read_wait(text.strip(), source.unit, now_ms)) is not None
    ]
    return max(waits) if waits else None


def _read_wait(text: str, unit: WaitUnit, now_ms: int) -> float | None:
    if unit is WaitUnit.HTTP and not text[:1].isdigit():
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - costs 9 ms that most answers never need

        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return max(0.0, (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() - now_ms / 1000)
    try:
        number = float(text)
    except ValueError:
        return None
    if not 0 <= number < 1e15:  # also keeps out NaN, which vendors would have to spell on purpose
        return None
    match unit:
        case WaitUnit.HTTP | WaitUnit.SECS:
            return number
        case WaitUnit.MS:
            return number / 1000
        case WaitUnit.EPOCH_SECS:
            return max(0.0, number - now_ms / 1000)
        case WaitUnit.EPOCH_MS:
            return max(0.0, (number - now_ms) / 1000)
        case _:
            assert_never(unit)


def _fault_outcome(answer: Answer) -> Outcome:
    return Outcome(
        outcome_class=FAULT_CLASSES.get(answer.fault, OutcomeClass.TRANSIENT),
        vendor_code=answer.fault,
        message=f"no answer: {answer.fault or 'unknown fault'}",
        is_whole_request=True,
    )


def _match_code(rules: Sequence[CodeRule], body: object, status: int) -> CodeRule | None:
    for rule in rules:
        if rule.statuses is not None and not _has_status(rule.statuses, status):
            continue
        value = _resolve(body, rule.at)
        if rule.codes is None:
            if value is not _MISSING and value is not None and value is not False:
                return rule
        elif value is not _MISSING and any(_same_code(value, code) for code in rule.codes):
            return rule
    return None


def _same_code(value: object, code: str | int | bool) -> bool:
    if isinstance(code, bool) or isinstance(value, bool):
        return value is code
    return isinstance(value, str | int | float) and str(value) == str(code)


def _speaks_of_items(rule: ItemTable, body: object, status: int) -> bool:
    entries = _resolve(body, rule.at)
    return _has_status(rule.statuses, status) and isinstance(entries, list) and bool(entries)


def _read_items(
    rule: ItemTable, body: object, items: Sequence[Item], answer: Answer, *, table: AnswerTable, now_ms: int
) -> list[Outcome] | None:
    """Outcomes by item; None when the entries cannot be matched with the items, so that nothing is taken as done."""
    entries = _resolve(body, rule.at)
    assert isinstance(entries, list)
    retry_after = read_retry_after(table.retry_after, answer.headers, now_ms=now_ms)
    if rule.form is ItemResults.RESULTS and len(entries) != len(items):
        return None
    outcomes = [Outcome(outcome_class=OutcomeClass.OK, status=answer.status)] * len(items)
    for place, entry in enumerate(entries):
        index = _index_of(rule, entry, place)
        if index is None and len(items) == 1:
            index = 0
        if index is None or index >= len(items):
            return None
        if rule.form is ItemResults.RESULTS and _resolve(entry, rule.ok_at or "") is True:
            continue
        outcomes[index] = _item_outcome(rule, entry, answer.status, items[index], retry_after)
    return outcomes


def _index_of(rule: ItemTable, entry: object, place: int) -> int | None:
    """Which item an entry speaks of."""
    match rule.form:
        case ItemResults.RESULTS:
            return place
        case ItemResults.FAILURES:
            index = _resolve(entry, rule.index_at)
        case ItemResults.INDEXES:
            index = entry
        case _:
            assert_never(rule.form)
    return index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else None


def _item_outcome(rule: ItemTable, entry: object, status: int, item: Item, retry_after: float | None) -> Outcome:
    code = _first_text(entry, [rule.code_at] if rule.code_at is not None else [])
    message = _first_text(entry, [rule.message_at] if rule.message_at is not None else [])
    return Outcome(
        outcome_class=rule.codes.get(code, rule.otherwise),
        status=status,
        vendor_code=code[:200],
        message=redact(message[:MAX_MESSAGE_CHARS], [item]),
        retry_after_secs=retry_after,
    )


def _message(body: object, pointers: Sequence[str], raw: bytes, items: Sequence[Item]) -> str:
    text = _first_text(body, pointers) or raw[:MAX_MESSAGE_CHARS].decode(errors="replace")
    return redact(text[:MAX_MESSAGE_CHARS], items)


def _first_text(body: object, pointers: Sequence[str]) -> str:
    for pointer in pointers:
        value = _resolve(body, pointer)
        if isinstance(value, str):
            return value
        if value is not _MISSING and value is not None:
            return msgspec.json.encode(value).decode()
    return ""


def _has_status(patterns: Sequence[str], status: int) -> bool:
    return str(status) in patterns or f"{status // 100}xx" in patterns


def _decode(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _MISSING


def _resolve(value: object, pointer: str) -> object:
    """The value at a JSON Pointer (RFC 6901), or `_MISSING`."""
    if pointer == "":
        return value
    for token in pointer[1:].split("/"):
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key, _MISSING)
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return _MISSING
        if value is _MISSING:
            return _MISSING
    return value
