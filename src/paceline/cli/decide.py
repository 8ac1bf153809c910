"""`paceline decide`: sprint, hybrid or marathon, with numbers and reasons."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paceline.cli.json_lines import Row
    from paceline.decision.report import Report
    from paceline.model.finding import Finding
    from paceline.model.request import Request, RequestFault
    from paceline.workspace.document import Document

BACKLOG_FILE = "backlog.yaml"


@click.command()
@click.argument("request_name", metavar="[REQUEST]", required=False)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON; everything else is made from it.")
@click.option("--markdown", "as_markdown", is_flag=True, help="The whole report as Markdown, for a ticket or an RFC.")
@click.option("--full", is_flag=True, help="Also the gates, metrics, inputs and formulas behind the numbers.")
@click.option(
    "--jsonl", is_flag=True, help="One request a line on standard input, one report a line on standard output."
)
@click.option(
    "--backlog",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help="The backlog, or the workspace that it lies in; without it the workspace that you are in.",
)
def command(
    request_name: str | None, as_json: bool, as_markdown: bool, full: bool, jsonl: bool, backlog: Path | None
) -> None:
    """Decide a request: sprint, hybrid or marathon, how surely, why, and what would change it.

    REQUEST is the name of a request in backlog.yaml, or a file with one request. It may be left out where the backlog
    has only one.

    \b
    With --jsonl: a request as in backlog.yaml -> its report, or
    {"error": {"what", "where", "remedy", "faults": [{"path", "message", "remedy"}]}}

    \b
    Examples:
      paceline decide personalized_email
      paceline decide personalized_email --backlog shop --markdown
      paceline decide request.yaml --json
      paceline decide --jsonl < requests.jsonl
    """
    _require_numpy()
    if jsonl:
        from paceline.cli.json_lines import answer_rows

        answer_rows(answer)
        return
    from paceline.decision.report import Verdict

    report = _decide(find_request(request_name, backlog))
    if as_json:
        from paceline.cli.output import print_json

        print_json(report)
    else:
        click.echo(_render(report, as_markdown=as_markdown, full=full), nl=False)
    if report.verdict in (Verdict.NOT_READY, Verdict.BLOCKED):
        raise SystemExit(1)


def answer(row: Row) -> object:
    """The report on one row, or everything that is wrong with it."""
    from paceline.decision.intake import read_request

    request = read_request(row)
    if isinstance(request, tuple):
        return {"error": {**_describe(request[0]), "faults": [_fault(fault) for fault in request]}}
    return _decide(request)


def find_request(name: str | None, backlog: Path | None) -> Request:
    """The request of that name in the backlog, or in the file of that name; the only one when no name is given.

    Raises WorkspaceError with a finding for everything that is wrong with the backlog, UsageError when there is none.
    """
    from paceline.errors import UnknownNameError, UsageError

    if name is not None and backlog is None and Path(name).is_file():
        backlog, name = Path(name), None
    file = _backlog_file(backlog)
    requests = {request.request: request for request in _read_backlog(file)}
    if name is None:
        if len(requests) > 1:
            raise UsageError(f"there are {len(requests)} requests", where=str(file), remedy="say which one")
        return next(iter(requests.values()))
    if name not in requests:
        raise UnknownNameError("request", name, requests, where=str(file))
    return requests[name]


def _backlog_file(backlog: Path | None) -> Path:
    from paceline.errors import UsageError
    from paceline.workspace.load import find_workspace

    if backlog is not None and backlog.is_file():
        return backlog
    file = find_workspace(backlog or Path()) / BACKLOG_FILE
    if not file.is_file():
        raise UsageError(
            f"the workspace has no {BACKLOG_FILE}", where=str(file.parent), remedy="write one, or --backlog"
        )
    return file


def _read_backlog(file: Path) -> Sequence[Request]:
    from paceline.decision.intake import read_backlog, read_request
    from paceline.errors import WorkspaceError
    from paceline.model.request import Request
    from paceline.workspace.yaml_document import read_yaml

    document, findings = read_yaml(file.read_bytes(), str(file))
    if document is None or findings:
        raise WorkspaceError("the file cannot be read", findings, where=str(file))
    is_backlog = isinstance(document.value, dict) and "requests" in document.value
    read = read_backlog(document.value) if is_backlog else _one_or_faults(read_request(document.value))
    requests = [item for item in read if isinstance(item, Request)]
    faults = [item for item in read if not isinstance(item, Request)]
    if faults:
        found = [_finding(document, fault) for fault in faults]
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise WorkspaceError(f"{count} in the file, so nothing is decided", found, where=str(file))
    return requests


def _one_or_faults(read: Request | tuple[RequestFault, ...]) -> Sequence[Request | RequestFault]:
    return read if isinstance(read, tuple) else (read,)


def _finding(document: Document, fault: RequestFault) -> Finding:
    return document.finding("PL105", fault.path, f"{fault.place}: {fault.message}", hint=fault.remedy)


def _decide(request: Request) -> Report:
    from paceline.decision.decide import decide

    return decide(request)


def _require_numpy() -> None:
    from paceline.errors import MissingExtraError

    if find_spec("numpy") is None:
        raise MissingExtraError("deciding needs NumPy, which is not installed", "decide")


def _render(report: Report, *, as_markdown: bool, full: bool) -> str:
    from paceline.decision.rendering import render_markdown, render_text
    from paceline.decision.sections import brief_sections, full_sections

    if as_markdown:
        return render_markdown(report, full_sections(report))
    return render_text(report, full_sections(report) if full else brief_sections(report))


def _describe(fault: RequestFault) -> dict[str, str]:
    parts = {"what": fault.message, "where": fault.place, "remedy": fault.remedy}
    return {name: text for name, text in parts.items() if text}


def _fault(fault: RequestFault) -> dict[str, object]:
    return {"path": fault.path, "message": fault.message, "remedy": fault.remedy}
