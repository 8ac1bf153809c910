"""`paceline check`: everything that is wrong with a workspace, with file, line and what to do."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from paceline.workspace.workspace import Workspace

# Doubts, not mistakes: on a mapping whose contract says little there are as many as fields.
_TOLD_ONCE_A_FILE = frozenset({"PL509"})


@click.command("check")
@click.argument("path", type=click.Path(path_type=Path), default=".", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github"]),
    default="text",
    help="Text for people, JSON and JUnit for machines, annotations for GitHub Actions.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day that end dates are compared with; without it the present day in UTC.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
def command(path: Path, form: str, as_json: bool, today: dt.datetime | None, strict: bool) -> None:
    """Check a workspace: every file by itself, and how the files fit together.

    PATH is the workspace, a folder inside it, or one of its files; of a file only its own findings are shown. What a
    contract is silent about (PL509) is told to people once a mapping; name its file, or use --strict, to see all of it.

    Exits with 0 when there is no error, 1 when there is one, 2 when PATH is in no workspace. The codes are explained
    in docs/findings.md.

    \b
    Examples:
      paceline check
      paceline check shop --format github
      paceline check shop/mappings/signed_up.customerio.yaml
    """
    from paceline.connectors.catalog import Catalog
    from paceline.workspace.lint import check_workspace
    from paceline.workspace.load import find_workspace, load_workspace
    from paceline.workspace.report import (
        count,
        findings_github,
        findings_json,
        findings_junit,
        findings_text,
        verdict,
        without_repeats,
    )

    root = find_workspace(path)
    workspace = load_workspace(root)
    day = today.date() if today else dt.datetime.now(dt.UTC).date()
    findings = check_workspace(workspace, Catalog(root / "connectors"), today=day)
    files = list(workspace.documents)
    if path.is_file():
        only = path.resolve().relative_to(root).as_posix()
        findings = tuple(finding for finding in findings if finding.file == only)
        files = [only]
    elif not strict and not as_json and form in {"text", "github"}:
        findings = tuple(without_repeats(findings, _TOLD_ONCE_A_FILE))

    shown_folder = os.path.relpath(root)
    match "json" if as_json else form:
        case "json":
            click.echo(findings_json(findings, files=len(files)))
        case "junit":
            click.echo(findings_junit(findings, files, folder=shown_folder))
        case "github":
            if findings:
                click.echo(findings_github(findings, folder=shown_folder))
        case _:
            if findings:
                click.echo(findings_text(findings, folder=shown_folder, style=_style(sys.stdout.isatty())))
            _tell_ordering_costs(workspace, files)
            click.echo(verdict(findings, files=len(files)))

    errors, warnings = count(findings)
    if errors or (strict and warnings):
        raise SystemExit(1)


def _tell_ordering_costs(workspace: Workspace, files: Sequence[str]) -> None:
    """What integrations pay for the order that they ask for: no finding, but good to know."""
    from paceline.delivery.schedule import ordering_cost
    from paceline.model.integration import Ordering

    for name, integration in sorted(workspace.integrations.items()):
        file = f"integrations/{name}.yaml"
        if integration.ordering is not Ordering.NONE and file in files:
            click.echo(f"{file}: ordering {ordering_cost(integration.ordering, integration.limits)}", err=True)


def _style(is_terminal: bool) -> Callable[[str, str], str]:
    """Colors on a terminal that wants them (https://no-color.org), plain text elsewhere."""
    from paceline.workspace.report import plain

    if not is_terminal or "NO_COLOR" in os.environ:
        return plain
    looks: dict[str, dict[str, Any]] = {
        "place": {"bold": True},
        "error": {"fg": "red"},
        "warning": {"fg": "yellow"},
        "hint": {"dim": True},
    }
    return lambda text, word: click.style(text, **looks.get(word, {}))
