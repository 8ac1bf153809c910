"""What becomes of a failed delivery of one integration: the schedule, and what each kind of answer does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paceline.assemble.lanes import lane_settings
from paceline.assemble.opening import OpenWorkspace
from paceline.delivery.breaker import BreakerPolicy
from paceline.delivery.retry import MAX_RETRY_AFTER_SECS, RetryPolicy, consequence_of
from paceline.delivery.schedule import Schedule, ordering_cost, retry_schedule
from paceline.errors import UnknownNameError
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass
from paceline.runtime.deliver.gate import LONGEST_UNASKED_PAUSE_SECS

_SIGNALS: tuple[tuple[str, Answer], ...] = (
    ("400", Answer(status=400)),
    ("401", Answer(status=401)),
    ("403", Answer(status=403)),
    ("404", Answer(status=404)),
    ("409", Answer(status=409)),
    ("410", Answer(status=410)),
    ("413", Answer(status=413)),
    ("422", Answer(status=422)),
    ("429", Answer(status=429)),
    ("429, Retry-After: 120", Answer(status=429, headers={"retry-after": "120"})),
    ("500", Answer(status=500)),
    ("503", Answer(status=503)),
    ("503, Retry-After: 120", Answer(status=503, headers={"retry-after": "120"})),
    ("timeout", Answer(status=0, fault="timeout")),
    ("no connection", Answer(status=0, fault="connect")),
    ("TLS error", Answer(status=0, fault="tls")),
)


class SignalEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of answer does: `spends_try` says whether it brings the delivery further along the schedule."""

    signal: str
    outcome_class: OutcomeClass
    spends_try: bool
    does: str


class RetryExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the retries of one integration. `action` is the vendor's action whose answers are shown."""

    integration: str
    connector: str
    action: str
    ordering: str
    ordering_cost: str
    policy: RetryPolicy
    schedule: Schedule
    breaker: BreakerPolicy
    signals: Sequence[SignalEffect]


def explain_retry(opened: OpenWorkspace, name: str) -> RetryExplanation:
    """The explanation for an integration. Answers without a body are read by its own connector.

    Raises UnknownNameError.
    """
    integrations = opened.workspace.integrations
    if name not in integrations:
        raise UnknownNameError("integration", name, integrations)
    integration = integrations[name]
    policy = lane_settings(opened, integration).retry
    connector = opened.catalog.load(integration.connector)
    action = opened.workspace.mappings[integration.events[0]].to.action
    items = [Item(delivery_id="0" * 32, payload={})]
    signals = []
    for signal, answer in _SIGNALS:
        (outcome,) = connector.read(action, items, answer, now_ms=0)
        consequence = consequence_of(outcome.outcome_class)
        signals.append(
            SignalEffect(
                signal=signal,
                outcome_class=outcome.outcome_class,
                spends_try=consequence.counts_attempt,
                does=_effect(outcome),
            )
        )
    return RetryExplanation(
        integration=name,
        connector=integration.connector,
        action=action,
        ordering=integration.ordering.value,
        ordering_cost=ordering_cost(integration.ordering, integration.limits),
        policy=policy,
        schedule=retry_schedule(policy),
        breaker=BreakerPolicy(),
        signals=signals,
    )


def _effect(outcome: Outcome) -> str:
    consequence = consequence_of(outcome.outcome_class)
    asked = outcome.retry_after_secs
    pause = f"{consequence.pauses_lane_secs if asked is None else min(asked, MAX_RETRY_AFTER_SECS):g} s"
    match outcome.outcome_class:
        case OutcomeClass.OK:
            return "counts as delivered"
        case OutcomeClass.PERMANENT:
            return (
                "a dead letter at once (vendor_permanent); in a batch, the one to blame is found and the others go on"
            )
        case OutcomeClass.TOO_BIG:
            return "sent in halves; alone, a dead letter at once (vendor_permanent)"
        case OutcomeClass.POISON:
            return "a dead letter at once (internal)"
        case OutcomeClass.THROTTLE:
            grows = f", longer each time up to {LONGEST_UNASKED_PAUSE_SECS:g} s" if asked is None else ""
            return f"everybody who uses the account waits {pause}{grows}, then goes on more slowly"
        case OutcomeClass.QUOTA | OutcomeClass.GONE | OutcomeClass.SECURITY:
            return f"everybody who uses the account waits {pause}, then one tries again"
        case OutcomeClass.AUTH:
            return (
                f"one more call with renewed credentials where there are any; then the account waits {pause} at a time"
            )
        case OutcomeClass.TRANSIENT | OutcomeClass.CONFIG:
            wait = "" if asked is None else f", and not before {pause}"
            return f"tried again by the schedule{wait}; counts toward the breaker"
