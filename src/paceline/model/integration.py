"""The file kind `integrations/<name>.yaml`: a configured use of a connector."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.contract import Day, Name, Owner
from paceline.model.debt import Workaround
from paceline.model.route import Advance, ReadyWhen

Score = Annotated[int, Meta(ge=1, le=5)]


class Stage(enum.StrEnum):
    """How grown an integration is. Sprint and hybrid must have an end date."""

    SPRINT = "sprint"
    HYBRID = "hybrid"
    MARATHON = "marathon"


class Ordering(enum.StrEnum):
    """What deliveries wait for: nothing, earlier ones of the same key, or earlier ones of the same partition."""

    NONE = "none"
    PER_KEY = "per_key"
    STRICT = "strict"


class Sla(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the owner promises: the share of events that reach the vendor within a time."""

    delivered_within_secs: Annotated[
        float, Meta(gt=0, description="How long an event may take from the gateway to the vendor.")
    ]
    success_ratio: Annotated[float, Meta(gt=0, le=1, description="The share of events that must make it in time.")] = (
        0.99
    )


class Risk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The four risk buckets, 1 (low) to 5 (high)."""

    privacy: Score
    lock_in: Score
    performance: Score
    observability: Score


class Migration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a sprint or hybrid goes: the next stage, the RFC with the plan and the days to check it."""

    to: Stage
    plan: Annotated[str, Meta(description="The RFC with the plan, such as rfcs/0004-customerio-to-bus.md.")]
    milestones: Annotated[
        list[Day], Meta(description="Days on which somebody looks how far the migration is, in order.")
    ] = []


class AfterExpiry(enum.StrEnum):
    """What becomes of events that come in after the end date.

    `flow`: they are delivered, while check fails and people are told. `park`: the lane stands still and its events wait
    in the log. `refuse`: nothing that was received since is delivered, and /v1/in/<integration> answers 410.
    """

    FLOW = "flow"
    PARK = "park"
    REFUSE = "refuse"


class Extension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end was put off, by an RFC of its own."""

    until: Annotated[Day, Meta(description="The new last day.")]
    rfc: Annotated[str, Meta(description="The RFC that allows it, such as rfcs/0007-more-time.md.")]


class DeliveryLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How hard a lane may push its vendor.

    `max_in_flight` bounds the deliveries that were sent but whose outcome is not yet on disk, and so how many a vendor
    can see twice when a worker is killed. `max_batch` may only lower the vendor's own limit.
    """

    max_in_flight: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Deliveries sent whose outcome is not on disk yet: what a vendor can see twice after a crash.",
        ),
    ] = 100
    max_requests: Annotated[int, Meta(ge=1, le=256, description="Requests under way at the same time.")] = 8
    max_requests_per_sec: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Requests a second, of all integrations that use the same account; below the vendor's limit."),
    ] = None
    max_batch: Annotated[int, Meta(ge=1)] | None = None
    timeout_secs: Annotated[float, Meta(gt=0, le=300, description="How long to wait for a vendor's answer.")] = 30.0
    retry_window_hours: Annotated[
        float,
        Meta(gt=0, le=168, description="How long a failed delivery is tried again before it becomes a dead letter."),
    ] = 24.0


class IntegrationFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One integration.

    `events` names mappings. `settings` are the connector's; a secret is always a reference (`${env:NAME}` or
    `${file:/run/secrets/name}`). `route` is `direct` (raw events, as they came in), `bus` (canonical events) or the
    name of a toggle. An integration without `sources` takes events of every source.
    """

    integration: Name
    connector: Annotated[str, Meta(description="The vendor's connector, such as customerio.")]
    stage: Stage
    owner: Owner
    sla: Sla | None = None
    sources: Annotated[
        list[str], Meta(description="Sources of paceline.yaml whose events are taken; every one when left out.")
    ] = []
    events: Annotated[
        list[str],
        Meta(
            min_length=1,
            description="Mappings. Those of one event are tried in this order; the first whose `when` holds decides.",
        ),
    ]
    settings: Annotated[
        dict[str, object],
        Meta(description="The connector's settings. Secrets are references: ${env:NAME} or ${file:/run/secrets/name}."),
    ] = {}
    purposes: Annotated[
        list[str], Meta(description="What the data is used for, such as marketing; consent is checked against it.")
    ] = []
    route: Annotated[
        str, Meta(description="`direct` (events as they came in), `bus` (canonical events) or the name of a toggle.")
    ] = "direct"
    direct_events: Annotated[
        list[str],
        Meta(
            description="Mappings that the direct path uses while the route is a toggle, where they are others than"
            " `events`; such as those of requests (webhook.SOURCE) that an adapter makes events of."
        ),
    ] = []
    ready_when: Annotated[
        ReadyWhen,
        Meta(description="The evidence that a toggle needs before it moves on, and that it steps back without."),
    ] = ReadyWhen()
    advance: Annotated[
        Advance, Meta(description="Whether a toggle with that evidence moves on by itself (`auto`) or asks (`ask`).")
    ] = Advance.ASK
    noise: Annotated[
        list[str], Meta(description="Payload fields that may differ between the two paths, such as meta.sent_at.")
    ] = []
    ordering: Annotated[
        Ordering,
        Meta(
            description="What deliveries wait for: `none`, earlier ones of the same key (`per_key`), or everything"
            " before them in their partition (`strict`). What that costs: paceline explain retry."
        ),
    ] = Ordering.NONE
    limits: DeliveryLimits = DeliveryLimits()
    expires: Annotated[
        Day | None,
        Meta(description="The day after which this integration is a defect. A sprint and a hybrid must have it."),
    ] = None
    started: Annotated[
        Day | None, Meta(description="The day on which its stage began; `paceline promote` writes it.")
    ] = None
    extensions: Annotated[
        list[Extension], Meta(description="How often its end was put off, and by which RFC; at most twice.")
    ] = []
    after_expiry: Annotated[
        AfterExpiry, Meta(description="What becomes of events after the end: flow, park or refuse.")
    ] = AfterExpiry.FLOW
    migration: Annotated[
        Migration | None, Meta(description="What comes after this stage. A sprint and a hybrid must have it.")
    ] = None
    runbook: Annotated[
        str | None, Meta(description="What whoever is on call needs to know, such as runbooks/customerio.md.")
    ] = None
    risk: Risk | None = None
    request: Annotated[
        str, Meta(description="The request of backlog.yaml that it answers; its name when that is the same.")
    ] = ""
    workarounds: Annotated[list[Workaround], Meta(description="What is done by hand for it, again and again.")] = []
    description: Annotated[str, Meta(description="What it is for, in a sentence or two.")] = ""
