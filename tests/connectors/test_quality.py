"""The quality ladder: what a connector claims holds, where a machine can tell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from connector_samples import PAYLOADS, SETTINGS

from paceline.connectors.catalog import Catalog
from paceline.connectors.quality import RULES, check
from paceline.model.connector import Auth, RuleState, RuleStatus
from paceline.model.delivery import Item
from paceline.testing.fake_vendor.behavior import Mode

CATALOG = Catalog(with_entry_points=False)
DOCS = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text()
every_connector = pytest.mark.parametrize("name", CATALOG.names)


@every_connector
def test_every_rule_has_its_state(name: str) -> None:
    assert set(CATALOG.quality(name).rules) == set(RULES)


@every_connector
def test_what_is_said_to_be_done_is_done(name: str) -> None:
    verdicts = check(CATALOG.load(name), CATALOG.folders[name])
    rules = CATALOG.quality(name).rules
    assert [rule for rule, is_fulfilled in verdicts.items() if rules[rule] == RuleState.DONE and not is_fulfilled] == []


@every_connector
def test_exemption_has_its_reason(name: str) -> None:
    states = CATALOG.quality(name).rules.values()
    exempt = [state for state in states if isinstance(state, RuleStatus) and state.status is RuleState.EXEMPT]
    assert all(len(state.reason) > 10 for state in exempt)
    assert RuleState.EXEMPT not in [state for state in states if isinstance(state, RuleState)]


@every_connector
def test_every_action_has_a_sample_in_these_tests(name: str) -> None:
    assert name in SETTINGS
    assert set(PAYLOADS[name]) == set(CATALOG.load(name).actions)


@every_connector
def test_connector_and_its_actions_are_documented(name: str) -> None:
    assert f"| `{name}` |" in DOCS
    assert [action for action in CATALOG.load(name).actions if f"`{action}`" not in DOCS] == []


def test_every_rule_way_to_log_in_and_mode_is_documented() -> None:
    ways = [way.__struct_config__.tag for way in get_args(Auth)]
    assert [word for word in [*RULES, *ways, *Mode] if f"| `{word}` |" not in DOCS] == []


def test_example_in_the_documentation_is_a_connector(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    manifest, actions = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    (folder / "manifest.yaml").write_text(manifest)
    (folder / "actions.yaml").write_text(actions)
    connector = Catalog(tmp_path).load("acme")
    settings = {"api_key": "k", "account": "shop", "region": "eu"}
    assert connector.settings_faults(settings) == []
    items = [Item(delivery_id="d", payload={"contact_id": "c/1"})]
    assert connector.build("forget", items, settings, now_ms=0).url == "https://shop.eu.acme.example/v1/contacts/c%2F1"
