"""Deliveries: what is due to a vendor, what the vendor answered and what that means."""

from __future__ import annotations

import enum

import msgspec

from paceline.model.record import Position


class Fate(enum.StrEnum):
    """Where an accepted event is, as one integration sees it. The ledger counts each event in exactly one."""

    DELIVERED = "delivered"
    FILTERED = "filtered"
    SUPPRESSED = "suppressed"
    REJECTED = "rejected"
    DEAD = "dead"
    PARKED = "parked"
    IN_FLIGHT = "in_flight"


class OutcomeClass(enum.StrEnum):
    """What a vendor's answer means for one delivery (the rows of the retry table in GUARANTEES.md)."""

    OK = "ok"
    PERMANENT = "permanent"
    AUTH = "auth"
    QUOTA = "quota"
    TRANSIENT = "transient"
    GONE = "gone"
    TOO_BIG = "too_big"
    THROTTLE = "throttle"
    CONFIG = "config"
    SECURITY = "security"
    POISON = "poison"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery's result.

    `vendor_code` is the vendor's own error code, `message` at most 2 KB of its words with secrets and personal data
    removed. `retry_after_secs` is what the vendor asked for, None when it did not. `is_whole_request` says that the
    answer was about the request and not about this delivery, so that a smaller request may fare better.
    """

    outcome_class: OutcomeClass
    status: int = 0
    vendor_code: str = ""
    message: str = ""
    retry_after_secs: float | None = None
    is_whole_request: bool = False


class BodyFormat(enum.StrEnum):
    """How a request's body is written on the wire."""

    JSON = "JSON"
    FORM = "FORM"
    NONE = "NONE"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to a vendor, before it is written on the wire.

    `body` is a JSON value (`msgspec.Raw` for JSON that is written already), or a flat object for FORM. `query` is not
    part of `url`. `url` is absolute, http or https.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    body_format: BodyFormat = BodyFormat.JSON
    body: object = None


class WireRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it goes on the wire: query joined to the URL, body in bytes, headers as they are sent."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one request. `status` 0 means that no answer came; `fault` then says why.

    `fault` is one of `connect`, `timeout`, `reset`, `dns`, `tls`, `refused_address`, `too_large`. Header names are
    lower-case.
    """

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""
    fault: str = ""
    elapsed_secs: float = 0.0


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One payload on its way into a request: the delivery's id (the idempotency key) and what the mapping made.

    `position` is where its event lies in the lane's topic.
    """

    delivery_id: str
    payload: dict[str, object]
    occurred_ms: int = 0
    position: Position | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One try that failed, for the history of a delivery. `status` 0 means that no answer came."""

    at_ms: int
    status: int
    outcome_class: OutcomeClass


MOST_ATTEMPTS_KEPT = 10


def remember(history: tuple[Attempt, ...], attempt: Attempt) -> tuple[Attempt, ...]:
    """A history with one more try: the first one and the newest ones, at most `MOST_ATTEMPTS_KEPT` altogether.

    >>> tries = [Attempt(at_ms=at, status=503, outcome_class=OutcomeClass.TRANSIENT) for at in range(12)]
    >>> kept = ()
    >>> for one in tries:
    ...     kept = remember(kept, one)
    >>> [one.at_ms for one in kept]
    [0, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    if len(history) < MOST_ATTEMPTS_KEPT:
        return (*history, attempt)
    return (history[0], *history[2:], attempt)


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event due to one integration. `id` is the idempotency key: constant over retries and replays.

    `contract` is the contract and version that the event was judged by (`order_completed/1.2.0`), empty without one.
    `history` has the tries of before, `replay_job` the replay that it is sent again by (empty: none).
    """

    id: str
    position: Position
    key: str
    mapping: str
    action: str
    item: Item
    event_id: str
    event_name: str
    source: str
    attempts: int = 0
    first_failed_ms: int = 0
    contract: str = ""
    mapping_version: int = 0
    history: tuple[Attempt, ...] = ()
    replay_job: str = ""


class Parked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A delivery that waits in the retry table. The event itself stays in the log at `position`.

    `attempts` counts tries that the vendor refused (a 429 never counts), `history` has when and why. `behind` is set
    when it only waits for an earlier delivery of its ordering key. `replay_job` is the replay that it is sent again by;
    such a row comes after all others and has no part in the order of keys: its turn has long been missed.
    """

    delivery_id: str
    position: Position
    key: str
    mapping: str
    attempts: int
    due_ms: int
    first_failed_ms: int
    outcome: Outcome
    behind: bool = False
    history: tuple[Attempt, ...] = ()
    replay_job: str = ""


class DeadLetterClass(enum.StrEnum):
    """Why a delivery was given up on."""

    CONTRACT = "contract"
    MAPPING = "mapping"
    VENDOR_PERMANENT = "vendor_permanent"
    VENDOR_EXHAUSTED = "vendor_exhausted"
    AUTH = "auth"
    INTERNAL = "internal"


class LetterState(enum.StrEnum):
    """What has become of a dead letter.

    `resolved`: it was sent again and is no dead letter any more (delivered, or filtered by today's mapping).
    """

    OPEN = "open"
    REPLAYING = "replaying"
    RESOLVED = "resolved"
    DISCARDED = "discarded"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery given up on. Replayable: the event stays in the log at `position`, never copied here.

    `contract` is as in a delivery; `mapping_version` is 0 and `connector_version` empty where they are not known.
    `preview` is what the mapping made of the event, as JSON with every value replaced by what kind it is. `history` has
    the first and the newest tries. `replay_job` is the last replay that sent it again. `note` is why it was discarded.
    """

    delivery_id: str
    lane: str
    position: Position
    key: str
    event_id: str
    event_name: str
    source: str
    mapping: str
    letter_class: DeadLetterClass
    outcome: Outcome
    attempts: int
    first_failed_ms: int
    last_failed_ms: int
    contract: str = ""
    mapping_version: int = 0
    connector_version: str = ""
    preview: str = ""
    history: tuple[Attempt, ...] = ()
    state: LetterState = LetterState.OPEN
    replay_job: str = ""
    note: str = ""
