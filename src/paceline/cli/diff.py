"""`paceline diff`: what changed in contracts, and whom it breaks."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("revision", default="HEAD", required=False)
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="Text for people, JSON for machines, Markdown for a pull request.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(revision: str, workspace: Path, form: str, as_json: bool) -> None:
    """List contract changes since a git REVISION (HEAD by default), breaking ones first.

    Each comes with the event that breaks, the integrations that use it and the owner to ask. Exits with 1 when a change
    breaks somebody.

    \b
    Example:  paceline diff main
              paceline diff origin/main --format markdown > comment.md
    """
    from paceline.cli.output import print_json
    from paceline.workspace.contract_changes import contract_changes
    from paceline.workspace.contract_changes_report import changes_markdown, changes_text
    from paceline.workspace.history import contracts_at
    from paceline.workspace.load import find_workspace, load_workspace

    root = find_workspace(workspace)
    loaded = load_workspace(root)
    loaded.require_no_errors()
    changes = contract_changes(contracts_at(root, revision), loaded)
    breaking = sum(change.is_breaking for change in changes)
    if as_json or form == "json":
        print_json({"revision": revision, "breaking": breaking, "changes": changes})
    elif form == "markdown":
        click.echo(changes_markdown(changes, revision=revision), nl=False)
    elif changes:
        click.echo(changes_text(changes))
    click.echo(f"{len(changes)} contract changes since {revision}, {breaking} breaking", err=True)
    if breaking:
        sys.exit(1)
