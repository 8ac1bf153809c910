"""`paceline checklist`: the six questions before any code."""

from __future__ import annotations

import datetime as dt
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.checklist.answers import Checklist
    from paceline.assemble.triage import OpenBacklog

_COLORS = {"passed": "green", "failed": "red", "not evaluated": "yellow"}


@click.command()
@click.argument("name", metavar="INTEGRATION|REQUEST")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@click.option("--markdown", "as_markdown", is_flag=True, help="A table for a ticket or a pull request.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that end dates are compared with.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
def command(name: str, as_json: bool, as_markdown: bool, today: dt.datetime | None, workspace: Path) -> None:
    """Answer the six questions before any code: passed, failed or not evaluated, each with file and line.

    Of an integration its files are looked at, its contract tests are run, and its owner's rota is counted; of a request
    what backlog.yaml says. Where both have the name, the integration is meant. Exits with 1 unless all six passed: what
    was not evaluated never counts as passed.

    \b
    Examples:
      paceline checklist customerio_onboarding
      paceline checklist loyalty_points --markdown
    """
    from paceline.assemble.checklist.integration import check_one_integration
    from paceline.assemble.checklist.request import check_one_request, request_names
    from paceline.cli.output import print_json
    from paceline.errors import UnknownNameError, WorkspaceError
    from paceline.workspace.load import find_workspace, load_workspace

    root = find_workspace(workspace)
    loaded = load_workspace(root)
    backlog = _backlog(root)
    requests = request_names(backlog) if backlog is not None else []
    day = today.date() if today else dt.datetime.now(dt.UTC).date()
    if name in loaded.integrations:
        found = check_one_integration(loaded, name, backlog, today=day)
    elif name in loaded.names("integration"):
        file = f"integrations/{name}.yaml"
        findings = [finding for finding in loaded.findings if finding.file == file]
        raise WorkspaceError("the integration's file cannot be used", findings, where=file)
    elif backlog is not None and name in requests:
        found = check_one_request(backlog, name)
    else:
        raise UnknownNameError("integration or request", name, [*loaded.integrations, *requests], where=str(root))
    if as_json:
        print_json({**_shape(found), "has_passed": found.has_passed})
    elif as_markdown:
        click.echo(_markdown(found), nl=False)
    else:
        _show(found)
    if not found.has_passed:
        raise SystemExit(1)


def _backlog(root: Path) -> OpenBacklog | None:
    from paceline.assemble.triage import BACKLOG_FILE, open_backlog

    file = root / BACKLOG_FILE
    return open_backlog(file) if file.is_file() else None


def _shape(found: Checklist) -> dict[str, object]:
    return {"name": found.name, "kind": found.kind, "answers": found.answers, "remarks": found.remarks}


def _show(found: Checklist) -> None:
    from paceline.workspace.report import printable

    width = 100
    click.secho(f"{found.name} ({found.kind})", bold=True)
    for answer in found.answers:
        state = answer.state.value
        shown = click.style(f"{state:<13}", fg=_COLORS[state], bold=True) if sys.stdout.isatty() else f"{state:<13}"
        click.echo(f"{answer.id}  {shown}  {answer.question}")
        for line in textwrap.wrap(printable(answer.because), width - 19):
            click.echo(f"{'':19}{line}")
        for line in textwrap.wrap(", ".join(answer.evidence), width - 19, break_on_hyphens=False):
            click.secho(f"{'':19}{line}", dim=True)
    for remark in found.remarks:
        click.echo("\n".join(textwrap.wrap(printable(f"note: {remark}"), width, subsequent_indent="      ")))
    counts = [sum(answer.state.value == state for answer in found.answers) for state in _COLORS]
    words = ", ".join(f"{count} {state}" for count, state in zip(counts, _COLORS, strict=True) if count)
    click.echo(f"{words}" + ("" if found.has_passed else ": not ready"))


def _markdown(found: Checklist) -> str:
    from paceline.cli.output import markdown_cell as cell

    rows = [
        f"| {answer.id} | {answer.question} | **{answer.state.value}** | {cell(answer.because)} | "
        + ", ".join(f"`{place}`" for place in answer.evidence)
        + " |"
        for answer in found.answers
    ]
    notes = [f"- {cell(remark)}" for remark in found.remarks]
    head = [f"## {found.name}: six questions before any code", "", "| | question | answer | because | where |",
            "|---|---|---|---|---|"]  # fmt: skip
    return "\n".join([*head, *rows, *([""] if notes else []), *notes]) + "\n"
