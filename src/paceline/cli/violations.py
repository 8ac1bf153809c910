"""`paceline violations`: which contracts are broken, where and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from paceline.ports.bus import Bus
    from paceline.ports.store import Store


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--contract", help="Only this contract's.")
@click.option("--source", help="Only this source's.")
@click.option("--limit", type=click.IntRange(1), default=100_000, show_default=True, help="How many events to look at.")
@click.option("--event", "event_id", help="Show this event with its verdict, in full, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(
    workspace: Path,
    contract: str | None,
    source: str | None,
    limit: int,
    event_id: str | None,
    as_json: bool,
) -> None:
    """List events in quarantine by contract, field and source, with first and last seen and the newest event's id.

    They were accepted and kept, but nobody gets them. Values are shown with --event only. Once a contract is
    repaired, `paceline dlq replay --class contract` judges them again and sends on what fits.

    \b
    Example:  paceline violations shop --contract order_completed
              paceline violations shop --event 3f6c0b1e
    """
    from paceline.assemble.inspection import inspect
    from paceline.cli.output import print_json, print_table
    from paceline.drift.violations import BrokenEvent, group_violations
    from paceline.model.delivery import Fate
    from paceline.model.event import isoformat_ms

    if event_id is not None:
        print_json(
            inspect(workspace, lambda _opened, bus, store: _one_event(bus, store, event_id, limit)), lines=as_json
        )
        return
    excluded = inspect(workspace, lambda _opened, _bus, store: store.exclusions(fate=Fate.REJECTED, limit=limit))
    broken = (
        BrokenEvent(
            rule=one.rule,
            detail=one.detail,
            source=one.source,
            event_name=one.event_name,
            event_id=one.event_id,
            at_ms=one.at_ms,
        )
        for one in excluded
        if source in (None, one.source)
    )
    groups = [group for group in group_violations(broken) if contract in (None, group.contract)]
    if as_json:
        print_json(groups)
    else:
        rows = [
            (
                group.contract or "(none)",
                ", ".join(group.versions),
                group.pointer or "/",
                group.message,
                group.source,
                group.sample_event_ids[0],
                isoformat_ms(group.first_ms),
                isoformat_ms(group.last_ms),
                f"{group.count:,}",
            )
            for group in groups
        ]
        columns = (
            "contract",
            "version",
            "field",
            "what",
            "source",
            "newest event",
            "first seen",
            "last seen",
            "events",
        )
        print_table("Violations", columns, rows, numbers_from=8)
    events = sum(one.rule.startswith("contract:") for one in excluded)
    more = f" (only the newest {limit:,} stopped events were looked at)" if len(excluded) == limit else ""
    click.echo(f"{len(groups)} kinds of violation in {events:,} events{more}", err=True)


async def _one_event(bus: Bus, store: Store, event_id: str, limit: int) -> object:
    """Everything that was stopped under an id, newest first, with the bytes that came in where they are still kept."""
    from paceline.errors import UnknownNameError
    from paceline.model.delivery import Fate

    excluded = await store.exclusions(fate=Fate.REJECTED, limit=limit)
    found = [one for one in excluded if one.event_id == event_id]
    if not found:
        raise UnknownNameError("stopped event", event_id, [one.event_id for one in excluded[:1000]])
    records = await bus.fetch("events", [one.position for one in found])
    return [
        {"verdict": one, "event": msgspec.Raw(records[one.position].data) if one.position in records else None}
        for one in found
    ]
