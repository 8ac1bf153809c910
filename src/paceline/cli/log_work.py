"""`paceline log-work`: one line about work that was done by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.workspace.work_log import WorkFact

_DEBT_KINDS = (
    "one_off_adapter",
    "duplicate_adapter",
    "undocumented_mapping",
    "implicit_transform",
    "manual_workaround",
    "missing_safeguard",
    "overdue_toggle",
    "stale_contract",
)


@click.command("log-work")
@click.argument("integration")
@click.argument("words", metavar="DURATION TEXT", nargs=-1, required=True)
@click.option("--build", "is_build", is_flag=True, help="It went into making the integration.")
@click.option("--debt", type=click.Choice(_DEBT_KINDS), help="It put one item of this kind of debt right.")
@click.option(
    "--accepted",
    "is_accepted",
    is_flag=True,
    help="The acceptance test passed in production; DURATION may be left out.",
)
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day, when it was not today.")
@click.option("--by", help="Who did it; without it the address in git's configuration.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(
    integration: str,
    words: tuple[str, ...],
    is_build: bool,
    debt: str | None,
    is_accepted: bool,
    on: dt.datetime | None,
    by: str | None,
    workspace: Path,
    as_json: bool,
) -> None:
    """Add one line to worklog.log: how long something took that a person did for an INTEGRATION.

    DURATION reads 45m, 2h or 1h30m. The lines are what `paceline actuals` and `paceline calibrate` count; commit the
    file like any other. Two branches that both add lines merge without conflict.

    \b
    Examples:
      paceline log-work customerio_onboarding 45m "replayed after outage"
      paceline log-work customerio_onboarding 6h "first version" --build
      paceline log-work customerio_onboarding --accepted "a test sign-up got its e-mail"
    """
    from paceline.cli.output import print_json
    from paceline.errors import UnknownNameError
    from paceline.workspace.load import find_workspace, load_workspace
    from paceline.workspace.work_log import add_work, work_line

    root = find_workspace(workspace)
    known = load_workspace(root).names("integration")
    if integration not in known:
        raise UnknownNameError("integration", integration, known, where=str(root))
    fact = _fact(
        integration, words, is_build=is_build, debt=debt, is_accepted=is_accepted, by=by or _user(root), at=_time(on)
    )
    changed = add_work(root, [fact])
    if as_json:
        print_json(fact, lines=True)
    else:
        click.echo(work_line(fact))
    click.echo(f"written to {' and '.join(changed)}", err=True)


def _fact(
    integration: str,
    words: tuple[str, ...],
    *,
    is_build: bool,
    debt: str | None,
    is_accepted: bool,
    by: str,
    at: dt.datetime,
) -> WorkFact:
    from paceline.errors import UsageError
    from paceline.model.actuals import WorkKind
    from paceline.model.debt import DebtKind
    from paceline.workspace.work_log import WorkFact, parse_duration

    if sum((is_build, debt is not None, is_accepted)) > 1:
        raise UsageError("a line is about one thing", remedy="one of --build, --debt and --accepted")
    minutes = parse_duration(words[0])
    text = " ".join(words if minutes is None else words[1:]).strip()
    if minutes is None and not is_accepted:
        raise UsageError(f"{words[0]!r} is no duration", expected="45m, 2h, 1.5h or 1h30m, at most a week")
    if minutes == 0 and not is_accepted:
        raise UsageError("no time went into it", expected="at least a minute")
    if not text:
        raise UsageError("it does not say what was done", remedy='add it in quotes: "replayed after outage"')
    kind = (
        WorkKind.BUILD
        if is_build
        else WorkKind.DEBT
        if debt is not None
        else WorkKind.ACCEPTED
        if is_accepted
        else WorkKind.OPS
    )
    return WorkFact(
        at=at,
        integration=integration,
        kind=kind,
        minutes=minutes or 0,
        who="_".join(by.split()),
        text=text,
        debt=DebtKind(debt) if debt is not None else None,
    )


def _user(root: Path) -> str:
    from paceline.errors import UsageError
    from paceline.workspace.work_log import git_user

    user = git_user(root)
    if not user:
        raise UsageError("git does not know who you are", remedy="--by you@example.com, or git config user.email")
    return user


def _time(on: dt.datetime | None) -> dt.datetime:
    if on is not None:
        return on.replace(hour=12, tzinfo=dt.UTC)
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
