"""`paceline dlq`: deliveries that were given up on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.opening import OpenWorkspace
    from paceline.ports.bus import Bus
    from paceline.ports.store import DeadLetterFilter, Store

_workspace = click.argument("workspace", type=click.Path(path_type=Path), default=".")
_integration = click.option("--integration", help="Only this integration's.")
_letter_class = click.option("--class", "letter_class", help="Only this class, such as mapping or vendor_permanent.")
_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


@click.group()
def command() -> None:
    """Look at dead letters and send them again.

    \b
    Example:  paceline dlq list shop --integration ga4_purchases
              paceline dlq replay shop --class vendor_permanent
    """


@command.command("list")
@_workspace
@_integration
@_letter_class
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@_json
def list_letters(workspace: Path, integration: str | None, letter_class: str | None, limit: int, as_json: bool) -> None:
    """List dead letters, newest first."""
    from paceline.assemble.inspection import inspect
    from paceline.cli.output import print_json, print_table
    from paceline.model.event import isoformat_ms
    from paceline.ports.store import DeadLetterFilter

    which = DeadLetterFilter(lane=integration, letter_class=letter_class, limit=limit)
    letters = inspect(workspace, lambda _opened, _bus, store: store.dead_letters(which))
    if as_json:
        print_json(letters)
        return
    rows = [
        (
            letter.delivery_id,
            letter.lane,
            letter.event_name,
            letter.letter_class.value,
            letter.outcome.message[:80],
            str(letter.outcome.status or ""),
            str(letter.attempts),
            isoformat_ms(letter.last_failed_ms),
        )
        for letter in letters
    ]
    columns = ("delivery", "integration", "event", "class", "why", "status", "attempts", "last failed")
    print_table("Dead letters", columns, rows, numbers_from=5)
    click.echo(f"{len(letters)} dead letters", err=True)


@command.command()
@click.argument("delivery_id")
@_workspace
@_json
def show(delivery_id: str, workspace: Path, as_json: bool) -> None:
    """Show one dead letter with the event it is about."""
    import msgspec

    from paceline.assemble.inspection import inspect
    from paceline.cli.output import print_json
    from paceline.errors import UnknownNameError
    from paceline.ports.store import DeadLetterFilter

    async def look(_opened: OpenWorkspace, bus: Bus, store: Store) -> tuple[object, bytes | None]:
        letters = await store.dead_letters(DeadLetterFilter(delivery_ids=[delivery_id]))
        if not letters:
            known = await store.dead_letters(DeadLetterFilter(limit=1000))
            raise UnknownNameError("dead letter", delivery_id, [letter.delivery_id for letter in known])
        position = letters[0].position
        record = (await bus.fetch("events", [position])).get(position)
        return letters[0], record.data if record is not None else None

    letter, event = inspect(workspace, look)
    shown = {"dead_letter": letter, "event": msgspec.Raw(event) if event is not None else None}
    print_json(shown, lines=as_json)


@command.command()
@_workspace
@_integration
@_letter_class
@click.option("--delivery", "delivery_ids", multiple=True, help="Only this delivery; may be given several times.")
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--dry-run", is_flag=True, help="Only say how many would be sent again.")
@_json
def replay(
    workspace: Path,
    integration: str | None,
    letter_class: str | None,
    delivery_ids: tuple[str, ...],
    limit: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send dead letters again, with today's mapping and the same idempotency keys.

    They go back to their integrations as parked and due now; a running worker picks them up within half a second.
    """
    from paceline.assemble.inspection import inspect
    from paceline.cli.output import print_json
    from paceline.ports.store import DeadLetterFilter

    which = DeadLetterFilter(
        lane=integration, letter_class=letter_class, delivery_ids=list(delivery_ids) or None, limit=limit
    )
    number = inspect(workspace, lambda _opened, _bus, store: _replay(store, which, dry_run=dry_run))
    if as_json:
        print_json({"replayed": 0 if dry_run else number, "matching": number}, lines=True)
    else:
        click.echo(f"{number} dead letters {'would be' if dry_run else 'are'} sent again")


async def _replay(store: Store, which: DeadLetterFilter, *, dry_run: bool) -> int:
    if dry_run:
        return len(await store.dead_letters(which))
    return await store.replay(which, now_ms=time.time_ns() // 1_000_000)
