"""`paceline diff`: what changed in contracts and whom it breaks, and each vendor payload that changes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.payload_changes import PayloadChanges

_colors = {"title": "bright_white", "place": "cyan", "before": "red", "after": "green", "note": "yellow"}


@click.command()
@click.argument("revision", default="HEAD", required=False)
@click.option("--base", metavar="REVISION", help="The same as REVISION.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="Text for people, JSON for machines, Markdown for a pull request.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("--markdown", "form", flag_value="markdown", help="The same as --format markdown.")
def command(revision: str, base: str | None, workspace: Path, form: str) -> None:
    """Show what changed since this branch left a git REVISION (HEAD by default): contracts, and vendor payloads.

    Contract changes come with the event that breaks, the integrations that use it and the owner to ask. Payloads are
    those of all samples and test events, before and after, field by field; secrets are replaced by their names. Exits
    with 1 when a contract change breaks somebody; a payload may change.

    \b
    Example:  paceline diff main
              paceline diff --base origin/main --markdown > comment.md
    """
    from paceline.assemble.payload_changes import payload_changes
    from paceline.assemble.payload_changes_report import payloads_markdown
    from paceline.cli.output import print_json
    from paceline.workspace.commits import merge_base
    from paceline.workspace.contract_changes import contract_changes
    from paceline.workspace.contract_changes_report import changes_markdown, changes_text
    from paceline.workspace.history import contracts_at
    from paceline.workspace.load import find_workspace, load_workspace

    revision = base or revision
    root = find_workspace(workspace)
    loaded = load_workspace(root)
    loaded.require_no_errors()
    commit = merge_base(root, revision)
    changes = contract_changes(contracts_at(root, commit), loaded)
    payloads = payload_changes(root, commit)
    breaking = sum(change.is_breaking for change in changes)
    match form:
        case "json":
            print_json({"revision": revision, "breaking": breaking, "changes": changes, "payloads": payloads})
        case "markdown":
            click.echo(changes_markdown(changes, revision=revision))
            click.echo(payloads_markdown(payloads, revision=revision), nl=False)
        case _:
            if changes:
                click.echo(changes_text(changes))
            _show_payloads(payloads)
    click.echo(
        f"{len(changes)} contract changes since {revision}, {breaking} breaking; "
        f"{len(payloads.changed)} of {payloads.compared} payloads changed",
        err=True,
    )
    if breaking:
        sys.exit(1)


def _show_payloads(payloads: PayloadChanges) -> None:
    from paceline.assemble.payload_changes_report import payloads_text

    for kind, line in payloads_text(payloads):
        click.echo(click.style(line, fg=_colors.get(kind), bold=kind == "title"))
