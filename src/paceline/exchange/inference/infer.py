"""Makes contracts from sample events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from paceline.exchange.inference.judge import Judgement, Thresholds, schema_of
from paceline.exchange.inference.profile import Profile, profile_of
from paceline.exchange.loss import Loss, Schema
from paceline.exchange.names import snake_case, unused_name
from paceline.exchange.payload import PAYLOAD_KEYS
from paceline.model.contract import ContractFile, Owner
from paceline.model.event import EventType

_ENVELOPE = frozenset(
    {"type", "event", "messageId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "userId", "anonymousId"}
    | {"integrations", "channel", "version", "_metadata", "writeKey", "context"}
)
"""Fields that client libraries fill in; they are alike in all events and belong to no contract by default."""


class Inferred(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as the samples of one event suggest it, with every judgement, and how many samples there were."""

    contract: ContractFile
    samples: int
    judgements: tuple[Judgement, ...]


def infer_contracts(
    events: Iterable[Mapping[str, object]],
    *,
    owner: Owner,
    thresholds: Thresholds | None = None,
    with_context: bool = False,
) -> tuple[tuple[Inferred, ...], tuple[Loss, ...]]:
    """One contract, version 1.0.0, for each event name in the samples, in order of name; and the samples left out.

    An event is an object in the shape of the Segment spec; one without `type` is a track call when it has `event`.
    `with_context` also describes `context`. The same samples in any order give the same schemas.
    """
    limits = thresholds or Thresholds()
    groups: dict[tuple[EventType, str], list[dict[str, object]]] = {}
    losses: list[Loss] = []
    for index, event in enumerate(events):
        call = _call_of(event)
        name = event.get("event") if call is EventType.TRACK else ""
        if call is None or not isinstance(name, str) or (call is EventType.TRACK and not name):
            losses.append(Loss(about=f"sample {index + 1}", message="no call of the Segment spec; left out"))
            continue
        groups.setdefault((call, name), []).append(_described_part(event, with_context=with_context))
    inferred: list[Inferred] = []
    taken: set[str] = set()
    for (call, name), samples in sorted(groups.items(), key=lambda group: (group[0][0].value, group[0][1])):
        contract_name = unused_name(snake_case(name or call.value), taken)
        taken.add(contract_name)
        schema, judgements = schema_of(_sorted(profile_of(samples)), limits)
        contract = ContractFile(
            contract=contract_name,
            version="1.0.0",
            description=f"{name or call.value} (inferred from {len(samples)} samples; say what it means)",
            owner=owner,
            type=call,
            event=name,
            schema={"type": "object", **schema},
        )
        inferred.append(Inferred(contract=contract, samples=len(samples), judgements=tuple(judgements)))
    return tuple(inferred), tuple(losses)


def infer_schema(values: Iterable[object], *, thresholds: Thresholds | None = None) -> tuple[Schema, list[Judgement]]:
    """The schema of any JSON values, such as a foreign payload."""
    return schema_of(_sorted(profile_of(values)), thresholds or Thresholds())


def _call_of(event: Mapping[str, object]) -> EventType | None:
    kind = event.get("type", "track" if "event" in event else None)
    return EventType(kind) if isinstance(kind, str) and kind in set(EventType) else None


def _described_part(event: Mapping[str, object], *, with_context: bool) -> dict[str, object]:
    kept = set(PAYLOAD_KEYS.values()) | ({"context"} if with_context else set())
    return {name: value for name, value in event.items() if name in kept or name not in _ENVELOPE}


def _sorted(profile: Profile) -> Profile:
    """The profile with its fields in order of name, so that the order of the samples leaves no trace."""
    profile.fields = {name: _sorted(profile.fields[name]) for name in sorted(profile.fields)}
    if profile.items is not None:
        profile.items = _sorted(profile.items)
    return profile
