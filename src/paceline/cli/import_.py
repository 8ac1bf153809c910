"""`paceline import`: contracts, mappings, integrations and requests from what other tools have."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import datetime as dt

    from paceline.assemble.rudderstack_import import ImportedFiles
    from paceline.exchange.loss import Imported


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="JSON on standard output."),
        click.option("--dry-run", is_flag=True, help="Only say what would be written."),
        click.option("--team", help="The team that owns the contracts; not needed when there is only one."),
        click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace to write into."),
    ):
        function = decorate(function)
    return function


@click.group("import")
def command() -> None:
    """Take over contracts, mappings, whole integrations and requests from what you have elsewhere.

    Contracts come from tracking plans, Iglu schemas and data contracts; mappings from Segment's destinations;
    integrations with their mappings from RudderStack's; requests from Jira, Linear and GitHub.

    What cannot be carried over is listed. Files that are there already are never overwritten: a released version never
    changes.

    \b
    Example:  paceline import tracking-plan plan.json --workspace shop --team growth --dry-run
              paceline import rudderstack destination.json --workspace shop --dry-run
    """


@command.command("tracking-plan")
@click.argument("file", type=click.Path(path_type=Path))
@_options
def tracking_plan(file: Path, **options: Any) -> None:
    """From a Segment tracking plan: the JSON of "List Rules from Tracking Plan" of the Public API."""
    from paceline.cli.documents import read_document
    from paceline.exchange.tracking_plan import import_tracking_plan

    document = read_document(file)
    _run(lambda owner: import_tracking_plan(document, owner=owner), **options)


@command.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_options
def iglu(paths: tuple[Path, ...], **options: Any) -> None:
    """From Snowplow's self-describing schemas: files, or folders such as a static Iglu registry."""
    from paceline.cli.documents import read_document
    from paceline.exchange.iglu import import_iglu

    files = [file for path in paths for file in _files(path)]
    documents = [(str(file), read_document(file)) for file in files]
    _run(lambda owner: import_iglu(documents, owner=owner), **options)


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_options
def odcs(files: tuple[Path, ...], **options: Any) -> None:
    """From data contracts of the Open Data Contract Standard, versions 3.0 to 3.2."""
    from paceline.cli.documents import read_document
    from paceline.exchange.loss import Imported
    from paceline.exchange.odcs import import_odcs

    documents = [read_document(file) for file in files]

    def read(owner: Any) -> Imported:
        parts = [import_odcs(document, owner=owner) for document in documents]
        return Imported(
            contracts=tuple(contract for part in parts for contract in part.contracts),
            losses=tuple(loss for part in parts for loss in part.losses),
        )

    _run(read, **options)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "format_name", type=click.Choice(["auto", "jira", "linear", "github"]), default="auto")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace to write into.")
@click.option("--out", type=click.Path(path_type=Path), help="Another file than the workspace's backlog.yaml.")
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def backlog(file: Path, format_name: str, workspace: Path, out: Path | None, dry_run: bool, as_json: bool) -> None:
    """Requests from the tickets of Jira, Linear or GitHub: a CSV export, or JSON of `gh issue list`.

    Open tickets are added to backlog.yaml; what is there already is kept as it is. Numbers are never made up: paceline
    triage asks for them.
    """
    from paceline.assemble.triage_intake import take_in_tickets
    from paceline.cli.documents import read_text, say_losses
    from paceline.cli.output import print_json

    taken = take_in_tickets(
        read_text(file), format_name=format_name, workspace=workspace, out=out, today=_today(), dry_run=dry_run
    )
    if as_json:
        print_json(taken)
    else:
        for name in taken.added:
            click.echo(f"{'would be ' if dry_run else ''}added {name}")
        for name in taken.kept:
            click.echo(f"kept {name}: it is in the backlog already")
        say_losses(taken.losses)
    click.echo(
        f"{len(taken.added)} requests {'to add' if dry_run else 'added'} to {taken.file} ({taken.format}), "
        f"{len(taken.kept)} kept, {taken.done} done already, {len(taken.losses)} things not carried over",
        err=True,
    )


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--connector", required=True, help="The connector that the mappings are for, such as customerio.")
@click.option(
    "--action", "actions", multiple=True, metavar="SLUG=ACTION", help="Which of its actions a slug of Segment's is."
)
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace to write into.")
@click.option("--dry-run", is_flag=True, help="Show the files instead of writing them.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def segment(
    file: Path, connector: str, actions: tuple[str, ...], workspace: Path, dry_run: bool, as_json: bool
) -> None:
    """Mappings from a Segment destination: the JSON of its subscriptions from the Public API.

    The trigger becomes `from` and `when`, the directives become expressions. What cannot be carried over is listed.

    \b
    Example:  paceline import segment subscriptions.json --connector customerio --dry-run
    """
    from paceline.assemble.segment_import import import_segment
    from paceline.cli.documents import read_document, say_losses
    from paceline.cli.output import print_json
    from paceline.errors import UsageError
    from paceline.workspace.scaffold import write_workspace

    wanted = dict(pair for pair in (action.split("=", 1) for action in actions) if len(pair) == 2)
    if len(wanted) != len(actions):
        raise UsageError("--action is written SLUG=ACTION", expected="such as trackEvent=track_event")
    made = import_segment(read_document(file), workspace=workspace, connector=connector, actions=wanted)
    if not dry_run:
        write_workspace(made.root, made.files)
    if as_json:
        texts = {name: content.decode() for name, content in made.files.items()}
        print_json({"written": texts, "present": made.present, "losses": made.losses})
    else:
        for name, content in made.files.items():
            click.echo(f"--- {name}\n{content.decode()}" if dry_run else f"written {name}")
        for name in made.present:
            click.echo(f"left alone {name}: it is there already")
        say_losses(made.losses)
    click.echo(
        f"{len(made.files)} mappings {'to write' if dry_run else 'written'}, {len(made.present)} left alone, "
        f"{len(made.losses)} things not carried over",
        err=True,
    )


def _today() -> str:
    import datetime as dt

    return dt.datetime.now(dt.UTC).date().isoformat()


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace to write into.")
@click.option("--team", help="The team that owns the integrations; not needed when there is only one.")
@click.option(
    "--stage",
    type=click.Choice(["sprint", "hybrid", "marathon"]),
    default="sprint",
    show_default=True,
    help="How grown they are.",
)
@click.option("--expires", metavar="DAY", help="The day on which a sprint or hybrid ends; 84 days from now.")
@click.option("--with-disabled", is_flag=True, help="Import destinations that are switched off, too.")
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def rudderstack(
    file: Path,
    workspace: Path,
    team: str | None,
    stage: str,
    expires: str | None,
    with_disabled: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """From RudderStack: integrations and mappings that send vendors what its destinations send.

    FILE is the JSON of a destination, of several, of a source with its destinations, or of a whole workspace. Each
    destination becomes an integration with its mappings, their tests, a runbook and a plan. Credentials are written
    nowhere: the files refer to environment variables, which are listed. What cannot be carried over is listed, too.

    \b
    Example:  paceline import rudderstack destination.json --workspace shop --team growth --expires 2027-02-15
    """
    import datetime as dt

    from paceline.assemble.rudderstack_import import DAYS, Terms, import_destinations
    from paceline.cli.documents import choose_owner, load_for_exchange, read_document
    from paceline.exchange.rudderstack_export import read_destinations
    from paceline.model.integration import Stage
    from paceline.workspace.scaffold import write_workspace

    destinations = read_destinations(read_document(file))
    loaded = load_for_exchange(workspace)
    end = _read_day(expires) if expires else dt.datetime.now(dt.UTC).date() + dt.timedelta(days=DAYS)
    terms = Terms(owner=choose_owner(loaded, team), stage=Stage(stage), expires=end)
    switched_on = [one for one in destinations if one.is_enabled or with_disabled]
    made = import_destinations(switched_on, loaded, terms)
    made.left_out += [one.name for one in destinations if one not in switched_on]
    if not dry_run:
        write_workspace(loaded.path, made.files)
    _say_imported(made, dry_run=dry_run, as_json=as_json)
    if made.refused:
        sys.exit(1)


def _read_day(text: str) -> dt.date:
    import datetime as dt

    from paceline.errors import UsageError

    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no day", where="--expires", expected="a day such as 2027-02-15") from None


def _say_imported(made: ImportedFiles, *, dry_run: bool, as_json: bool) -> None:
    from paceline.cli.documents import say_losses
    from paceline.cli.output import print_json

    if as_json:
        print_json(
            {
                "to_write" if dry_run else "written": sorted(made.files),
                "integrations": made.integrations,
                "secrets": made.secrets,
                "personal_data": made.personal,
                "to_say": made.to_say,
                "losses": made.losses,
                "left_out": made.left_out,
                "refused": made.refused,
            }
        )
    else:
        for path in sorted(made.files):
            click.echo(f"{'would be written' if dry_run else 'written'} {path}")
        _say(
            "environment variables that must hold what was in the export:",
            [f"{secret.variable}  {secret.integration}: {secret.setting}" for secret in made.secrets],
        )
        _say("personal data flows to these fields, as it did at RudderStack; `pii` says so now:", made.personal)
        if made.losses:
            click.echo(click.style("not carried over, or otherwise:", bold=True), err=True)
            say_losses(made.losses)
        _say("for you to say:", made.to_say)
        _say("left out, because they are switched off (--with-disabled imports them):", made.left_out)
        _say("refused:", made.refused)
    click.echo(
        f"{len(made.integrations)} integrations {'to write' if dry_run else 'written'}, "
        f"{len(made.refused)} destinations refused, {len(made.losses)} things not carried over",
        err=True,
    )


def _say(title: str, lines: Sequence[str]) -> None:
    if lines:
        click.echo(click.style(title, bold=True), err=True)
        for line in lines:
            click.echo(f"  {line}", err=True)


def _run(read: Callable[[Any], Imported], *, workspace: Path, team: str | None, dry_run: bool, as_json: bool) -> None:
    from paceline.cli.documents import choose_owner, load_for_exchange, say_losses, write_contracts
    from paceline.cli.output import print_json

    loaded = load_for_exchange(workspace)
    imported = read(choose_owner(loaded, team))
    fates = write_contracts(loaded, imported.contracts, dry_run=dry_run)
    if as_json:
        print_json({**fates, "losses": imported.losses})
    else:
        for fate, paths in fates.items():
            for path in paths:
                click.echo(f"{'would be ' if dry_run and fate == 'written' else ''}{fate} {path}")
        say_losses(imported.losses)
    click.echo(
        f"{len(imported.contracts)} contracts read, {len(fates['written'])} {'to write' if dry_run else 'written'}, "
        f"{len(fates['refused'])} refused, {len(imported.losses)} things not carried over",
        err=True,
    )
    if fates["refused"]:
        click.echo("refused: the file is there with another content; give it a new version", err=True)
        sys.exit(1)


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
