"""A Segment destination's subscriptions, as the Public API gives them: trigger, action and mapping.

The object: https://docs.segmentapis.com/tag/Destinations, "Get Subscription from Destination" and "List Subscriptions
from Destination" (read 2026-11-23): `{id, name, actionSlug, enabled, trigger, settings}`, where `settings` is the
mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from paceline.errors import UsageError
from paceline.exchange.loss import Loss
from paceline.exchange.names import snake_case, unused_name
from paceline.exchange.segment_directives.directives import NotCarriedError
from paceline.exchange.segment_directives.fql import parse_fql
from paceline.exchange.segment_directives.layout import laid_out
from paceline.exchange.segment_directives.translation import Translation
from paceline.exchange.segment_directives.triggers import Taken, taken_events
from paceline.model.event import EventType
from paceline.model.mapping import EVERY_EVENT, MappingFile, MappingFrom, MappingTo

# What a subscription says to Segment's own delivery and not to the vendor.
_OF_SEGMENT: Final[Mapping[str, str]] = {
    "enable_batching": "batching is decided by the connector",
    "batch_size": "batching is decided by the connector",
    "batch_bytes": "batching is decided by the connector",
    "batch_keys": "batching is decided by the connector",
}
_INTERNAL: Final = "__segment_internal"
_WRAPPERS: Final = ("data", "subscription", "subscriptions")


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription. `where` is its place in the file that was read."""

    name: str
    action: str
    trigger: str
    mapping: Mapping[str, object]
    is_enabled: bool
    where: str


class ImportedMappings(msgspec.Struct, frozen=True, kw_only=True):
    """Mappings made of subscriptions, those for named events first, and what did not come along."""

    mappings: tuple[MappingFile, ...]
    losses: tuple[Loss, ...]


def read_subscriptions(document: object) -> list[Subscription]:
    """The subscriptions of a document: an answer of the Public API, the object or the list inside it.

    Also understood: `subscribe` for the trigger, `mapping` for the settings and `partnerAction` for the action, as
    Segment's presets have them. Raises UsageError for anything else.
    """
    found = [_subscription(entry, where) for where, entry in _entries(document, "")]
    if not found:
        raise UsageError("there is no subscription in it", expected="an answer of Segment's Public API")
    return found


def import_subscriptions(
    subscriptions: list[Subscription], *, connector: str, actions: Mapping[str, str]
) -> ImportedMappings:
    """Each subscription as mappings to a connector, one for each event or call that its trigger takes.

    `actions` says which of the connector's actions stands for a slug; a slug that it lacks is kept as it is, and said.
    """
    mappings: list[MappingFile] = []
    losses: list[Loss] = []
    taken_names: set[str] = set()
    for subscription in subscriptions:
        if not subscription.is_enabled:
            losses.append(_loss(subscription, "/enabled", "it is disabled", "it is left out; enable it to import it"))
            continue
        if subscription.action not in actions:
            message = f"no action of {connector} is known to be {subscription.action!r}"
            losses.append(_loss(subscription, "/actionSlug", message, "correct `action` in the file, or give --action"))
        action = actions.get(subscription.action, snake_case(subscription.action))
        translation = Translation(about=subscription.name)
        fields = translation.fields(_without_segments_own(subscription, losses))
        losses += translation.losses
        for taken in _taken(subscription, losses):
            name = unused_name(f"{_event_part(taken.source)}.{connector}", taken_names)
            taken_names.add(name)
            mappings.append(
                MappingFile(
                    mapping=name,
                    version=1,
                    from_=taken.source,
                    to=MappingTo(connector=connector, action=action),
                    when=taken.when or None,
                    note=f"Imported from Segment: {subscription.name}.",
                    fields=laid_out(fields),
                    proposed=taken.when == _UNKNOWN,
                )
            )
    mappings.sort(key=lambda mapping: mapping.from_.event == EVERY_EVENT)
    return ImportedMappings(mappings=tuple(mappings), losses=tuple(losses))


_UNKNOWN: Final = "false"
"""The condition of a mapping whose trigger could not be carried over: it takes nothing until a person says what."""


def _taken(subscription: Subscription, losses: list[Loss]) -> list[Taken]:
    try:
        return taken_events(parse_fql(subscription.trigger))
    except NotCarriedError as error:
        problem = error.what
    except UsageError as error:
        problem = str(error)
    hint = f"write it into `when`, which takes nothing yet: {subscription.trigger}"
    losses.append(_loss(subscription, "/trigger", problem, hint))
    return [Taken(source=MappingFrom(event=EVERY_EVENT), when=_UNKNOWN)]


def _without_segments_own(subscription: Subscription, losses: list[Loss]) -> Mapping[str, object]:
    kept: dict[str, object] = {}
    for key, value in subscription.mapping.items():
        if key in _OF_SEGMENT or key.startswith(_INTERNAL):
            why = _OF_SEGMENT.get(key, "it is of Segment's own syncing")
            losses.append(_loss(subscription, f"/settings/{key}", why))
        else:
            kept[key] = value
    return kept


def _event_part(source: MappingFrom) -> str:
    if source.type is not EventType.TRACK:
        return source.type.value
    return "track" if source.event == EVERY_EVENT else snake_case(source.event)


def _loss(subscription: Subscription, pointer: str, message: str, hint: str = "") -> Loss:
    return Loss(about=subscription.name, pointer=pointer, message=message, hint=hint)


def _entries(value: object, where: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from _entries(item, f"{where}/{position}")
    elif isinstance(value, dict):
        inside = next((key for key in _WRAPPERS if isinstance(value.get(key), dict | list)), None)
        if inside is None:
            yield where, value
        else:
            yield from _entries(value[inside], f"{where}/{inside}")


def _subscription(entry: Mapping[str, object], where: str) -> Subscription:
    action = _first(entry, "actionSlug", "partnerAction", "action")
    trigger = _first(entry, "trigger", "subscribe", "fql")
    mapping = _first(entry, "settings", "mapping")
    if not isinstance(action, str) or not isinstance(trigger, str) or not isinstance(mapping, dict):
        raise UsageError(
            "this is no destination subscription",
            where=where or "the file",
            expected="an object with actionSlug, trigger and settings (the mapping)",
        )
    name = entry.get("name")
    return Subscription(
        name=name if isinstance(name, str) and name else action,
        action=action,
        trigger=trigger,
        mapping=mapping,
        is_enabled=entry.get("enabled") is not False,
        where=where,
    )


def _first(entry: Mapping[str, object], *names: str) -> object:
    return next((entry[name] for name in names if name in entry), None)
