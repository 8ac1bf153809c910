"""`paceline calibrate`: what the past says about estimates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.decision.calibration import CalibrationReport


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--dry-run", is_flag=True, help="Only show; leave calibration.yaml as it is.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(workspace: Path, dry_run: bool, as_json: bool) -> None:
    """Compare past estimates with what they came to, and correct new ones where that has proved itself.

    Reads actuals/*.yaml and worklog.log, and writes calibration.yaml, which `paceline decide` and `paceline debt` read.
    A correction is used only with 8 cases or more, and only if it would have made past estimates clearly better, each
    corrected by what the others say.

    \b
    Example:  paceline calibrate shop --dry-run
    """
    from paceline.assemble.actuals import past_cases
    from paceline.cli.output import print_json
    from paceline.decision.calibration import calibrate, to_file
    from paceline.decision.debt.hours import learn_hours
    from paceline.model.actuals import WorkKind
    from paceline.workspace.load import find_workspace, load_workspace
    from paceline.workspace.work_log import read_work_log
    from paceline.workspace.yaml_file import write_yaml

    root = find_workspace(workspace)
    loaded = load_workspace(root)
    log = read_work_log(root)
    report = calibrate(past_cases(loaded.actuals.values()))
    paid = [(one.debt, one.minutes / 60) for one in log.facts if one.kind is WorkKind.DEBT and one.debt is not None]
    hours = {kind.value: number for kind, number in learn_hours(paid, loaded.settings.debt.hours).items()}
    if as_json:
        print_json({"calibration": report, "debt_hours": hours})
    else:
        _show(report, hours, paid=len(paid))
    days = [file.closed for file in loaded.actuals.values()]
    if dry_run or not (report.cases or hours):
        return
    made = max([*days, *(f"{one.at.date()}" for one in log.facts)])
    write_yaml(root / "calibration.yaml", to_file(report, made=made, debt_hours=hours))
    click.echo(f"wrote {root / 'calibration.yaml'}", err=True)


def _show(report: CalibrationReport, hours: Mapping[str, float], *, paid: int) -> None:
    from paceline.cli.output import print_table

    if not report.cases:
        click.echo("There are no closed requests with estimates: paceline actuals INTEGRATION --close")
    else:
        click.echo(
            f"{report.cases} estimates with actuals: the range held the truth in {report.hit_rate:.0%} (80 to 90 % is "
            f"the aim), it took {report.median_ratio:.2f} times the likely value (median), pinball loss "
            f"{report.loss:.3f}"
        )
        bias = ", ".join(f"{option} {ratio:.2f} x" for option, ratio in report.bias_by_option.items())
        click.echo(f"Median of actual against likely, by option: {bias}\n")
        rows = [
            (
                one.input,
                str(one.cases),
                f"{one.hit_rate:.0%}",
                f"{one.median_ratio:.2f}",
                f"{one.spread[0]:.2f} - {one.spread[1]:.2f}",
                f"{one.loss:.3f}",
                "-" if one.corrected_loss is None else f"{one.corrected_loss:.3f}",
                f"{one.correction.factor:.2f}",
                "yes" if one.correction.is_used else "no",
                one.correction.because,
            )
            for one in report.inputs
        ]
        columns = ("input", "cases", "hits", "ratio", "P10-P90", "loss", "corrected", "factor", "used", "why")
        print_table("Estimates", columns, rows)
        if not any(one.correction.is_used for one in report.inputs):
            click.echo("No correction is used: estimates stay as they are.")
    if hours:
        click.echo()
        print_table("Hours to pay one item, learned", ("kind", "hours"), [(k, f"{h:.2f}") for k, h in hours.items()])
    elif paid:
        click.echo(f"{paid} lines about paid debt; 8 of one kind are needed to learn its hours")
