"""Tells what ends, and what has ended: once when a worker starts, and again each day."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import suppress

from paceline.errors import UsageError
from paceline.lifecycle.expiry import is_expired, notice_days
from paceline.model.integration import IntegrationFile, Stage
from paceline.observe.facts import Fact, IntegrationEndsSoon, IntegrationExpired
from paceline.observe.telemetry import Telemetry
from paceline.ports.clock import Clock
from paceline.workspace.calendar import day_or_none
from paceline.workspace.workspace import Workspace

LOOK_SECS = 60.0


def facts_about_ends(workspace: Workspace, today: dt.date) -> Iterator[Fact]:
    """What is worth telling on a day about the ends of integrations."""
    for name, integration in workspace.integrations.items():
        last_day = day_or_none(integration.expires)
        if last_day is None or integration.stage is Stage.MARATHON:
            continue
        team = workspace.teams.teams.get(integration.owner.team)
        contact = team.on_call if team is not None else ""
        plan = integration.migration.plan if integration.migration is not None else ""
        days = notice_days(last_day, today)
        if is_expired(last_day, today):
            yield IntegrationExpired(
                integration=name,
                stage=str(integration.stage),
                last_day=last_day.isoformat(),
                after_expiry=str(integration.after_expiry),
                owner=integration.owner.team,
                contact=contact,
                councils=[
                    one for one, council in workspace.teams.councils.items() if integration.owner.team in council.teams
                ],
                plan=plan,
            )
        elif days is not None:
            yield IntegrationEndsSoon(
                integration=name,
                stage=str(integration.stage),
                last_day=last_day.isoformat(),
                notice_days=days,
                owner=integration.owner.team,
                contact=contact,
                plan=plan,
            )


async def tell_ends(
    workspace: Callable[[], Workspace], clock: Clock, telemetry: Telemetry, stopping: asyncio.Event
) -> None:
    """Until `stopping` is set. `workspace` gives the one in use, which a reload changes."""
    told: tuple[dt.date, int] | None = None
    while not stopping.is_set():
        today = dt.datetime.fromtimestamp(clock.now_ms() / 1000, tz=dt.UTC).date()
        current = workspace()
        if told != (today, id(current)):
            told = (today, id(current))
            for fact in facts_about_ends(current, today):
                telemetry.record(fact)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_SECS)


def require_not_expired(name: str, integration: IntegrationFile, *, today: dt.date, what: str) -> None:
    """Raise UsageError when an integration's end has passed: it may not be built, deployed or promoted any more.

    `what` is what was asked for, such as `built`.
    """
    last_day = day_or_none(integration.expires)
    if last_day is not None and is_expired(last_day, today):
        raise UsageError(
            f"{name} expired on {last_day} and cannot be {what}",
            where=f"integrations/{name}.yaml (expires)",
            remedy=f"retire it (paceline retire {name}), or put the end off by a new RFC (docs/lifecycle.md)",
        )
