"""`paceline replay`: dead letters, or events of the log, are sent again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from paceline.cli.letter_choice import letter_options, replay_options


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@letter_options
@replay_options
@click.option(
    "--from-log", is_flag=True, help="Events of the log, not dead letters: for a new integration, or a repair."
)
@click.option("--list", "lists", is_flag=True, help="List replays, how far they are and what still waits.")
@click.option("--resume", metavar="ID", help="Go on with a replay that was stopped.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(workspace: Path, lists: bool, resume: str | None, from_log: bool, as_json: bool, **options: Any) -> None:
    """Send dead letters, or events of the log, again: the same idempotency keys, behind the live traffic.

    What is sent is planned anew: by today's mapping (or that of --mappings-at), and not at all where an event may not
    be delivered any more. Stopped at any moment, a replay goes on with --resume. With --from-log an integration gets
    events that it has passed, also from before it was there; it must have run once, and a worker must be running.

    \b
    Example:  paceline replay shop --integration ga4_web --status 503 --since 2d --dry-run
              paceline replay shop --from-log --integration crm_new --since 7d --rate 200
              paceline replay shop --list
              paceline replay shop --resume r-1f09ab34
    """
    from paceline.cli.replaying import ReplayRequest, list_replays, replay_letters, resume_replay
    from paceline.errors import UsageError

    request = ReplayRequest(from_log=from_log, **options)
    has_choice = not request.choice.is_everything() or from_log or request.where or request.revision or request.limit
    if (lists or resume) and (has_choice or request.dry_run or (lists and resume)):
        raise UsageError(
            "--list and --resume take no choice of what to replay",
            remedy="a replay that goes on keeps what it was begun with; only --rate and --reason may be said anew",
        )
    if lists:
        return list_replays(workspace, as_json=as_json)
    if resume is not None:
        return resume_replay(workspace, resume, rate=request.rate, reason=request.reason, as_json=as_json)
    return replay_letters(workspace, request, as_json=as_json)
