"""The file kinds `adapters/<name>.yaml` and `tests/adapters/<name>.yaml`: foreign requests as events, and the tests."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.connector import DocsLink
from paceline.model.contract import Name
from paceline.model.event import EventType
from paceline.model.mapping import Expression, FieldRule, TargetPath, Written, write_constants


class AdapterRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event that is made of a request, or of each of its items.

    `event` is the name of a track event; without it `type` says which call it is. Without either, `fields` must give
    `type`, and `event` for a track call. `fields` make the event in the shape of the Segment spec. Without `messageId`
    the event gets an id that is worked out of what it is made of.
    """

    event: Annotated[str, Meta(description="A track event's name, such as Form Submitted.")] = ""
    type: Annotated[EventType | None, Meta(description="The call, where it is not track: identify, page, …")] = None
    when: Annotated[Expression | None, Meta(description="Where it does not hold, this event is not made.")] = None
    fields: Annotated[
        dict[TargetPath, FieldRule | Written],
        Meta(description="The event: userId, anonymousId, messageId, timestamp, properties.…, context.…, traits.…"),
    ]
    note: Annotated[str, Meta(description="For people: what it is for.")] = ""

    def __post_init__(self) -> None:
        write_constants(self.fields)


class AdapterFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One adapter: declarative, total, versioned, in the language of mappings.

    In expressions `$` is the request: `$.body` (JSON), `$.form` (a form), `$.text` (anything else), `$.headers` (names
    in lower case), `$.query`, `$.method`, `$.path`, `$.source`, `$.receivedAt` and `$.id`. With `each`, `$.item` is the
    item and `$.index` its number, from 0. Every rule whose `when` holds makes one event of the request, or of the item.
    """

    adapter: Name
    version: Annotated[int, Meta(ge=1, description="Counts up with every change.")]
    description: Annotated[str, Meta(description="What sends these requests, and what for.")] = ""
    docs: Annotated[list[DocsLink], Meta(description="Where the vendor describes them, and when that was read.")] = []
    each: Annotated[
        Expression | None, Meta(description="A list in the request, such as $.body: rules look at each of its items.")
    ] = None
    events: Annotated[
        dict[Name, AdapterRule], Meta(min_length=1, description="The events, under names of your own choice.")
    ]
    left_out: Annotated[
        dict[str, str],
        Meta(description="Fields that are not carried over on purpose, such as $.body.hidden, each with the reason."),
    ] = {}


class ForeignRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request as a vendor sends it. `body` is its JSON, or the text of anything else."""

    body: object
    headers: dict[str, str] = {}
    query: str = ""
    method: str = "POST"
    path: str = ""


class AdapterRefusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request must be refused: by which rule, or for which reason."""

    rule: str | None = None
    reason: str | None = None


class AdapterCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One behavior. Exactly one of `events`, `refused` and `filtered` says what is expected.

    `request` is a request or the name of a file in samples/requests/ (without `.json`).
    """

    name: Annotated[str, Meta(description="The behavior, as a sentence.")]
    request: Annotated[
        ForeignRequest | str, Meta(description="A request, or the name of a file in samples/requests/ without .json.")
    ]
    received: Annotated[str, Meta(description="When it was received.")] = "2026-01-01T00:00:00Z"
    events: Annotated[
        list[dict[str, object]] | None,
        Meta(description="The events, in order. `context.raw` is compared where it is stated."),
    ] = None
    refused: AdapterRefusal | None = None
    filtered: Annotated[bool, Meta(description="Whether no event must come of it, on purpose.")] = False


class AdapterCasesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contract tests of one adapter."""

    adapter: Name
    cases: Annotated[list[AdapterCase], Meta(min_length=1)]
