"""The ports of route toggles: where they stand, and what was seen on their paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from paceline.lifecycle.route_evidence import Evidence, Judgement
from paceline.lifecycle.route_step import RouteStep
from paceline.model.record import Cursors
from paceline.model.route import Route

MOST_CHANGES_KEPT = 200


class RouteChange(msgspec.Struct, frozen=True, kw_only=True):
    """A toggle moved: when, from which step to which (as people write them), by whom and why, and on what evidence."""

    at_ms: int
    before: str
    after: str
    who: str
    why: str
    compared: int = 0
    fingerprint: str = ""
    judgement: Judgement | None = None


class RouteState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an integration's route: evidence at its present step, and its changes, the oldest first.

    `step` is as people write it. `paired_from` is where the lane stood when it began with this toggle.
    """

    integration: str
    toggle: str
    step: str
    evidence: Evidence
    changes: tuple[RouteChange, ...] = ()
    paired_from: Cursors = {}

    def changed(self, change: RouteChange) -> tuple[RouteChange, ...]:
        """The changes with one more, at most `MOST_CHANGES_KEPT`."""
        return (*self.changes, change)[-MOST_CHANGES_KEPT:]


class RouteStore(Protocol):
    """Keeps the state of routes over restarts. The worker that runs a lane writes it every few seconds."""

    async def route_states(self) -> Mapping[str, RouteState]:
        """By integration."""

    async def save_route_state(self, state: RouteState) -> None:
        """Keep the state in place of the one before. Raises StorageError."""


class Toggles(Protocol):
    """Route toggles, evaluated in this process. Calls are cheap enough for every event."""

    def look(self) -> None:
        """Take over definitions that have changed. Called between stretches; looks at most twice a second."""

    def route(self, toggle: str, key: str) -> Route:
        """The path of events with this ordering key: always the same one while the definition stands.

        `direct` for a toggle that does not exist or cannot be evaluated.
        """

    def step(self, toggle: str) -> RouteStep | None:
        """Where the toggle stands; None when it has rules of its own, or its provider does not say."""

    def set_step(self, toggle: str, step: RouteStep) -> bool:
        """Move the toggle; False where that cannot be done from here. Raises UsageError for one that is not there."""
