"""`paceline diff`: each vendor payload that a change of files changes, before and after."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from contract_workspaces import CONTRACT, INTEGRATION, SAMPLE, write_contract_workspace

from paceline.cli.main import paceline_command


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace in a folder of a repository, with everything committed."""
    workspace = write_contract_workspace(tmp_path / "repository" / "shop")
    git(tmp_path / "repository", "init", "-q")
    commit(workspace)
    return workspace


def commit(root: Path) -> None:
    git(root.parent, "add", "-A")
    git(root.parent, "commit", "-q", "-m", "a change")


def run(root: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(paceline_command, ["diff", "--workspace", str(root), *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def payloads(root: Path, *arguments: str) -> Any:
    return json.loads(run(root, "--json", *arguments).stdout)["payloads"]


def change(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))


def change_mapping(root: Path, old: str, new: str) -> None:
    change(root, "mappings/order_completed.hook.yaml", old, new)


def test_unchanged_workspace_changes_no_payload(root: Path) -> None:
    found = payloads(root)
    assert found["changed"] == []
    assert found["compared"] == 3


def test_changed_mapping_shows_each_value_before_and_after(root: Path) -> None:
    change_mapping(root, "kind: = order", "kind: = sale")
    found = payloads(root)["changed"]
    assert [one["event"] for one in found] == ["samples/order.json"]
    assert found[0]["differences"] == [{"path": "/requests/0/body/kind", "expected": "order", "got": "sale"}]
    assert found[0]["integration"] == "sales"


def test_event_that_is_no_longer_delivered_is_a_change(root: Path) -> None:
    change_mapping(root, "total > 0", "total > 100")
    sample, nobody = payloads(root)["changed"]
    assert "requests" in sample["before"]
    assert nobody["before"] == {"refused": {"rule": "user", "reason": "missing"}}
    assert sample["after"] == nobody["after"] == {"filtered": {"rule": "when"}}


def test_events_of_test_cases_are_compared_too(root: Path) -> None:
    change_mapping(root, "when: $.properties.total > 0\n", "")
    assert [one["event"] for one in payloads(root)["changed"]] == [
        "tests/order_completed.hook.yaml: an order that costs nothing is not"
    ]


def test_mapping_that_changes_without_changing_a_payload_is_named(root: Path) -> None:
    change_mapping(root, "version: 1", "version: 2")
    assert payloads(root)["without_effect"] == ["order_completed.hook"]


def test_changed_integration_shows_the_other_endpoint(root: Path) -> None:
    change(root, "integrations/sales.yaml", "example/sales", "example/others")
    (sample, *_) = payloads(root)["changed"]
    assert sample["differences"][0]["path"] == "/requests/0/url"


def test_contract_that_refuses_a_sample_is_a_change(root: Path) -> None:
    change(root, "contracts/order_completed/1.0.0.yaml", "version: 1.0.0", "version: 1.1.0")
    (root / "contracts/order_completed/1.0.0.yaml").rename(root / "contracts/order_completed/1.1.0.yaml")
    (root / "contracts/order_completed/1.0.0.yaml").write_text(CONTRACT)
    change(root, "contracts/order_completed/1.1.0.yaml", "required: [total,", "required: [coupon, total,")
    found = [one for one in payloads(root)["changed"] if one["event"].startswith("samples/")]
    assert found[0]["after"]["quarantined"]["contract"] == "order_completed 1.1.0"


def test_own_connector_that_changes_shows_in_its_requests(root: Path) -> None:
    CliRunner().invoke(paceline_command, ["new", "connector", "acme", "--workspace", str(root)])
    CliRunner().invoke(
        paceline_command, ["new", "mapping", "Order Completed", "--to", "acme", "--workspace", str(root)]
    )
    commit(root)
    change(root, "connectors/acme/actions.yaml", "/v1/events", "/v2/events")
    change(root, "connectors/acme/tests/track.acme.yaml", "/v1/events", "/v2/events")
    found = payloads(root)["changed"]
    assert {one["mapping"] for one in found} == {"order_completed.acme"}
    assert found[0]["differences"][0]["got"] == "https://api.acme.example/v2/events"


def test_secrets_are_shown_by_their_names_only(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CliRunner().invoke(paceline_command, ["new", "connector", "acme", "--workspace", str(root)])
    CliRunner().invoke(
        paceline_command, ["new", "mapping", "Order Completed", "--to", "acme", "--workspace", str(root)]
    )
    integration = INTEGRATION.replace("webhook", "acme").replace("sales", "mail").replace(".hook]", ".acme]")
    settings = 'settings: {api_key: "${env:ACME_KEY}"}\n'
    (root / "integrations/mail.yaml").write_text(integration.partition("settings:")[0] + settings)
    monkeypatch.setenv("ACME_KEY", "very-secret-indeed")
    text = run(root, "--json").stdout
    assert "very-secret" not in text
    assert '"authorization": "Bearer [api_key]"' in text.replace("Authorization", "authorization")


def test_basic_credentials_are_readable_names(root: Path) -> None:
    CliRunner().invoke(paceline_command, ["new", "connector", "acme", "--workspace", str(root)])
    auth = "{type: basic, username: shop, password_setting: api_key}"
    change(root, "connectors/acme/manifest.yaml", "{type: bearer, token_setting: api_key}", auth)
    CliRunner().invoke(
        paceline_command, ["new", "mapping", "Order Completed", "--to", "acme", "--workspace", str(root)]
    )
    assert "Basic shop:[api_key]" in run(root, "--json").stdout


def test_new_mapping_shows_what_it_sends(root: Path) -> None:
    mapping = (root / "mappings/order_completed.hook.yaml").read_text()
    (root / "mappings/order_completed.copy.yaml").write_text(mapping.replace(".hook", ".copy"))
    found = payloads(root)["changed"]
    assert {one["mapping"] for one in found} == {"order_completed.copy"}
    assert all(one["before"] is None for one in found)


def test_comparison_is_with_the_commit_where_the_branch_began(root: Path) -> None:
    git(root.parent, "branch", "main-line")
    change_mapping(root, "kind: = order", "kind: = sale")
    commit(root)
    git(root.parent, "checkout", "-q", "main-line")
    change_mapping(root, "total: $.properties.total", "amount: $.properties.total")
    commit(root)
    git(root.parent, "branch", "base")
    git(root.parent, "checkout", "-q", "-")
    paths = [one["path"] for one in payloads(root, "--base", "base")["changed"][0]["differences"]]
    assert paths == ["/requests/0/body/kind"]


def test_markdown_shows_a_table_that_values_cannot_break(root: Path) -> None:
    change_mapping(root, "kind: = order", "kind: '\"a|b`c<d>\"'")
    text = run(root, "--markdown").stdout
    assert "### Vendor payloads that change since `HEAD`: 1 payload of 3 compared" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| `/requests/0/body/kind`")]
    assert row.replace("\\|", "").count("|") == 4


def test_text_is_for_people(root: Path) -> None:
    change_mapping(root, "kind: = order", "kind: = sale")
    result = run(root)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "order_completed.hook -> sales",
        "  samples/order.json: 1 value differs",
        "    /requests/0/body/kind",
        '      - "order"',
        '      + "sale"',
    ]


def test_sample_is_read_from_both_sides(root: Path) -> None:
    (root / "samples/order.json").write_text(SAMPLE.replace('"total": 5', '"total": 7'))
    assert payloads(root)["changed"] == []
