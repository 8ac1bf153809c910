"""The file kind `tests/<mapping>.yaml`: contract tests, given event(s) -> expected request(s)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.contract import Name


class ExpectedRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must go to the vendor. A part that is left out is not compared; headers are compared by the given names."""

    method: str | None = None
    url: str | None = None
    query: dict[str, str] | None = None
    headers: dict[str, str] = {}
    body: object = msgspec.UNSET


class ExpectedRefusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The event must be stopped: by which rule, or for which reason."""

    rule: str | None = None
    reason: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One behavior. Exactly one of `requests`, `payload`, `refused` and `filtered` says what is expected.

    `event` is an event or the name of a file in samples/ (without `.json`); `events` is several, for batching.
    """

    name: Annotated[str, Meta(description="The behavior, as a sentence.")]
    event: Annotated[
        dict[str, object] | str | None, Meta(description="One event, or the name of a file in samples/ without .json.")
    ] = None
    events: Annotated[
        list[dict[str, object] | str] | None, Meta(description="Several events, to see how they are batched.")
    ] = None
    settings: Annotated[
        dict[str, object], Meta(description="The connector's settings, with made-up secrets; needed for `requests`.")
    ] = {}
    now: Annotated[str, Meta(description="The time at which the events are mapped.")] = "2026-01-01T00:00:00Z"
    payload: object = msgspec.UNSET
    requests: Annotated[
        list[ExpectedRequest] | None, Meta(description="The requests that must go to the vendor, in order.")
    ] = None
    refused: ExpectedRefusal | None = None
    filtered: Annotated[bool, Meta(description="Whether the event must not be delivered, on purpose.")] = False


class CasesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contract tests of one mapping."""

    mapping: Name
    cases: Annotated[list[Case], Meta(min_length=1)]
