"""`paceline drift`: how events move away from their contracts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.opening import OpenWorkspace
    from paceline.drift.watcher import Drift
    from paceline.model.record import Record
    from paceline.ports.bus import Bus
    from paceline.ports.store import Store

READ_AT_ONCE = 1_000


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--last", type=click.IntRange(1), default=100_000, show_default=True, help="How many events to look at.")
@click.option("--source", help="Only this source's.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(workspace: Path, last: int, source: str | None, as_json: bool) -> None:
    """Show new, vanished and changed fields of each source, compared with the newest contract of each event.

    Looks at the newest events of the log, quarantined ones included. A field has vanished when chance would explain its
    absence less than once in a thousand times.

    \b
    Example:  paceline drift shop --last 10000
    """
    from paceline.assemble.inspection import inspect
    from paceline.cli.output import print_json, print_table
    from paceline.model.event import isoformat_ms

    async def look(opened: OpenWorkspace, bus: Bus, _store: Store) -> tuple[int, list[Drift]]:
        return await _watch(opened, bus, last=last, source=source)

    looked_at, found = inspect(workspace, look)
    if as_json:
        print_json({"events": looked_at, "drift": found})
    else:
        rows = [
            (
                one.kind.value.replace("_", " "),
                one.event,
                one.pointer,
                one.message + (f": {', '.join(one.values)}" if one.values else ""),
                one.source,
                one.sample_event_id,
                isoformat_ms(one.first_ms),
                f"{one.events:,} of {one.of:,}",
                f"{one.rate:.1%}",
            )
            for one in found
        ]
        columns = ("drift", "event", "field", "what", "source", "an event", "first seen", "events", "rate")
        print_table("Drift", columns, rows, numbers_from=7)
    click.echo(f"{len(found)} kinds of drift in {looked_at:,} events", err=True)


async def _watch(opened: OpenWorkspace, bus: Bus, *, last: int, source: str | None) -> tuple[int, list[Drift]]:
    import msgspec

    from paceline.contracts.versions import Version
    from paceline.drift.watcher import DriftWatcher
    from paceline.model.event import decode_object

    newest = {}
    for versions in opened.workspace.contracts.values():
        contract = versions[max(versions, key=Version.parse)]
        newest[f"track:{contract.event}" if contract.event else contract.type.value] = contract
    watcher = DriftWatcher(newest)
    looked_at = 0
    async for record in newest_records(bus, last):
        if source not in (None, record.source):
            continue
        try:
            event = decode_object(record.data)
        except msgspec.DecodeError:
            continue
        looked_at += 1
        watcher.observe(event, name=record.type, source=record.source, event_id=record.id, at_ms=record.received_ms)
    return looked_at, watcher.findings()


async def newest_records(bus: Bus, last: int) -> AsyncIterator[Record]:
    """About the `last` newest records of the log, by partition, oldest first; damaged ones are left out."""
    from paceline.model.record import advance

    topic = "events"
    ends = await bus.ends(topic)
    share = -(-last // max(len(ends), 1))
    cursors = {partition: max(end.first, end.next - share) for partition, end in ends.items()}
    reader = bus.reader(topic, "drift")
    try:
        while cursors := {partition: at for partition, at in cursors.items() if at < ends[partition].next}:
            stored = await reader.read(cursors, max_records=READ_AT_ONCE, wait_secs=0.0)
            if not stored:
                return
            for one in stored:
                if one.record is not None and one.position.offset < ends[one.position.partition].next:
                    yield one.record
            cursors = advance(cursors, stored)
    finally:
        await reader.close()
