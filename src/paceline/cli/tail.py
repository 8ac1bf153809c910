"""`paceline tail`: live events, with the gateway's verdict and their fate in every integration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.fates import TracedEvent
    from paceline.assemble.opening import OpenWorkspace
    from paceline.model.record import StoredRecord
    from paceline.ports.bus import Bus
    from paceline.ports.store import Store

POLL_SECS = 0.25
MAX_WAIT_SECS = 5.0
MAX_EVENTS_A_LOOK = 200

_colors = {
    "delivered": "green",
    "filtered": "bright_black",
    "suppressed": "bright_black",
    "rejected": "yellow",
    "dead": "red",
    "parked": "yellow",
    "in_flight": "blue",
}


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--last", type=click.IntRange(0, 10_000), default=0, help="Begin with so many events of before.")
@click.option("--no-follow", is_flag=True, help="End after the events of before.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line an event.")
def command(workspace: Path, last: int, no_follow: bool, as_json: bool) -> None:
    """Show events as they come in: verdict, and what became of them in every integration.

    An event is shown when every integration has settled it, or after five seconds.

    \b
    Example:  paceline tail shop --last 20
    """
    from paceline.assemble.inspection import inspect

    async def follow(opened: OpenWorkspace, bus: Bus, store: Store) -> None:
        await _follow(opened, bus, store, last=last, is_endless=not no_follow, as_json=as_json)

    try:
        inspect(workspace, follow)
    except KeyboardInterrupt:
        return


async def _follow(opened: OpenWorkspace, bus: Bus, store: Store, *, last: int, is_endless: bool, as_json: bool) -> None:
    import time

    from paceline.assemble.adapters import adapter_lanes
    from paceline.assemble.fates import trace
    from paceline.assemble.lanes import lane_plan
    from paceline.model.record import advance
    from paceline.runtime.process import EVENTS_TOPIC

    plans = {name: lane_plan(opened, one) for name, one in opened.workspace.integrations.items()}
    plans |= {lane.name: lane.plan for lane, _ in adapter_lanes(opened, bus)}
    reader = bus.reader(EVENTS_TOPIC, "tail")
    ends = await bus.ends(EVENTS_TOPIC)
    cursors = {partition: max(end.first, end.next - last) for partition, end in ends.items()}
    waiting: list[tuple[float, StoredRecord]] = []
    backlog = last
    while is_endless or backlog or waiting:
        new = await reader.read(
            cursors, max_records=max(MAX_EVENTS_A_LOOK, backlog * len(cursors)), wait_secs=POLL_SECS
        )
        cursors = advance(cursors, new)
        if backlog:  # every partition gave its last ones: keep the newest of all
            new = sorted(new, key=lambda one: one.record.received_ms if one.record else 0)[-backlog:]
            backlog = 0
        waiting += [(time.monotonic(), one) for one in new]
        shown = set()
        traced = await trace([one for _, one in waiting], plans, store)
        since = {one.position: at for at, one in waiting}
        for event in sorted(traced, key=lambda event: (event.received_ms, event.position)):
            if event.is_settled or time.monotonic() - since[event.position] > MAX_WAIT_SECS:
                _show(event, as_json=as_json)
                shown.add(event.position)
        waiting = [(at, one) for at, one in waiting if one.position not in shown and one.record is not None]


def _show(event: TracedEvent, *, as_json: bool) -> None:
    from paceline.cli.output import print_json
    from paceline.model.event import isoformat_ms

    if as_json:
        print_json(event, lines=True)
        return
    color = "green" if event.verdict == "accepted" else "yellow"
    fates = "  ".join(
        f"{one.integration} {click.style(one.fate.value.replace('_', ' '), fg=_colors[one.fate.value])}"
        + (f" ({one.rule})" if one.rule and one.fate.value != "filtered" else "")
        for one in event.fates
    )
    time_of_day = isoformat_ms(event.received_ms)[11:-1]
    click.echo(f"{time_of_day}  {event.source}  {event.type}  {click.style(event.verdict, fg=color)}  {fates}")
