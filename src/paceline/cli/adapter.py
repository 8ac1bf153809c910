"""`paceline adapter`: what turns foreign requests into events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.cli.json_lines import Row
    from paceline.workspace.adapter_catalog import KnownAdapter
    from paceline.workspace.workspace import Workspace

_workspace = click.option(
    "--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it."
)
_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


@click.group()
def command() -> None:
    """Adapters turn what a vendor sends to /v1/in/SOURCE into events.

    A source names its adapter in paceline.yaml (`webhook: {scheme: typeform, secret: …, adapter: typeform}`). Workers
    then make events of its requests by themselves, those in the log included that came before.

    \b
    Example:  paceline adapter coverage typeform
    """


@command.command("list")
@_workspace
@_json
def list_adapters(workspace: Path, as_json: bool) -> None:
    """Every adapter that can be used: those that come along, and those of the workspace.

    \b
    Example:  paceline adapter list
    """
    from paceline.cli.output import print_json, print_table
    from paceline.workspace.adapter_catalog import adapter_names

    opened = _optional_workspace(workspace)
    found = [_find(opened, name) for name in adapter_names(opened)]
    if as_json:
        print_json(
            [
                {
                    "adapter": one.spec.adapter,
                    "version": one.spec.version,
                    "own": one.is_own,
                    "events": list(one.spec.events),
                    "description": one.spec.description,
                }
                for one in found
            ]
        )
        return
    rows = [
        (one.spec.adapter, "the workspace's" if one.is_own else "comes along", f"{len(one.cases)}",
         one.spec.description.split(".")[0])
        for one in found
    ]  # fmt: skip
    print_table("Adapters", ("adapter", "from", "tests", "what it is for"), rows, numbers_from=4)


@command.command()
@click.argument("name")
@click.option("--all", "show_all", is_flag=True, help="List the fields that are carried over, too.")
@click.option("--min-coverage", type=click.FloatRange(0, 100), metavar="PERCENT", help="Fail below this share.")
@_workspace
@_json
def coverage(name: str, show_all: bool, min_coverage: float | None, workspace: Path, as_json: bool) -> None:
    """Which fields of the adapter's sample requests are carried over into events, and which are not.

    Each field is altered, and then some event has to change. A field that is left out on purpose stands in the
    adapter's `left_out` with the reason; it counts as settled, as does one that decides which events are made.

    \b
    Example:  paceline adapter coverage typeform
    """
    from paceline.assemble.contract_tests.adapters import adapter_coverage, settled_share
    from paceline.cli.output import print_json
    from paceline.mapping.adapter_coverage import Carried

    known = _find(_optional_workspace(workspace), name)
    fields = adapter_coverage(known)
    settled, percent = settled_share(fields)
    is_below = min_coverage is not None and percent < min_coverage
    if as_json:
        print_json({"adapter": name, "fields": fields, "settled": settled, "of": len(fields), "percent": percent})
    else:
        colors = {Carried.NOT_CARRIED: "yellow", Carried.CARRIED: "green"}
        for field in fields:
            if show_all or field.state in (Carried.NOT_CARRIED, Carried.LEFT_OUT):
                why = f": {field.why}" if field.why else ""
                click.echo(f"{click.style(f'{field.state:<12}', fg=colors.get(field.state))} {field.path}{why}")
        click.echo(f"{settled} of {len(fields)} fields of its samples are settled ({percent:.1f} %)")
    if not fields:
        click.echo("no sample says what a request looks like: add a contract test with one", err=True)
    raise SystemExit(1 if is_below or not fields else 0)


@command.command()
@click.argument("name")
@_workspace
def run(name: str, workspace: Path) -> None:
    """Turn requests into events: a JSON line in, `{"body", "headers"?, "query"?}`, and one out, `{"events": […]}`.

    A request that is refused gives `{"refused": {"rule", "reason", "message"}}`, one of which nothing is wanted
    `{"filtered": {"rule"}}`. `now_ms` of a line is when it was received.

    \b
    Example:  paceline adapter run typeform < requests.jsonl
    """
    import time

    import msgspec

    from paceline.assemble.adapters import compiled_adapter
    from paceline.cli.json_lines import answer_rows
    from paceline.mapping.foreign_request import request_of_file
    from paceline.model.adapter import ForeignRequest
    from paceline.model.event import Filtered, Refusal

    known = _find(_optional_workspace(workspace), name)
    adapter = compiled_adapter(known.spec, file=known.file.file)

    def answer(row: Row) -> Mapping[str, object]:
        given = dict(row)
        now_ms = given.pop("now_ms", None)
        received_ms = now_ms if isinstance(now_ms, int) else int(time.time() * 1000)
        request = request_of_file(msgspec.convert(given, ForeignRequest), received_ms=received_ms)
        match adapter.adapt(request, now_ms=received_ms):
            case Filtered() as filtered:
                return {"filtered": filtered}
            case Refusal() as refusal:
                return {"refused": refusal}
            case events:
                return {"events": events}

    answer_rows(answer)


def _optional_workspace(path: Path) -> Workspace | None:
    """The workspace at a path; None where there is none, for what works without one."""
    from paceline.errors import UsageError
    from paceline.workspace.load import find_workspace, load_workspace

    try:
        return load_workspace(find_workspace(path))
    except UsageError:
        if str(path) != ".":
            raise
        return None


def _find(workspace: Workspace | None, name: str) -> KnownAdapter:
    from paceline.workspace.adapter_catalog import find_adapter

    return find_adapter(workspace, name)
