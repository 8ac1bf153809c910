"""What would go to a vendor: the requests that one event makes, without sending anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.assemble.door import record_type
from paceline.assemble.lanes import make_lane_plan
from paceline.connectors.catalog import Catalog
from paceline.connectors.described import DescribedConnector
from paceline.delivery.encoding import encode
from paceline.delivery.oauth2 import made_up_token
from paceline.delivery.plan import TRACK_PREFIX, LanePlan, Refused, plan_delivery
from paceline.errors import UnknownNameError, UsageError
from paceline.exchange.integration import WritesRequests
from paceline.model.connector import OAuth2Auth
from paceline.model.delivery import Delivery, Request
from paceline.model.event import Event, EventType, Filtered, Refusal, isoformat_ms
from paceline.model.mapping import MappingFile
from paceline.model.record import Position
from paceline.workspace.load import load_workspace

_PLACE = Position(0, 0)
_MESSAGE_ID = "preview"


class Preview(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event becomes: requests, or the rule that filters it, or why it is refused."""

    requests: list[Request] | msgspec.UnsetType = msgspec.UNSET
    filtered: Filtered | msgspec.UnsetType = msgspec.UNSET
    rejected: Refusal | msgspec.UnsetType = msgspec.UNSET


class PreviewLane(msgspec.Struct, frozen=True, kw_only=True):
    """One integration as far as it decides what is sent.

    `takes` is the type of record that its only mapping was written for; every event is then taken as such a one.
    Where `events_are_complete`, somebody else's gateway has added to events what ours would add; `notation` writes
    requests as that system does.
    """

    connector: DescribedConnector
    settings: Mapping[str, object]
    plan: LanePlan
    takes: str = ""
    events_are_complete: bool = False
    notation: WritesRequests | None = None

    def preview(self, event: Mapping[str, object], *, now_ms: int) -> Preview:
        """What the event becomes when it is mapped and sent at `now_ms`."""
        whole = dict(event) if self.events_are_complete else _complete(event, now_ms)
        kind = self.takes or _read_record_type(whole)
        if isinstance(kind, Refusal):
            return Preview(rejected=kind)
        arrived = Event(
            id=str(whole.get("messageId", _MESSAGE_ID)),
            name=kind.removeprefix(TRACK_PREFIX),
            key="",
            source="preview",
            received_ms=now_ms,
            payload=whole,
        )
        match plan_delivery(arrived, kind, _PLACE, self.plan, now_ms=now_ms):
            case Filtered(rule="no_mapping"):
                message = f"no mapping to {self.connector.manifest.title} takes {kind!r}"
                return Preview(rejected=Refusal(rule="no_mapping", reason="no_mapping", message=message))
            case Filtered() as filtered:
                return Preview(requests=[], filtered=filtered)
            case Refused(refusal=refusal):
                return Preview(rejected=refusal)
            case delivery:
                return self._build(delivery, now_ms)

    def _build(self, delivery: Delivery, now_ms: int) -> Preview:
        request = self.connector.build(delivery.action, [delivery.item], self.settings, now_ms=now_ms)
        wire = encode(request)
        if isinstance(wire, Refusal):
            return Preview(rejected=wire)
        return Preview(requests=[request] if self.notation is None else self.notation(request))


class Previewer:
    """Makes previews; keeps what it has compiled, so that many rows about the same thing are cheap.

    `root` is a workspace whose mappings and own connectors can be named, or None.
    """

    def __init__(self, root: Path | None) -> None:
        self._catalog = Catalog(root / "connectors" if root is not None else None)
        self._root = root
        self._lanes: dict[bytes, tuple[PreviewLane, ...]] = {}

    def integration(
        self, connector: str, settings: Mapping[str, object], mapping: object = None
    ) -> tuple[PreviewLane, ...]:
        """One integration of a connector with a mapping: a document, a name in the workspace, or None for its defaults.

        Raises UsageError for settings or a mapping that are wrong, UnknownNameError for names that nobody has.
        """
        key = msgspec.json.encode(["paceline", connector, settings, mapping])
        if key not in self._lanes:
            mappings = self._mappings(connector, mapping)
            source = mappings[0].from_
            takes = "" if mapping is None else record_type(source.type, source.event)
            self._lanes[key] = (self._lane(connector, settings, mappings, takes=takes),)
        return self._lanes[key]

    def rudderstack(self, vendor: str, config: Mapping[str, object]) -> tuple[PreviewLane, ...]:
        """The integrations that a destination of RudderStack becomes, with requests as RudderStack would show them.

        That is without what belongs to a delivery: the key against doubles and the time of sending. Raises UsageError,
        UnknownNameError.
        """
        key = msgspec.json.encode(["rudderstack", vendor, config])
        if key not in self._lanes:
            connector, destination = self._catalog.read_rudderstack(vendor, config)
            lanes = [self._lane(connector, one.settings, one.mappings) for one in destination.integrations]
            self._lanes[key] = tuple(
                msgspec.structs.replace(
                    lane,
                    connector=lane.connector.without_delivery_marks(),
                    events_are_complete=True,
                    notation=self._catalog.rudderstack_notation(connector),
                )
                for lane in lanes
            )
        return self._lanes[key]

    def _lane(
        self, connector_name: str, settings: Mapping[str, object], mappings: Sequence[MappingFile], *, takes: str = ""
    ) -> PreviewLane:
        connector = self._catalog.load(connector_name)
        faults = connector.settings_faults(settings)
        if faults:
            place = ".".join(("settings", *map(str, faults[0].path)))
            raise UsageError(faults[0].message, where=place, remedy=faults[0].hint)
        auth = connector.manifest.auth
        if isinstance(auth, OAuth2Auth) and "access_token" not in settings:
            settings = {**settings, **made_up_token(auth, settings)}
        plan = make_lane_plan("preview", mappings, connector)
        return PreviewLane(connector=connector, settings=settings, plan=plan, takes=takes)

    def _mappings(self, connector: str, given: object) -> Sequence[MappingFile]:
        if given is None:
            defaults = tuple(self._catalog.default_mappings(connector).values())
            if not defaults:
                raise UsageError(
                    f"{connector} has no default mappings",
                    where="mapping",
                    expected="a mapping, or its name and --workspace",
                )
            return defaults
        mapping = msgspec.convert(given, MappingFile) if isinstance(given, dict) else self._named(str(given))
        if mapping.to.connector != connector:
            raise UsageError(f"the mapping is for {mapping.to.connector!r}, not {connector!r}", where="mapping.to")
        return (mapping,)

    def _named(self, name: str) -> MappingFile:
        if self._root is None:
            raise UsageError(f"where is the mapping {name!r}?", where="mapping", remedy="say --workspace DIR")
        known = load_workspace(self._root).mappings
        if name not in known:
            raise UnknownNameError("mapping", name, known, where="mapping")
        return known[name]


def preview_all(lanes: Sequence[PreviewLane], event: Mapping[str, object], *, now_ms: int) -> Preview:
    """What an event becomes in several integrations together: their requests in order.

    When none makes a request: what the first one says for which there is a mapping, or else the first one.
    """
    previews = [lane.preview(event, now_ms=now_ms) for lane in lanes]
    requests = [request for one in previews for request in one.requests or ()]
    if requests:
        return Preview(requests=requests)
    return next((one for one in previews if one.rejected is msgspec.UNSET or _is_wanted(one.rejected)), previews[0])


def _is_wanted(refusal: Refusal) -> bool:
    return refusal.reason != "no_mapping"


def _complete(event: Mapping[str, object], now_ms: int) -> dict[str, object]:
    """The event with what the gateway adds to every event. A timestamp that it has is taken as right."""
    received = isoformat_ms(now_ms)
    timestamp = event.get("originalTimestamp") or received
    return {"messageId": _MESSAGE_ID, "receivedAt": received, "timestamp": timestamp, **event}


def _read_record_type(event: Mapping[str, object]) -> str | Refusal:
    """The type under which the event would lie on the bus, or why the gateway would not let it in."""
    call, name = event.get("type"), event.get("event")
    try:
        kind = EventType(str(call).lower())
    except ValueError:
        reason = "missing" if call is None else "refused"
        message = f"the event's type must be one of {', '.join(EventType)}"
        return Refusal(rule="type", reason=reason, message=message)
    if kind is EventType.TRACK and not (isinstance(name, str) and name):
        reason = "missing" if name is None else "wrong_type"
        return Refusal(rule="event", reason=reason, message='a track call needs "event", the name of what happened')
    return record_type(kind, str(name))
