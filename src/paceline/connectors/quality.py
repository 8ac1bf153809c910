"""The quality ladder: what a connector should have, and a machine's opinion where a machine can tell.

Each connector says in `quality.yaml` how far it is with every rule. Where there is a check, its word counts more than
the author's: a rule that is `done` and fails its check is a failing test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from paceline.connectors.described import DescribedConnector
from paceline.model.connector import IdPlace, SampleAnswer
from paceline.model.delivery import Answer, Item, OutcomeClass

_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")

RULES: Mapping[str, str] = {
    "sources": "Every page that facts come from is linked, with the day on which it was read.",
    "settings_described": "Every setting has a description, and credentials are marked as secret.",
    "actions_described": "Every action has a description and a schema for its payload that is an object.",
    "answers": "The vendor's sample answers mean what they should by the answer table.",
    "rate_limits": "The vendor's rate limits are declared.",
    "regions": "There is a base URL for every region that the vendor offers.",
    "idempotency": "Events carry a key by which the vendor recognizes a repetition.",
    "deletion": "There is an action that deletes a person.",
    "notes": "notes.md has the facts with their sources, and the vendor's habits.",
    "fake_vendor": "The fake vendor takes what the connector builds, and refuses it when it is broken.",
    "official_sdk": "A test points the vendor's own SDK at the fake vendor and compares requests.",
    "default_mappings": "There are default mappings from the Segment spec.",
    "live": "Somebody has run it against the real vendor and noted the day.",
}
"""Every rule and what it asks for."""


def check(connector: DescribedConnector, folder: Path) -> Mapping[str, bool]:
    """By rule, whether the connector fulfils it; only rules that a machine can judge."""
    return {rule: judge(connector, folder) for rule, judge in _CHECKS.items()}


def _has_sources(connector: DescribedConnector, folder: Path) -> bool:
    return all(_DAY.fullmatch(link.read) and link.url.startswith("https://") for link in connector.manifest.docs)


def _describes_settings(connector: DescribedConnector, folder: Path) -> bool:
    properties = connector.manifest.settings.get("properties")
    if not isinstance(properties, dict):
        return False
    named = {name for name in properties if re.search(r"(secret|token|_key|password)", name)}
    return all("description" in schema for schema in properties.values()) and named <= connector.secret_settings


def _describes_actions(connector: DescribedConnector, folder: Path) -> bool:
    return all(action.description and action.payload.get("type") == "object" for action in connector.actions.values())


def _answers_as_it_should(connector: DescribedConnector, folder: Path) -> bool:
    samples = connector.manifest.samples
    expected = {
        OutcomeClass.OK: samples.accepted,
        OutcomeClass.THROTTLE: samples.throttled,
        OutcomeClass.TRANSIENT: samples.failing,
    }
    return all(_meaning(connector, sample) is meaning for meaning, sample in expected.items())


def _meaning(connector: DescribedConnector, sample: SampleAnswer) -> OutcomeClass:
    body = b"" if sample.body is None else msgspec.json.encode(sample.body)
    answer = Answer(status=sample.status, headers=sample.headers, body=body)
    action = next(iter(connector.actions))
    return connector.read(action, [Item(delivery_id="1", payload={})], answer, now_ms=0)[0].outcome_class


def _has_rate_limits(connector: DescribedConnector, folder: Path) -> bool:
    return bool(connector.manifest.rate_limits)


def _has_regions(connector: DescribedConnector, folder: Path) -> bool:
    return len(connector.manifest.base_urls) > 1


def _has_idempotency(connector: DescribedConnector, folder: Path) -> bool:
    places = [action.idempotency or connector.manifest.idempotency for action in connector.actions.values()]
    return any(one.place is not IdPlace.NONE for one in places)


def _deletes(connector: DescribedConnector, folder: Path) -> bool:
    return any(action.deletes for action in connector.actions.values())


def _has_notes(connector: DescribedConnector, folder: Path) -> bool:
    notes = folder / "notes.md"
    return notes.is_file() and "## Sources" in notes.read_text(encoding="utf-8")


_CHECKS: Mapping[str, Callable[[DescribedConnector, Path], bool]] = {
    "sources": _has_sources,
    "settings_described": _describes_settings,
    "actions_described": _describes_actions,
    "answers": _answers_as_it_should,
    "rate_limits": _has_rate_limits,
    "regions": _has_regions,
    "idempotency": _has_idempotency,
    "deletion": _deletes,
    "notes": _has_notes,
}
