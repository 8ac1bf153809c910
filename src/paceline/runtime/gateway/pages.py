"""What the gateway says about itself: its limits, and the settings that the browser SDK asks for."""

from __future__ import annotations

from paceline.runtime.gateway.door import Door


def describe_limits(door: Door) -> dict[str, object]:
    """The document at /.well-known/paceline: every limit at the door by its setting's name."""
    limits = door.limits
    return {
        "product": "paceline",
        "limits": {
            "max_body_bytes": limits.max_body_bytes,
            "max_event_bytes": limits.max_event_bytes,
            "warn_event_bytes": limits.warn_event_bytes,
            "max_batch_events": limits.max_batch_events,
            "max_depth": limits.max_depth,
            "max_keys": limits.max_keys,
            "max_header_bytes": limits.max_header_bytes,
            "header_read_secs": limits.header_read_secs,
            "body_read_secs": limits.body_read_secs,
        },
        "encodings": ["identity", "gzip"],
        "contracts": list(door.dataschemas),
    }


def sdk_settings(write_key: str, host: str) -> dict[str, object]:
    """What @segment/analytics-next loads from /v1/projects/<key>/settings before it sends.

    Points its Segment.io destination back at this gateway (`apiHost` and `protocol` are that destination's settings in
    the SDK, https://github.com/segmentio/analytics-next, read 2026-11-23). No device-mode integrations.
    """
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": write_key,
                "apiHost": f"{host}/v1",
                "protocol": "http",
                "unbundledIntegrations": [],
                "addBundledMetadata": False,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
