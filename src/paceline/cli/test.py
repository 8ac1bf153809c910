"""`paceline test`: a workspace's contract tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option(
    "--mapping", "mappings", multiple=True, help="Only the tests of this mapping; may be given several times."
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(workspace: Path, mappings: tuple[str, ...], as_json: bool) -> None:
    """Run the contract tests of a workspace: given events, what must go to the vendor.

    \b
    Example:  paceline test shop --mapping order_completed.ga4
    """
    from paceline.assemble.contract_tests import run_contract_tests
    from paceline.assemble.opening import open_workspace
    from paceline.cli.output import print_json
    from paceline.errors import UnknownNameError

    opened = open_workspace(workspace, os.environ)
    for name in mappings:
        if name not in opened.workspace.cases:
            raise UnknownNameError("mapping with tests", name, opened.workspace.cases)
    results = run_contract_tests(opened, mappings)
    failed = [result for result in results if not result.has_passed]
    if as_json:
        print_json(results)
    else:
        for result in results:
            mark = (
                click.style("passed", fg="green") if result.has_passed else click.style("FAILED", fg="red", bold=True)
            )
            click.echo(f"{mark}  {result.mapping}: {result.name}")
            for line in result.differences:
                click.echo(f"        {line}")
    click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed", err=as_json)
    sys.exit(1 if failed else 0)
