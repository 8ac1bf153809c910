"""`paceline decide`: sprint, hybrid or marathon, with numbers and reasons."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.triage import KnownRequest
    from paceline.cli.json_lines import Row
    from paceline.decision.calibration import Calibration
    from paceline.decision.report import Report
    from paceline.model.request import RequestFault


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
    require_numpy()
    if jsonl:
        from paceline.cli.json_lines import answer_rows

        answer_rows(answer, decode=decode_request)
        return
    from paceline.decision.decide import decide
    from paceline.decision.report import Verdict

    known, calibration = read_request_named(request_name, backlog)
    report = decide(known.request, known.facts, calibration)
    if as_json:
        from paceline.cli.output import print_json

        print_json(report)
    else:
        click.echo(_render(report, as_markdown=as_markdown, full=full), nl=False)
    if report.verdict in (Verdict.NOT_READY, Verdict.BLOCKED):
        raise SystemExit(1)


def decode_request(line: bytes) -> Row:
    """One line as a row: NaN and infinite numbers are let in, so that they are refused with their place.

    Raises msgspec.DecodeError for what is no JSON object, or has a key twice.
    """
    import json

    import msgspec

    def without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
            raise msgspec.DecodeError(f"the key {twice!r} occurs twice")
        return found

    try:
        value = json.loads(line.decode(), object_pairs_hook=without_doubles)
        if b"\\u" in line:  # half a surrogate pair could not be written into an answer
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from None
    if not isinstance(value, dict):
        raise msgspec.DecodeError("an object is expected")
    return value


def answer(row: Row) -> object:
    """The report on one row, or everything that is wrong with it."""
    from paceline.decision.decide import decide
    from paceline.decision.intake import read_request

    request = read_request(row)
    if isinstance(request, tuple):
        return {"error": {**_describe(request[0]), "faults": [_fault(fault) for fault in request]}}
    return decide(request)


def read_request_named(name: str | None, backlog: Path | None) -> tuple[KnownRequest, Calibration]:
    """The request of that name in the backlog, or in the file of that name; the only one when no name is given.

    With it comes what the workspace's past says about guesses.
    """
    from paceline.assemble.triage import find_backlog, find_request, open_backlog

    if name is not None and backlog is None and Path(name).is_file():
        backlog, name = Path(name), None
    opened = open_backlog(find_backlog(backlog or Path()))
    return find_request(opened, name), opened.around.calibration


def require_numpy() -> None:
    """Raise MissingExtraError when NumPy is not there."""
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
