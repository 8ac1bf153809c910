"""`paceline route`: where the events of an integration go, and whether they may go elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.routes import RouteView

_integration = click.argument("integration")
_workspace = click.option(
    "--workspace", type=click.Path(path_type=Path), default=".", show_default=True, help="The workspace's folder."
)
_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


@click.group()
def command() -> None:
    """Show and move the route of an integration: direct, shadow, canary N% or bus.

    \b
    Example:  paceline route show customerio_onboarding
              paceline route set customerio_onboarding shadow --why "the adapter is there"
              paceline route set customerio_onboarding "canary 10%" --why "a week of equal payloads"
              paceline route history customerio_onboarding
    """


@command.command()
@_integration
@_workspace
@_json
def show(integration: str, workspace: Path, as_json: bool) -> None:
    """Show where the route stands, what was seen of its two paths, and whether that suffices to move on.

    Exit status 1 while the bus path is broken.
    """
    import sys

    from paceline.assemble.inspection import inspect
    from paceline.assemble.routes import view_route
    from paceline.cli.output import print_json

    view = inspect(workspace, lambda opened, _bus, store: view_route(opened, store, integration))
    if as_json:
        print_json(view)
    else:
        _print_view(view)
    if view.judgement is not None and view.judgement.broken:
        sys.exit(1)


@command.command("set")
@_integration
@click.argument("step")
@click.option("--why", required=True, help="The reason, for the history and the audit log.")
@_workspace
@_json
def set_(integration: str, step: str, why: str, workspace: Path, as_json: bool) -> None:
    """Move the toggle to STEP: direct, shadow, canary N% or bus. Running workers follow within half a second."""
    from paceline.assemble.inspection import inspect
    from paceline.assemble.routes import set_route
    from paceline.cli.output import print_json

    moved = inspect(workspace, lambda opened, _bus, store: set_route(opened, store, integration, step, why=why))
    if as_json:
        return print_json(moved)
    return click.echo(f"{moved.integration}: {moved.before} -> {moved.after} ({moved.toggle} in {moved.file})")


@command.command()
@_integration
@_workspace
@_json
def history(integration: str, workspace: Path, as_json: bool) -> None:
    """List how the route was moved: when, by whom, why, and on how many compared events."""
    from paceline.assemble.inspection import inspect
    from paceline.assemble.routes import view_route
    from paceline.cli.output import print_json, print_table
    from paceline.model.event import isoformat_ms

    view = inspect(workspace, lambda opened, _bus, store: view_route(opened, store, integration))
    changes = view.state.changes if view.state is not None else ()
    if as_json:
        return print_json(changes)
    rows = [(isoformat_ms(one.at_ms), one.before, one.after, one.who, one.why, f"{one.compared:,}") for one in changes]
    return print_table(
        f"Route of {integration}", ("when", "from", "to", "who", "why", "compared"), rows, numbers_from=5
    )


def _print_view(view: RouteView) -> None:
    from paceline.cli.output import print_table

    click.echo(f"{view.integration}: {view.step}" + (f" (toggle {view.route})" if view.ready_when else ""))
    if view.state is None or view.judgement is None:
        if view.ready_when is not None:
            click.echo("nothing was seen yet: no worker has run this lane with this toggle", err=True)
        return
    marks = {True: "yes", False: "no", None: "not evaluated"}
    checks = [
        (
            check.name,
            f"{check.wanted:g}",
            "" if check.measured is None else f"{check.measured:.6g}",
            marks[check.passed],
        )
        for check in view.judgement.checks
    ]
    print_table("Evidence", ("what", "wanted", "measured", "met"), checks, numbers_from=1)
    if view.state.evidence.fields:
        fields = sorted(view.state.evidence.fields, key=lambda field: -field.times)
        rows = [(field.path, str(field.times), field.direct, field.bus, field.mapping) for field in fields]
        print_table("Fields that differ", ("field", "events", "direct", "bus", "mapping"), rows, numbers_from=5)
    for sentence in view.judgement.broken:
        click.echo(f"broken: {sentence}")
    if view.next_step:
        verdict = "ready" if view.judgement.is_ready else "not ready"
        click.echo(f"{verdict} for {view.next_step}; advance: {view.advance}")
