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

    name: str
    event: dict[str, object] | str | None = None
    events: list[dict[str, object] | str] | None = None
    settings: dict[str, object] = {}
    now: str = "2026-01-01T00:00:00Z"
    payload: object = msgspec.UNSET
    requests: list[ExpectedRequest] | None = None
    refused: ExpectedRefusal | None = None
    filtered: bool = False


class CasesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contract tests of one mapping."""

    mapping: Name
    cases: Annotated[list[Case], Meta(min_length=1)]
