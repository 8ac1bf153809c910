"""`paceline ledger`: where every accepted event is."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--rules", is_flag=True, help="Show each fate by the rule that led to it.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(workspace: Path, rules: bool, as_json: bool) -> None:
    """Show each integration's account, and check that it adds up.

    accepted = delivered + filtered + suppressed + rejected + dead + parked + in flight, for every integration; exit
    status 1 when an account does not add up, which is a defect.

    \b
    Example:  paceline ledger shop --rules
    """
    from paceline.assemble.inspection import inspect, read_ledgers
    from paceline.cli.output import ledger_rows, print_json, print_table

    ledgers = inspect(workspace, read_ledgers)
    if as_json:
        print_json(ledgers)
    else:
        columns, rows = ledger_rows(ledgers)
        print_table("Ledger", columns, rows)
        if rules:
            by_rule = [(one.integration, rule, str(number)) for one in ledgers for rule, number in one.rules.items()]
            print_table("By rule", ("integration", "rule", "events"), by_rule, numbers_from=2)
    if not all(one.adds_up for one in ledgers):
        click.echo("the ledger does not add up: this is a defect of paceline, please report it", err=True)
        sys.exit(1)
