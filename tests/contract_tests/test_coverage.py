"""Coverage by mutation: the quick way finds what trying every variant as a whole finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_workspaces import CASES, write_contract_workspace

from paceline.assemble.contract_tests.bench import Bench
from paceline.assemble.contract_tests.coverage import mapping_coverage, share
from paceline.assemble.contract_tests.suite import MappingUnderTest, Suite, connector_suite, workspace_suite
from paceline.assemble.opening import open_workspace
from paceline.connectors.catalog import Catalog
from paceline.errors import WorkspaceError
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.mutation import mapping_rules

SHOP = Path(__file__).parents[2] / "examples" / "shop"
CONNECTORS = [
    name for name, folder in Catalog(with_entry_points=False).folders.items() if (folder / "mappings").is_dir()
]


def missed_by_trying_everything(suite: Suite, tested: MappingUnderTest) -> list[str]:
    """The rules of which no variant makes a case fail, each tried as a whole mapping."""
    bench = Bench(suite, tested)
    missed = []
    for rule in mapping_rules(tested.spec):
        variants = [one for one in map(compile_mapping, rule.variants) if isinstance(one, CompiledMapping)]
        if variants and not any(bench.notices(one, range(len(tested.cases))) for one in variants):
            missed.append(f"{rule.what} ({rule.change})")
    return missed


def missed(suite: Suite, tested: MappingUnderTest) -> list[str]:
    return [f"{one.rule} ({one.change})" for one in mapping_coverage(suite, tested).survivors]


@pytest.mark.parametrize("cases", [1, 2, 3, 4])
def test_quick_way_agrees_with_trying_everything(tmp_path: Path, cases: int) -> None:
    text = "  - name:".join(CASES.split("  - name:")[: cases + 1])
    suite = workspace_suite(open_workspace(write_contract_workspace(tmp_path, test=text), {}))
    (tested,) = suite.mappings.values()
    assert len(tested.cases) == cases
    assert missed(suite, tested) == missed_by_trying_everything(suite, tested)


def test_quick_way_agrees_with_trying_everything_on_the_example_with_half_of_its_tests() -> None:
    suite = workspace_suite(open_workspace(SHOP, {}))
    for tested in suite.mappings.values():
        halved = MappingUnderTest(
            spec=tested.spec, file=tested.file, cases=tested.cases[::2], cases_file=tested.cases_file
        )
        assert missed(suite, halved) == missed_by_trying_everything(suite, halved)


def test_field_below_a_spread_is_only_noticed_where_it_shows(tmp_path: Path) -> None:
    mapping = """\
mapping: order_completed.hook
version: 1
from: {event: Order Completed}
to: {connector: webhook, action: send}
fields:
  "*": $.properties
  total: $.properties.total
"""
    cases = """\
mapping: order_completed.hook
cases:
  - name: it is passed on
    event: {type: track, event: Order Completed, properties: {total: 5, products: []}}
    payload: {total: 5, products: []}
"""
    suite = workspace_suite(open_workspace(write_contract_workspace(tmp_path, mapping=mapping, test=cases), {}))
    (tested,) = suite.mappings.values()
    assert missed(suite, tested) == ["the field total (removed)"]


def test_share_of_nothing_is_everything() -> None:
    assert share([]) == 1.0


def test_connector_folder_with_a_broken_test_file_is_refused_with_its_findings(tmp_path: Path) -> None:
    folder = tmp_path / "connectors" / "acme"
    (folder / "tests").mkdir(parents=True)
    (folder / "manifest.yaml").write_text("connector: acme\n")
    (folder / "tests" / "track.acme.yaml").write_text("mapping: track.acme\ncases: [{name: a, evnt: x}]\n")
    with pytest.raises(WorkspaceError) as caught:
        connector_suite(Catalog(tmp_path / "connectors"), "acme")
    assert any("evnt" in finding.message for finding in caught.value.findings)


@pytest.mark.parametrize("connector", CONNECTORS)
def test_default_mappings_pass_their_tests(connector: str) -> None:
    suite = connector_suite(Catalog(with_entry_points=False), connector)
    failed = [
        f"{one.mapping}: {one.name}"
        for tested in suite.mappings.values()
        if tested.cases
        for one in Bench(suite, tested).run()
        if not one.has_passed
    ]
    assert failed == []
