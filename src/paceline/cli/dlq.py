"""`paceline dlq`: deliveries that were given up on, and events in quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paceline.cli.letter_choice import ALL, LetterChoice, choose, letter_options, replay_options

if TYPE_CHECKING:
    from paceline.assemble.dead_letters import LetterView
    from paceline.assemble.discard import Discardable
    from paceline.assemble.opening import OpenWorkspace
    from paceline.ports.bus import Bus
    from paceline.ports.store import Store

_workspace = click.argument("workspace", type=click.Path(path_type=Path), default=".")
_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
STATES = ("open", "replaying", "resolved", "discarded")


@click.group()
def command() -> None:
    """Look at dead letters, send them again, or give them up for good.

    \b
    Example:  paceline dlq list shop --integration ga4_purchases --since 7d
              paceline dlq show 5f2b… shop
              paceline dlq replay shop --class vendor_permanent --where "properties.total > 100" --dry-run
              paceline dlq discard shop --delivery 5f2b… --reason "test order"
    """


@command.command("list")
@_workspace
@letter_options
@click.option(
    "--state",
    type=click.Choice([*STATES, "all"]),
    default="open",
    show_default=True,
    help="What has become of them.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The newest so many.")
@_json
def list_letters(workspace: Path, state: str, limit: int, as_json: bool, **options: Any) -> None:
    """List dead letters, newest first, with who has to act and what to do.

    Action: retry (nothing is wrong with it: send it again), fix (repair the cause first), discard (its event is no
    longer kept).
    """
    import msgspec

    from paceline.assemble.dead_letters import list_letters as find
    from paceline.assemble.inspection import inspect
    from paceline.cli.output import print_json, print_table
    from paceline.model.delivery import LetterState
    from paceline.model.event import isoformat_ms

    choice = LetterChoice(**options)

    async def look(opened: OpenWorkspace, bus: Bus, store: Store) -> list[LetterView]:
        which = await choose(opened, store, choice, limit=limit)
        return await find(
            opened, bus, store, msgspec.structs.replace(which, state=None if state == "all" else LetterState(state))
        )

    views = inspect(workspace, look)
    if as_json:
        print_json([_flat(view) for view in views])
    else:
        rows = [
            (
                view.letter.delivery_id,
                view.letter.lane or "(every one)",
                view.letter.event_name.removeprefix("track:"),
                view.letter.letter_class.value,
                view.letter.state.value,
                view.letter.outcome.message[:80],
                view.owner,
                view.next_action.value,
                str(view.letter.outcome.status or ""),
                str(view.letter.attempts),
                isoformat_ms(view.letter.last_failed_ms),
            )
            for view in views
        ]
        columns = (
            *("delivery", "integration", "event", "class", "state", "why", "owner", "action"),
            *("status", "attempts", "last failed"),
        )
        print_table("Dead letters", columns, rows, numbers_from=8)
    more = f" (only the newest {limit:,} are shown: --limit)" if len(views) == limit else ""
    click.echo(f"{len(views)} dead letters{more}", err=True)


@command.command()
@click.argument("delivery_id")
@_workspace
@_json
def show(delivery_id: str, workspace: Path, as_json: bool) -> None:
    """Show one dead letter: what happened, who has to act, what to do, and the event that it is about, in full."""
    import msgspec

    from paceline.assemble.dead_letters import find_letter
    from paceline.assemble.inspection import inspect
    from paceline.cli.output import print_json

    view, event = inspect(workspace, lambda opened, bus, store: find_letter(opened, bus, store, delivery_id))
    if as_json:
        data = msgspec.Raw(event.data) if event is not None else None
        print_json({"dead_letter": _flat(view), "event": data}, lines=True)
        return
    _print_letter(view)
    if event is None:
        click.echo("\nevent: no longer kept, so it cannot be sent again")
    else:
        click.echo("\nevent:\n" + msgspec.json.format(event.data, indent=2).decode(errors="backslashreplace"))


@command.command()
@_workspace
@letter_options
@replay_options
@_json
def replay(workspace: Path, as_json: bool, **options: Any) -> None:
    """Send dead letters again: today's mapping, the same idempotency keys, behind the live traffic.

    They go back to their integrations as parked and due now; a running worker picks them up within half a second.
    Events in quarantine (class contract) are judged by today's contracts, and what fits is sent on. More about replays,
    from the log too: paceline replay --help.

    \b
    Example:  paceline dlq replay shop --class mapping --dry-run
              paceline dlq replay shop --integration ga4_web --status 503 --since 2d --reason "GA4 is back"
    """
    from paceline.cli.replaying import ReplayRequest, replay_letters

    replay_letters(workspace, ReplayRequest(**options), as_json=as_json)


@command.command()
@_workspace
@letter_options
@click.option("--where", default="", help="Only those whose event fulfills this, such as 'properties.total > 100'.")
@click.option("--all", "everything", is_flag=True, help="Every open dead letter.")
@click.option("--reason", help="Why; goes into the audit log and stays with the letters.")
@click.option("--dry-run", is_flag=True, help="Only say how many would be given up.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
def discard(
    workspace: Path,
    where: str,
    everything: bool,
    reason: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Give dead letters up for good. They count as suppressed from then on, under the rule `discarded`.

    Nothing is deleted: they stay listed with --state discarded for as long as dead letters are kept. The audit log says
    who did it and why.

    \b
    Example:  paceline dlq discard shop --class mapping --until 2026-11-01 --reason "old test events"
    """
    import sys
    import time

    from paceline.assemble.audit import open_auditor
    from paceline.assemble.discard import discard as give_up
    from paceline.assemble.discard import find_discardable
    from paceline.assemble.inspection import inspect
    from paceline.cli.confirmation import confirm
    from paceline.cli.output import print_json
    from paceline.delivery.redaction import redact
    from paceline.errors import UsageError

    choice = LetterChoice(**options)
    if choice.is_everything() and not where and not everything:
        raise UsageError("this would discard every dead letter", remedy="say which ones, or add --all")
    if not dry_run and not (reason or "").strip():
        if not sys.stdin.isatty():
            raise UsageError("a discard needs a reason", remedy='add --reason "why nobody needs these"')
        reason = click.prompt("Why does nobody need them?", err=True)

    async def act(opened: OpenWorkspace, bus: Bus, store: Store) -> tuple[Discardable, int]:
        which = await choose(opened, store, choice, limit=ALL)
        found = await find_discardable(opened, bus, store, which, where)
        if dry_run or not found.number:
            return found, 0
        confirm(f"Discard {found.number:,} dead letters?", found.number, yes=yes)
        note = redact(reason or "")
        ids = [one.delivery_id for one in found.letters] + [str(one.position) for one in found.exclusions]
        subject = f"{found.number} letters: {choice.summary()}{' and a condition' if where else ''}"
        open_auditor(opened.workspace.path).record("dlq.discarded", subject, reason=note, before=ids)
        return found, await give_up(store, found, note=note, now_ms=time.time_ns() // 1_000_000)

    found, number = inspect(workspace, act)
    if as_json:
        print_json({"discarded": number, "matching": found.number, "by_class": found.by_class()}, lines=True)
        return
    for name, count in found.by_class().items():
        click.echo(f"{name}: {count:,}")
    click.echo(f"{found.number:,} dead letters would be discarded" if dry_run else f"{number:,} dead letters discarded")


def _flat(view: LetterView) -> dict[str, object]:
    """A letter with what the workspace knows about it, as one object."""
    import msgspec

    return {
        **msgspec.structs.asdict(view.letter),
        "owner": view.owner,
        "next_action": view.next_action,
        "runbooks": view.runbooks,
        "is_kept": view.is_kept,
        "expires_ms": view.expires_ms,
    }


def _print_letter(view: LetterView) -> None:
    from paceline.assemble.dead_letter_classes import facts_of
    from paceline.cli.output import visible
    from paceline.model.event import isoformat_ms

    letter, facts = view.letter, facts_of(view.letter.letter_class)
    outcome, version = letter.outcome, f" version {letter.mapping_version}" if letter.mapping_version else ""
    rows = (
        ("delivery", letter.delivery_id),
        ("integration", letter.lane or "every one that takes this event"),
        ("event", f"{letter.event_name} {letter.event_id} from {letter.source}"),
        ("class", f"{letter.letter_class}: {facts.means}"),
        ("state", f"{letter.state}{f' ({letter.note})' if letter.note else ''}"),
        ("why", " ".join(str(one) for one in (outcome.status or "", outcome.vendor_code, outcome.message) if one)),
        ("failed", f"{isoformat_ms(letter.first_failed_ms)} to {isoformat_ms(letter.last_failed_ms)}"),
        ("tries", f"{letter.attempts} counted"),
        *(
            ("", f"{isoformat_ms(one.at_ms)}  {one.outcome_class}{f' {one.status}' if one.status else ''}")
            for one in letter.history
        ),
        ("mapping", f"{letter.mapping}{version}" if letter.mapping else ""),
        ("contract", letter.contract),
        ("connector", letter.connector_version),
        ("payload", letter.preview),
        ("replay", letter.replay_job),
        ("kept until", isoformat_ms(view.expires_ms)),
        ("owner", view.owner),
        ("do", f"{view.next_action}: {facts.first_step}" if view.is_kept else "discard: its event is no longer kept"),
        ("runbook", ", ".join(view.runbooks)),
    )
    for label, text in rows:
        if text:
            click.echo(f"{label:<12}{visible(text)}")
