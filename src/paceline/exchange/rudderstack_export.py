"""Exports of RudderStack's destinations, as values, and what no import of one can carry over.

Sources, read 2026-11-23: client-side event filtering
(https://www.rudderstack.com/docs/sources/event-streams/sdks/event-filtering/), connection modes
(https://www.rudderstack.com/docs/destinations/rudderstack-connection-modes/) and the configuration keys of each
destination (https://github.com/rudderlabs/rudder-integrations-config, `db-config.json`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.errors import UsageError
from paceline.exchange.loss import Loss


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One destination of an export. `vendor` is RudderStack's name of the vendor; `sources` name what it is fed by."""

    name: str
    vendor: str
    config: Mapping[str, object]
    is_enabled: bool = True
    transformations: Sequence[str] = ()
    sources: Sequence[str] = ()


def read_destinations(document: object) -> Sequence[Destination]:
    """The destinations of an export, each once, in the order in which they stand there.

    Takes one destination, a list of them, `{"destination": …}` and `{"destinations": […]}` as the Public API answers,
    a source with its `destinations`, and the whole configuration of a workspace (`{"sources": […]}`). Keys may begin
    with a capital, as the data plane writes them. Raises UsageError for anything else.
    """
    found: dict[object, Destination] = {}
    for key, destination in _walk(document, source=""):
        known = found.setdefault(key, destination)
        sources = dict.fromkeys([*known.sources, *destination.sources])
        found[key] = msgspec.structs.replace(known, sources=tuple(sources))
    if not found:
        raise UsageError(
            "no destination of RudderStack in it",
            expected='the JSON of a destination: {"name": …, "type": "GA4", "config": {…}}, or an export with several',
            remedy="see docs/coming-from-rudderstack.md",
        )
    return tuple(found.values())


class ReadConfig(Mapping[str, object]):
    """A destination's configuration that remembers which of its keys somebody asked for."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self._config = config
        self._asked: set[str] = set()

    def __getitem__(self, key: str) -> object:
        self._asked.add(key)
        return self._config[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._config)

    def __len__(self) -> int:
        return len(self._config)

    def unread(self) -> Sequence[str]:
        """The keys that say something and that nobody asked for."""
        return [key for key, value in self._config.items() if key not in self._asked and _says_something(value)]


def _says_something(value: object) -> bool:
    """Whether a setting is more than an empty place of RudderStack's form."""
    if isinstance(value, Mapping):
        return any(map(_says_something, value.values()))
    if isinstance(value, list):
        return any(map(_says_something, value))
    return value not in (None, False, "", "disable", "none")


def common_losses(destination: Destination, unread: Sequence[str]) -> Sequence[Loss]:
    """What no import of a destination can carry over, whatever the vendor, and settings that nothing was made of.

    `unread` are the keys of its configuration that its connector did not ask for.
    """
    config, about = destination.config, destination.name
    losses: list[Loss] = []
    if not destination.is_enabled:
        message = "it is switched off at RudderStack; the integration made from it is on as soon as a worker runs it"
        losses.append(Loss(about=about, message=message, hint="leave the files out when you do not want it"))
    losses += [
        Loss(
            about=about,
            message=f"the transformation {name!r} is code that runs at RudderStack",
            hint="say what it does in the mappings: `when`, fields and functions (docs/mapping.md)",
        )
        for name in destination.transformations
    ]
    for mode, names in _device_modes(config).items():
        message = f"{mode} mode ({', '.join(names)}): there the vendor's own SDK in the app or page sends events"
        losses.append(Loss(about=about, message=message, hint="what arrives at the gateway is delivered from here"))
    option = config.get("eventFilteringOption")
    if option in {"whitelistedEvents", "blacklistedEvents"}:
        names = [str(row.get("eventName")) for row in _rows(config.get(str(option))) if row.get("eventName")]
        message = f"{option} ({', '.join(names) or 'none'}) filters events inside RudderStack's SDKs only"
        losses.append(Loss(about=about, message=message, hint="add a `when` to the mappings to filter here"))
    if any(config.get(key) for key in _CONSENT_KEYS):
        losses.append(
            Loss(
                about=about,
                message="the consent categories of this destination",
                hint="name the integration's `purposes`; consent is checked against them",
            )
        )
    losses += [
        Loss(about=about, message=f"the setting {key}", hint="see what it does in RudderStack's guide")
        for key in unread
        if key not in _COMMON_KEYS
    ]
    if destination.sources:
        message = f"at RudderStack it takes the events of {', '.join(destination.sources)} only"
        hint = "name your own sources in the integration's `sources`"
        losses.append(Loss(about=about, message=message, hint=hint))
    return losses


_COMMON_KEYS = frozenset(
    {
        *("connectionMode", "useNativeSDK", "eventFilteringOption", "whitelistedEvents", "blacklistedEvents"),
        *("consentManagement", "oneTrustCookieCategories", "ketchConsentPurposes"),
    }
)
_CONSENT_KEYS = ("consentManagement", "oneTrustCookieCategories", "ketchConsentPurposes")


def _rows(value: object) -> Sequence[Mapping[str, object]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _device_modes(config: Mapping[str, object]) -> Mapping[str, Sequence[str]]:
    """The sources whose events do not go through RudderStack's servers alone, by mode."""
    modes: dict[str, list[str]] = {}
    chosen = config.get("connectionMode")
    for source, mode in chosen.items() if isinstance(chosen, dict) else [("web", chosen)]:
        if mode in {"device", "hybrid"}:
            modes.setdefault(str(mode), []).append(str(source))
    native = config.get("useNativeSDK")
    on = [source for source, is_on in native.items() if is_on] if isinstance(native, dict) else []
    if native is True:
        on = ["web"]
    named = {source for sources in modes.values() for source in sources}
    for source in on:
        if source not in named:
            modes.setdefault("device", []).append(str(source))
    return modes


def _walk(value: object, *, source: str) -> Iterator[tuple[object, Destination]]:
    """Every destination in a document with what tells it apart from others."""
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, source=source)
        return
    if not isinstance(value, dict):
        return
    fields = {str(key)[:1].lower() + str(key)[1:]: item for key, item in value.items()}
    fields.setdefault("id", fields.get("iD"))
    vendor = _vendor(fields)
    if vendor and isinstance(fields.get("config"), dict):
        destination = _destination(fields, vendor, source)
        yield fields["id"] or (destination.vendor, destination.name), destination
        return
    name = str(fields.get("name") or source)
    for key in ("destination", "destinations", "sources", "source", "data"):
        inner = fields.get(key)
        yield from _walk(inner, source=name if key.startswith("destination") else source)


def _vendor(fields: Mapping[str, object]) -> str:
    definition = fields.get("destinationDefinition")
    if isinstance(definition, dict):
        name = definition.get("name") or definition.get("Name")
        if isinstance(name, str):
            return name
    kind = fields.get("type")
    # A source has a config and a type as well, but its definition says so, or it has destinations.
    is_source = "sourceDefinition" in fields or "writeKey" in fields or "destinations" in fields
    return kind if isinstance(kind, str) and not is_source else ""


def _destination(fields: Mapping[str, object], vendor: str, source: str) -> Destination:
    enabled = fields.get("enabled", fields.get("isEnabled", fields.get("isDestinationEnabled", True)))
    transformations = fields.get("transformations")
    names = [
        str(one.get("name") or one.get("versionId") or one.get("VersionID") or one.get("id") or "unnamed")
        for one in (transformations if isinstance(transformations, list) else [])
        if isinstance(one, dict)
    ]
    config = fields["config"]
    assert isinstance(config, dict)
    return Destination(
        name=str(fields.get("name") or vendor.lower()),
        vendor=vendor,
        config=config,
        is_enabled=enabled is not False,
        transformations=tuple(names),
        sources=(source,) if source else (),
    )
