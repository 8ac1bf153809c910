"""`paceline test`: contract tests, and which rules of a mapping no test would miss."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.contract_tests.bench import CaseResult
    from paceline.assemble.contract_tests.coverage import MappingCoverage
    from paceline.assemble.contract_tests.suite import Suite
    from paceline.assemble.contract_tests.update import Update

_most_survivors = 200


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), default=".", required=False)
@click.argument("names", nargs=-1)
@click.option(
    "--connector", "connectors", multiple=True, metavar="NAME", help="A connector's default mappings instead."
)
@click.option("--connectors", "all_connectors", is_flag=True, help="The default mappings of every connector instead.")
@click.option("--adapters", "all_adapters", is_flag=True, help="The adapters that come along instead.")
@click.option("--coverage", "with_coverage", is_flag=True, help="Alter each rule of each mapping: would a test notice?")
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail when tests notice fewer rules than this; implies --coverage.",
)
@click.option("--update", is_flag=True, help="Write what came into the failing cases, where only values differ.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML.")
@click.option(
    "--github/--no-github", default=None, help="Annotate files on GitHub; by itself where GITHUB_ACTIONS is true."
)
@click.option("--verbose", "-v", is_flag=True, help="List the cases that passed, too.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(
    workspace: Path,
    names: tuple[str, ...],
    connectors: tuple[str, ...],
    all_connectors: bool,
    all_adapters: bool,
    with_coverage: bool,
    min_coverage: float | None,
    update: bool,
    junit: Path | None,
    github: bool | None,
    verbose: bool,
    as_json: bool,
) -> None:
    """Run the contract tests of a WORKSPACE: given events, what must go to the vendor, or why nothing does.

    NAMES are mappings, or adapters such as adapters/typeform; * stands for anything, and without names all are run.
    With --coverage each rule of a mapping (a field, `when`, a fallback, a function, a constant) is altered, and a rule
    that no test would miss is shown with its place.

    \b
    Example:  paceline test shop
              paceline test shop 'order_completed.*' --coverage
              paceline test shop --junit report.xml --min-coverage 90
    """
    from paceline.assemble.contract_tests.coverage import measure_coverage
    from paceline.assemble.contract_tests.run import run_suite
    from paceline.assemble.contract_tests.update import update_cases
    from paceline.errors import UsageError

    if not workspace.exists() and str(workspace) != ".":
        # `paceline test order_completed.ga4`: in the workspace around this folder.
        workspace, names = Path(), (str(workspace), *names)
    suites = [
        suite.only(names)
        for suite in _suites(workspace, connectors, all_connectors=all_connectors, all_adapters=all_adapters)
    ]
    if update and (connectors or all_connectors or all_adapters):
        raise UsageError("--update writes into a workspace, not into what comes along", remedy="leave the option out")
    results: list[CaseResult] = []
    coverage: list[MappingCoverage] = []
    updates: list[Update] = []
    is_measured = with_coverage or min_coverage is not None
    report = _Report(verbose=verbose, as_json=as_json, is_annotated=_is_on_github(github), minimum=min_coverage)
    for suite in suites:
        outcome = run_suite(suite)
        results += outcome
        updates += update_cases(suite, outcome) if update else []
        rules = measure_coverage(suite) if is_measured and all(one.has_passed for one in outcome) else []
        coverage += rules
        report.show(suite, outcome, rules)
    report.show_updates(updates)
    if junit is not None:
        _write_junit(junit, results, coverage, shortfall=report.shortfall(coverage))
    report.end(results, coverage, updates, is_measured=is_measured)
    written = {(one.result.mapping, one.result.index) for one in updates if one.is_written}
    failed = [one for one in results if not one.has_passed and (one.mapping, one.index) not in written]
    sys.exit(1 if failed or report.shortfall(coverage) else 0)


def _suites(workspace: Path, connectors: Sequence[str], *, all_connectors: bool, all_adapters: bool) -> Iterator[Suite]:
    from paceline.assemble.contract_tests.suite import adapter_suite, connector_suite, workspace_suite
    from paceline.assemble.opening import open_workspace
    from paceline.connectors.catalog import Catalog

    if all_adapters:
        from paceline.workspace.adapter_catalog import in_tree_names

        yield from (adapter_suite(Catalog(), name) for name in in_tree_names())
        return
    if not connectors and not all_connectors:
        yield workspace_suite(open_workspace(workspace, os.environ))
        return
    catalog = Catalog(workspace / "connectors")
    for name in catalog.names if all_connectors else connectors:
        yield connector_suite(catalog, name)


def _is_on_github(wish: bool | None) -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true" if wish is None else wish


def _write_junit(
    path: Path, results: Sequence[CaseResult], coverage: Sequence[MappingCoverage], *, shortfall: str
) -> None:
    from paceline.assemble.contract_tests.report import junit_xml
    from paceline.errors import EnvironmentFaultError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(junit_xml(results, coverage, shortfall=shortfall))
    except OSError as error:
        raise EnvironmentFaultError(f"the report cannot be written: {error.strerror}", where=str(path)) from error


class _Report:
    """Prints what comes: failures with what differs, rules without tests, and at the end the count and the verdict."""

    def __init__(self, *, verbose: bool, as_json: bool, is_annotated: bool, minimum: float | None) -> None:
        self._verbose = verbose
        self._as_json = as_json
        self._is_annotated = is_annotated
        self._minimum = minimum

    def show(self, suite: Suite, results: Sequence[CaseResult], coverage: Sequence[MappingCoverage]) -> None:
        """One suite's results."""
        if not self._as_json:
            self._show_results(suite, results)
            self._show_coverage(suite, coverage)
        if self._is_annotated:
            from paceline.assemble.contract_tests.report import github_annotations

            top = Path(os.environ.get("GITHUB_WORKSPACE", ".")).resolve()
            prefix = Path(os.path.relpath(suite.root.resolve(), top))
            for line in github_annotations(results, coverage, prefix=prefix):
                click.echo(line, err=self._as_json)

    def show_updates(self, updates: Sequence[Update]) -> None:
        """What `--update` did with each failed case."""
        for one in () if self._as_json else updates:
            case = f"{one.result.file}:{one.result.line} {one.result.name}"
            if one.is_written:
                click.echo(f"{click.style('updated', fg='yellow')}      {case}")
            else:
                click.echo(f"{click.style('not updated', fg='red')}  {case}: {one.refusal}")

    def shortfall(self, coverage: Sequence[MappingCoverage]) -> str:
        """That coverage is below the minimum; empty when it is not, or none was asked for."""
        from paceline.assemble.contract_tests.coverage import share

        percent = 100 * share(coverage)
        if self._minimum is None or percent >= self._minimum:
            return ""
        return f"tests notice {percent:.1f} % of the rules, fewer than the {self._minimum:g} % asked for"

    def end(
        self,
        results: Sequence[CaseResult],
        coverage: Sequence[MappingCoverage],
        updates: Sequence[Update],
        *,
        is_measured: bool,
    ) -> None:
        """The count and the verdict; with JSON, everything."""
        from paceline.assemble.contract_tests.coverage import share
        from paceline.cli.output import print_json

        updated = sum(one.is_written for one in updates)
        failed = sum(not one.has_passed for one in results) - updated
        counts = {"passed": len(results) - failed - updated, "failed": failed}
        if self._as_json:
            covered = {"coverage": _coverage_json(coverage)} if is_measured else {}
            changed = {"updated": [one.result.name for one in updates if one.is_written]} if updates else {}
            print_json({**counts, "results": results, **covered, **changed})
        line = f"{counts['passed']} passed, {failed} failed"
        if updates:
            line += f", {updated} updated"
        if coverage:
            rules, missed = sum(one.rules for one in coverage), sum(len(one.survivors) for one in coverage)
            line += f"; {rules} rules, {rules - missed} covered ({100 * share(coverage):.1f} %)"
        if is_measured and failed + updated:
            line += "; coverage is only measured where every test passes"
        shortfall = self.shortfall(coverage)
        color = "red" if failed or shortfall else "green"
        click.echo(click.style(f"{line}; {shortfall}" if shortfall else line, fg=color), err=self._as_json)

    def _show_results(self, suite: Suite, results: Sequence[CaseResult]) -> None:
        for one in results:
            if not one.has_passed:
                self._show_failure(suite, one)
            elif self._verbose:
                click.echo(f"{click.style('passed', fg='green')}  {one.mapping}: {one.name}")
        untested = {name: one.file for name, one in suite.mappings.items() if not one.cases}
        untested |= {name: one.file for name, one in suite.adapters.items() if not one.cases}
        for name, document in untested.items():
            file = os.path.relpath(suite.root / document.file)
            click.echo(f"{click.style('no tests', fg='yellow')}  {name}  ({file})")

    def _show_failure(self, suite: Suite, result: CaseResult) -> None:
        from paceline.assemble.contract_tests.report import value_text

        file = os.path.relpath(suite.root / result.file)
        head = click.style("FAILED", fg="red", bold=True)
        click.echo(f"{head}  {result.mapping}: {click.style(result.name, bold=True)}  ({file}:{result.line})")
        if result.problem:
            click.echo(f"  {result.problem}")
        for mismatch in result.mismatches:
            click.echo(f"  {click.style(mismatch.path, fg='cyan')}")
            click.echo(f"    {click.style('- expected', fg='red')}  {value_text(mismatch.expected)}")
            click.echo(f"    {click.style('+ got', fg='green')}       {value_text(mismatch.got)}")

    def _show_coverage(self, suite: Suite, coverage: Sequence[MappingCoverage]) -> None:
        for mapping in coverage:
            if mapping.survivors or self._verbose:
                click.echo(f"{mapping.mapping}: {mapping.covered} of {mapping.rules} rules covered")
            for rule in mapping.survivors[:_most_survivors]:
                place = click.style(f"{os.path.relpath(suite.root / rule.file)}:{rule.line}:{rule.column}", fg="cyan")
                click.echo(f"  {place} no test would miss {rule.rule} ({rule.change})")
            if len(mapping.survivors) > _most_survivors:
                click.echo(f"  and {len(mapping.survivors) - _most_survivors} more")


def _coverage_json(coverage: Sequence[MappingCoverage]) -> dict[str, object]:
    from paceline.assemble.contract_tests.coverage import share

    return {
        "rules": sum(one.rules for one in coverage),
        "covered": sum(one.covered for one in coverage),
        "share": share(coverage),
        "mappings": coverage,
    }
