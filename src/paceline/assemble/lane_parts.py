"""The parts of a lane that need no workspace: workers join them from its files, functions from what was packed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

import paceline
from paceline.connectors.described import DescribedConnector
from paceline.delivery.plan import TRACK_PREFIX, LanePlan, Transform
from paceline.model.connector import Manifest, OAuth2Auth, RateLimit
from paceline.model.event import Filtered, Refusal
from paceline.ports.clock import Clock
from paceline.ports.sender import Sender
from paceline.runtime.deliver.credentials import Credentials, FixedCredentials, TokenCredentials

if TYPE_CHECKING:
    from paceline.mapping.compile import Apply
    from paceline.model.integration import IntegrationFile


class LaidMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled mapping as a lane is laid out with it. `takes` is a type of records, empty for every track event."""

    name: str
    version: int
    takes: str
    action: str
    apply: Apply


def lay_out(
    name: str, mappings: Sequence[LaidMapping], connector: DescribedConnector, *, sources: frozenset[str] | None
) -> LanePlan:
    """Lay out mappings for a lane: by event, in their order, with those for every track event after those that name it.

    Payloads are checked against the vendor's action.
    """
    transforms: dict[str, list[Transform]] = {}
    every_track: list[Transform] = []
    for mapping in mappings:
        transform = CheckedTransform(mapping, connector)
        if mapping.takes:
            transforms.setdefault(mapping.takes, []).append(transform)
        else:
            every_track.append(transform)
    for key, named in transforms.items():
        if key.startswith(TRACK_PREFIX):
            named.extend(every_track)
    versions = {mapping.name: mapping.version for mapping in mappings}
    return LanePlan(
        integration=name, sources=sources, transforms=transforms, every_track=every_track, versions=versions
    )


def account_of(connector: str, settings: Mapping[str, object]) -> str:
    """A name for one account at a vendor: equal settings are the same account. Tells nothing of the secrets.

    >>> account_of("webhook", {"url": "https://a.example"})
    'webhook:984d794c27e8'
    """
    digest = hashlib.sha256(msgspec.json.encode(["paceline account", connector, settings], order="deterministic"))
    return f"{connector}:{digest.hexdigest()[:12]}"


def rate_limits(manifest: Manifest, integration: IntegrationFile) -> Sequence[RateLimit]:
    """What the vendor allows, and what the integration's file allows on top of it."""
    own = integration.limits.max_requests_per_sec
    return [*manifest.rate_limits, *([] if own is None else [RateLimit(requests=1, per_secs=1 / own)])]


def credentials_of(
    connector: DescribedConnector, settings: Mapping[str, object], sender: Sender, clock: Clock
) -> Credentials:
    """What requests are built with: the settings, and an access token where one has to be fetched."""
    auth = connector.manifest.auth
    if isinstance(auth, OAuth2Auth) and settings.get("access_token") is None:
        return TokenCredentials(auth, settings, sender, clock)
    return FixedCredentials(settings)


def connector_version(connector: DescribedConnector) -> str:
    """Which connector made a request, for dead letters: the vendor's API version and ours."""
    return f"{connector.name} {connector.manifest.api_version}, paceline {paceline.__version__}"


class CheckedTransform:
    """A compiled mapping whose payloads are checked against the vendor's action before they are sent.

    Some vendors answer 2xx to payloads that they then drop (GA4's Measurement Protocol does), so what the action's
    schema refuses is refused here, with the rule's name.
    """

    def __init__(self, mapping: LaidMapping, connector: DescribedConnector) -> None:
        self.name = mapping.name
        self.action = mapping.action
        self._apply = mapping.apply
        self._refusal_of = connector.payload_refusal

    def apply(self, event: dict[str, object], *, now_ms: int) -> dict[str, object] | Filtered | Refusal:
        """The payload that the vendor takes, or why there is none."""
        payload = self._apply(event, now_ms=now_ms)
        if type(payload) is dict:
            return self._refusal_of(self.action, payload) or payload
        return payload
