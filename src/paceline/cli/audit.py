"""`paceline audit`: who did what by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.ports.audit import Anchor, AuditLog

_workspace = click.argument("workspace", type=click.Path(path_type=Path), default=".")
_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


@click.group()
def command() -> None:
    """Show and check the audit log: replays, discards and other things that people did by hand.

    Every record is sealed with all records before it and a key, so a change of the file is found. Only that its end was
    cut off needs to be known from elsewhere: keep what `anchor` prints in another place, once a day.

    \b
    Example:  paceline audit list shop
              paceline audit anchor shop >> /mnt/elsewhere/anchors
              paceline audit verify shop --anchor 41:9c1f…
    """


@command.command("list")
@_workspace
@click.option("--what", help="Only this kind, such as dlq.discarded, or all that begin so, such as dlq.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="The newest so many.")
@_json
def list_records(workspace: Path, what: str | None, limit: int, as_json: bool) -> None:
    """List records, oldest first."""
    from paceline.cli.output import print_json, print_table

    records = [one for one in _open(workspace).records() if what is None or one.entry.what.startswith(what)]
    shown = records[-limit:]
    if as_json:
        print_json(shown)
        return
    rows = [
        (
            str(one.number),
            one.entry.at,
            one.entry.who,
            one.entry.what,
            one.entry.subject,
            one.entry.reason,
            one.entry.request,
        )
        for one in shown
    ]
    print_table("Audit log", ("#", "when", "who", "what", "on", "why", "request"), rows, numbers_from=7)
    click.echo(f"{len(shown)} of {len(records)} records", err=True)


@command.command()
@_workspace
@click.option("--anchor", "anchors", multiple=True, metavar="N:HASH", help="The log must contain this record.")
@click.option(
    "--anchors", "anchor_file", type=click.Path(path_type=Path, exists=True), help="A file with an anchor a line."
)
@_json
def verify(workspace: Path, anchors: tuple[str, ...], anchor_file: Path | None, as_json: bool) -> None:
    """Find every edit, deletion, insertion and move in the log; exit status 1 when there is one.

    Without an anchor, an end that was cut off cannot be seen.
    """
    from paceline.cli.output import print_json

    lines = anchor_file.read_text(encoding="utf-8").split() if anchor_file is not None else []
    given = [_read_anchor(text) for text in (*anchors, *lines)]
    found = _open(workspace).verify(given)
    if as_json:
        print_json(found)
    else:
        for fault in found.faults:
            place = f"line {fault.line}" if fault.line else "the log"
            click.echo(f"{place}: {fault.message}")
        if found.end is not None:
            click.echo(f"anchor {found.end}")
    verdict = "nothing was changed" if not found.faults else f"{len(found.faults)} places were changed"
    checked = f" and {len(given)} anchors" if given else "; without an anchor, a missing end cannot be seen"
    click.echo(f"{found.records} records{checked}: {verdict}", err=True)
    if found.faults:
        sys.exit(1)


@command.command()
@_workspace
def anchor(workspace: Path) -> None:
    """Print where the log ends now, to be kept in another place. Exit status 1 when the log was changed."""
    found = _open(workspace).verify()
    if found.end is not None and not found.faults:
        click.echo(str(found.end))
        return
    click.echo("the log was changed: run paceline audit verify" if found.faults else "the log is empty", err=True)
    sys.exit(1 if found.faults else 0)


def _open(workspace: Path) -> AuditLog:
    import os

    from paceline.assemble.audit import open_audit_log
    from paceline.workspace.environment import workspace_environment
    from paceline.workspace.load import find_workspace

    root = find_workspace(workspace)
    return open_audit_log(root, workspace_environment(root, os.environ))


def _read_anchor(text: str) -> Anchor:
    from paceline.errors import UsageError
    from paceline.ports.audit import Anchor

    number, _, digest = text.strip().partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise UsageError(f"{text!r} is no anchor", expected="what `paceline audit anchor` prints, such as 41:9c1f…")
    return Anchor(int(number), digest)
