"""`paceline actuals`: what integrations took, against what was estimated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.actuals import IntegrationActuals, Measured

_TITLES = {
    "time_to_value_days": ("time to value", "days"),
    "days": ("work", "days"),
    "build_hours": ("building", "h"),
    "ops_hours_per_week": ("upkeep", "h/week"),
    "rework_share": ("rework", "share"),
}


@click.command()
@click.argument("integration", required=False)
@click.option("--close", "is_closed", is_flag=True, help="Write actuals/REQUEST.yaml: what calibration learns from.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", help="The workspace, or a folder inside it.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day up to which weeks are counted; today in UTC.")
def command(
    integration: str | None, is_closed: bool, workspace: Path, as_json: bool, today: dt.datetime | None
) -> None:
    """Show what an INTEGRATION took against what its request was estimated at, or all of them.

    Measured from git, worklog.log, the ledger and the store; estimates as they stood in backlog.yaml when work on the
    integration began. What cannot be measured says why.

    \b
    Examples:
      paceline actuals customerio_onboarding
      paceline actuals customerio_onboarding --close && git add actuals
    """
    from paceline.assemble.actuals import read_actuals
    from paceline.cli.output import print_json, print_table
    from paceline.errors import UnknownNameError, UsageError
    from paceline.workspace.load import find_workspace, load_workspace
    from paceline.workspace.work_log import WORK_LOG, read_work_log

    root = find_workspace(workspace)
    known = sorted(load_workspace(root).integrations)
    if integration is not None and integration not in known:
        raise UnknownNameError("integration", integration, known, where=str(root))
    if is_closed and integration is None:
        raise UsageError("--close needs an integration", remedy=f"one of: {', '.join(known)}")
    now = today.replace(tzinfo=dt.UTC) if today else dt.datetime.now(dt.UTC)
    found = read_actuals(root, now=now, only=integration)
    if as_json:
        print_json(found)
    else:
        rows = [_row(one, measured) for one in found for measured in one.measures]
        columns = ("integration", "measure", "estimate", "actual", "against likely", "how")
        print_table("Actuals", columns, rows, numbers_from=6)
    wrong = read_work_log(root).wrong_lines
    if wrong:
        click.echo(f"{WORK_LOG}: lines {', '.join(map(str, wrong))} cannot be read and are left out", err=True)
    if is_closed:
        _close(root, found[0], now.date())


def _row(one: IntegrationActuals, measured: Measured) -> tuple[str, ...]:
    title, unit = _TITLES[measured.measure.value]
    estimate = measured.estimate
    likely = None
    shown = "-"
    if estimate is not None:
        numbers = (estimate.low, estimate.likely, estimate.high)
        likely = estimate.exact if estimate.exact is not None else estimate.likely
        in_unit = f" {estimate.unit.value}" if estimate.unit is not None else ""
        shown = (
            f"{estimate.exact:g}"
            if estimate.exact is not None
            else " - ".join(f"{n:g}" for n in numbers if n is not None)
        )
        shown += in_unit
        likely = None if estimate.unit is not None else likely
    actual = "not evaluated" if measured.value is None else f"{measured.value:.3g} {unit}"
    ratio = f"{measured.value / likely:.2f} x" if measured.value is not None and likely else ""
    return one.integration, title, shown, actual, ratio, measured.how


def _close(root: Path, actuals: IntegrationActuals, today: dt.date) -> None:
    from paceline.assemble.actuals import close_actuals
    from paceline.errors import UsageError
    from paceline.workspace.yaml_file import write_yaml

    file = close_actuals(actuals, today=today)
    if not file.actual:
        raise UsageError("nothing was measured, so there is nothing to write down", where=actuals.integration)
    path = root / "actuals" / f"{file.request}.yaml"
    write_yaml(path, file)
    click.echo(f"wrote {path}", err=True)
