"""Watches a toggle: keeps the evidence, moves on when it suffices, steps back when the bus path turns out wrong."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec

from paceline.errors import PacelineError
from paceline.lifecycle.route_book import RouteBook
from paceline.lifecycle.route_evidence import Evidence, Judgement, judge
from paceline.lifecycle.route_step import DIRECT, RouteStep, next_step, previous_step
from paceline.model.record import Cursors
from paceline.model.route import Advance, ReadyWhen
from paceline.observe.facts import RouteBroken, RouteMoved, RouteReady
from paceline.observe.telemetry import Telemetry
from paceline.ports.clock import Clock
from paceline.ports.routes import RouteChange, RouteState, RouteStore
from paceline.runtime.deliver.routing import Routing

LOOK_SECS = 2.0
ITSELF = "paceline"
MOST_RETURNS = 3
"""A toggle that had to step back so often with the same mappings is not moved on by paceline any more."""


class RouteRules(msgspec.Struct, frozen=True, kw_only=True):
    """How an integration's toggle is to be moved. `fingerprint` stands for its mappings and contracts."""

    integration: str
    ready_when: ReadyWhen
    advance: Advance
    fingerprint: str
    look_secs: float = LOOK_SECS


class RouteWatch:
    """One for each lane with a toggle; runs beside it, under the same lease."""

    def __init__(
        self, rules: RouteRules, routing: Routing, store: RouteStore, *, clock: Clock, telemetry: Telemetry
    ) -> None:
        self._rules = rules
        self._routing = routing
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self._told: set[str] = set()
        self._kept: RouteState | None = None

    async def begin(self, cursors: Cursors) -> None:
        """Go on with the evidence of before, if it is about the same step and the same mappings.

        `cursors` are where the lane stands.
        """
        rules, now_ms = self._rules, self._clock.now_ms()
        state = (await self._store.route_states()).get(rules.integration)
        if state is None or state.toggle != self._routing.toggle:
            state = RouteState(
                integration=rules.integration,
                toggle=self._routing.toggle,
                step=str(self._step()),
                evidence=Evidence(step=self._step().percent, since_ms=now_ms, fingerprint=rules.fingerprint),
                paired_from=dict(cursors),
            )
        self._routing.pair_from(state.paired_from)
        self._state = state
        self._routing.book = RouteBook(state.evidence, rules.ready_when)
        if state.evidence.fingerprint != rules.fingerprint:
            self._routing.book.begin_step(RouteStep(state.evidence.step), rules.fingerprint, now_ms=now_ms)
        await self._look()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set. Raises StorageError."""
        while not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self._rules.look_secs)
            await self._look()

    def _step(self) -> RouteStep:
        """Where the toggle stands; a toggle with rules of its own counts as a canary that nobody moves but people."""
        return self._routing.toggles.step(self._routing.toggle) or RouteStep(50)

    async def _look(self) -> None:
        self._routing.toggles.look()
        book = self._routing.book
        assert book is not None
        now_ms = self._clock.now_ms()
        step = self._step()
        evidence = book.evidence(now_ms=now_ms)
        state = await self._with_other_changes()
        if step.percent != evidence.step:
            before = RouteStep(evidence.step)
            if not state.changes or state.changes[-1].after != str(step):
                # Somebody edited the file: `paceline route set` would have left its own entry.
                edited = RouteChange(
                    at_ms=now_ms,
                    before=str(before),
                    after=str(step),
                    who="the toggle's definition",
                    why="it was edited",
                )
                state = _with(state, edited)
            book.begin_step(step, self._rules.fingerprint, now_ms=now_ms)
            self._told.clear()
            evidence = book.evidence(now_ms=now_ms)
        judgement = judge(evidence, self._rules.ready_when, now_ms=now_ms)
        self._state = msgspec.structs.replace(state, step=str(step), evidence=evidence)
        if judgement.broken:
            await self._step_back(step, judgement)
        elif judgement.is_ready:
            await self._move_on(step, judgement)
        if self._state != self._kept:
            await self._store.save_route_state(self._state)
            self._kept = self._state

    async def _with_other_changes(self) -> RouteState:
        """What a command has written meanwhile counts."""
        kept = (await self._store.route_states()).get(self._rules.integration)
        return self._state if kept is None else msgspec.structs.replace(self._state, changes=kept.changes)

    async def _step_back(self, step: RouteStep, judgement: Judgement) -> None:
        why = "; ".join(judgement.broken)
        back = previous_step(step)
        self._telemetry.record(
            RouteBroken(lane=self._rules.integration, toggle=self._routing.toggle, step=str(step), reason=why)
        )
        self._move(step, back, why, judgement)

    async def _move_on(self, step: RouteStep, judgement: Judgement) -> None:
        later = next_step(step)
        if later is None or step == DIRECT:
            return
        if self._rules.advance is Advance.AUTO and self._returns() < MOST_RETURNS:
            self._move(step, later, "the evidence suffices", judgement)
        elif str(later) not in self._told:
            self._told.add(str(later))
            self._telemetry.record(
                RouteReady(
                    lane=self._rules.integration, toggle=self._routing.toggle, step=str(step), next_step=str(later)
                )
            )

    def _move(self, before: RouteStep, after: RouteStep, why: str, judgement: Judgement) -> None:
        """Move the toggle and begin to look at the new step."""
        rules, now_ms = self._rules, self._clock.now_ms()
        try:
            moved = self._routing.toggles.set_step(self._routing.toggle, after)
        except PacelineError as error:
            moved, why = False, f"{why}; but {error}"
        book = self._routing.book
        assert book is not None
        if not moved:
            self._tell_stuck(before, after, why)
            return
        change = RouteChange(
            at_ms=now_ms, before=str(before), after=str(after), who=ITSELF, why=why, judgement=judgement
        )
        self._state = _with(self._state, change)
        book.begin_step(after, rules.fingerprint, now_ms=now_ms)
        self._state = msgspec.structs.replace(self._state, step=str(after), evidence=book.evidence(now_ms=now_ms))
        self._told.clear()
        self._telemetry.record(
            RouteMoved(
                lane=rules.integration, toggle=self._routing.toggle, before=str(before), after=str(after), reason=why
            )
        )

    def _tell_stuck(self, before: RouteStep, after: RouteStep, why: str) -> None:
        if str(after) not in self._told:
            self._told.add(str(after))
            self._telemetry.record(
                RouteReady(
                    lane=self._rules.integration,
                    toggle=self._routing.toggle,
                    step=str(before),
                    next_step=f"{after} ({why})",
                )
            )

    def _returns(self) -> int:
        """How often paceline had to take this toggle back since its mappings were last changed."""
        return sum(
            1
            for change in self._state.changes
            if change.who == ITSELF
            and change.judgement is not None
            and change.judgement.broken
            and change.fingerprint == self._rules.fingerprint
        )


def _with(state: RouteState, change: RouteChange) -> RouteState:
    """The state with one more change, on the evidence that it has."""
    evidence = state.evidence
    change = msgspec.structs.replace(change, compared=evidence.compared, fingerprint=evidence.fingerprint)
    return msgspec.structs.replace(state, changes=state.changed(change))
