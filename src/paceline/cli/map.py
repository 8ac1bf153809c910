"""`paceline map`: mappings by themselves."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from paceline.assemble.segment_run import DirectiveRunner
    from paceline.cli.json_lines import Row
    from paceline.mapping.compile import CompiledMapping


@click.group()
def command() -> None:
    """Try mappings on events, and see how they work.

    \b
    Example:  paceline map run --mapping shop/mappings/order_completed.ga4.yaml < events.jsonl
    """


@command.command()
@click.option("--mapping", "file", type=click.Path(path_type=Path), help="A mapping file.")
@click.option("--segment-directives", is_flag=True, help="Each line brings its own mapping, in Segment's directives.")
def run(file: Path | None, segment_directives: bool) -> None:
    """Map events, one JSON line in, one out, in the same order.

    With --mapping a line is an event, and the answer {"payload": …}, {"filtered": …} or {"refused": …}. With
    --segment-directives it is {"mapping": {…}, "event": {…}, "now_ms"?}, the mapping as a Segment destination has it,
    and the answer {"resolved": {…}}: the mapping is turned into one of ours, compiled and applied.
    """
    from paceline.cli.json_lines import answer_rows
    from paceline.errors import UsageError

    if segment_directives is (file is not None):
        raise UsageError("give either --mapping FILE or --segment-directives")
    if file is not None:
        compiled = _load(file)
        answer_rows(lambda event: apply(compiled, event))
        return
    from paceline.assemble.segment_run import DirectiveRunner

    runner = DirectiveRunner()
    answer_rows(lambda row: resolve(runner, row))


@command.command()
@click.argument("event", required=False)
@click.option("--to", metavar="CONNECTOR.ACTION", help="Where to; the action may be left out.")
@click.option("--name", default="", help="The mapping's name, if not CONTRACT.CONNECTOR.")
@click.option("--suggester", default="", help="An installed suggester that has a say, such as a model.")
@click.option("--dry-run", is_flag=True, help="Show the draft instead of writing it.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def suggest(
    event: str | None, to: str | None, name: str, suggester: str, dry_run: bool, workspace: Path, as_json: bool
) -> None:
    """Suggest where a vendor's fields come from: a draft of a mapping of EVENT, with tests.

    The draft is marked `proposed: true`; `paceline check` refuses it until a person has looked at it and accepts it.
    Without EVENT, questions are answered, one JSON line in, one out: {"target": {"field", "type"?, "description"?},
    "candidates": [paths]} gives {"ranked": [{"path", "score"}]}. Nothing is sent anywhere unless a suggester is named.

    \b
    Example:  paceline map suggest "Order Completed" --to ga4.send_event
    """
    from paceline.cli.json_lines import answer_rows
    from paceline.cli.suggestions import answer_suggestion, show_suggestion
    from paceline.errors import UsageError

    if event is None and to is None:
        answer_rows(answer_suggestion)
        return
    if event is None or to is None:
        raise UsageError("a draft needs both an event and --to", expected='map suggest "Order Completed" --to ga4')
    from paceline.assemble.suggested_mapping import suggest_mapping
    from paceline.workspace.scaffold import write_workspace

    made = suggest_mapping(workspace, event, to, name=name, suggester=suggester)
    if not dry_run:
        write_workspace(made.draft.root, made.draft.files)
    show_suggestion(made, is_written=not dry_run, as_json=as_json)


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def accept(files: tuple[Path, ...]) -> None:
    """Accept suggested mappings: take the mark `proposed` out of the files. You say that you have looked at them.

    \b
    Example:  paceline map accept shop/mappings/order_completed.ga4.yaml
    """
    from paceline.assemble.mapping_file import accept_mapping

    for file in files:
        was_proposed = accept_mapping(file)
        click.echo(f"accepted {file}" if was_proposed else f"{file} is no suggestion; nothing to do")


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--event", type=click.File("rb"), help="A JSON file with one event (- for standard input).")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def explain(file: Path, event: BinaryIO | None, as_json: bool) -> None:
    """Show the Python code that a mapping was compiled to, or step by step what it makes of an event.

    \b
    Example:  paceline map explain shop/mappings/order_completed.ga4.yaml --event shop/samples/order_completed.json
    """
    import msgspec

    from paceline.errors import UsageError
    from paceline.mapping.explanation import explain as explain_event
    from paceline.mapping.explanation import explanation_lines

    compiled = _load(file)
    if event is None:
        _show_source(compiled, as_json=as_json)
        return
    try:
        payload = msgspec.json.decode(event.read(), type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(str(error), where=event.name, expected="one event, which is a JSON object") from None
    explanation = explain_event(compiled, payload, now_ms=time.time_ns() // 1_000_000)
    if as_json:
        click.echo(msgspec.json.encode(explanation))
        return
    for line in explanation_lines(explanation):
        click.echo(line)


def _show_source(compiled: CompiledMapping, *, as_json: bool) -> None:
    """The code as it is loaded; in color on a terminal that wants it."""
    import msgspec

    if as_json:
        click.echo(
            msgspec.json.encode({"mapping": compiled.name, "version": compiled.version, "source": compiled.source})
        )
        return
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        from rich.console import Console
        from rich.syntax import Syntax

        Console().print(Syntax(compiled.source, "python", background_color="default", word_wrap=True))
        return
    click.echo(compiled.source)


def resolve(runner: DirectiveRunner, row: Row) -> object:
    """What a row of `map run --segment-directives` comes to."""
    from paceline.errors import UsageError

    event, now_ms = row.get("event"), row.get("now_ms")
    if "mapping" not in row or not isinstance(event, dict):
        raise UsageError("a row needs `mapping` and `event`", expected='{"mapping": {…}, "event": {…}, "now_ms"?}')
    if now_ms is None:
        now_ms = time.time_ns() // 1_000_000
    if not isinstance(now_ms, int) or isinstance(now_ms, bool):
        raise UsageError("`now_ms` is no whole number", expected="milliseconds since 1970")
    return runner.resolve(row["mapping"], event, now_ms=now_ms)


def apply(compiled: CompiledMapping, event: Row) -> object:
    """What a mapping makes of one event, as `map run` prints it."""
    from paceline.model.event import Filtered, Refusal

    match compiled.apply(dict(event), now_ms=time.time_ns() // 1_000_000):
        case Filtered() as filtered:
            return {"filtered": {"rule": filtered.rule}}
        case Refusal() as refusal:
            return {"refused": refusal}
        case payload:
            return {"payload": payload}


def _load(file: Path) -> CompiledMapping:
    from paceline.assemble.mapping_file import load_mapping

    return load_mapping(file)
