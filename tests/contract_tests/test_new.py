"""`paceline new`: what it writes passes the checks and the tests, and what is not sure stays open."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from contract_workspaces import write_contract_workspace

from paceline.cli.main import paceline_command
from paceline.contracts.validation import compile_schema
from paceline.errors import UnknownNameError, UsageError
from paceline.workspace.load import load_workspace

SHOP = Path(__file__).parents[2] / "examples" / "shop"


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(paceline_command, [*map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The example, to which files can be added."""
    ignored = shutil.ignore_patterns(".paceline")
    return Path(shutil.copytree(SHOP, tmp_path / "shop", ignore=ignored))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_contract_workspace(tmp_path / "w")


def errors(folder: Path) -> list[str]:
    found = json.loads(run("check", folder, "--json").stdout)["findings"]
    return [f"{one['code']} {one['message']}" for one in found if one["severity"] == "error"]


def connector_without_mappings(folder: Path, old: str, new: str) -> None:
    """A connector `acme` in the workspace, with one thing changed in its actions."""
    run("new", "connector", "acme", "--workspace", folder)
    shutil.rmtree(folder / "connectors/acme/mappings")
    shutil.rmtree(folder / "connectors/acme/tests")
    actions = folder / "connectors/acme/actions.yaml"
    assert old in actions.read_text()
    actions.write_text(actions.read_text().replace(old, new))


def new_mapping(folder: Path, *arguments: str) -> Any:
    return json.loads(run("new", "mapping", *arguments, "--workspace", folder, "--json").stdout)


@pytest.mark.parametrize("event", ["Signed Up", "product_viewed", "Checkout Started", "Order Completed"])
def test_draft_passes_check_and_its_tests_notice_every_rule(shop: Path, event: str) -> None:
    connector_without_mappings(shop, "name: {type: string,", "name: {type: string, maxLength: 40,")
    made = new_mapping(shop, event, "--to", "acme.track_event", "--name", "draft.acme")
    assert made["default"] == ""
    assert not any(one["is_required"] for one in made["open"])
    assert errors(shop) == []
    outcome = json.loads(run("test", shop, "draft.acme", "--coverage", "--json").stdout)
    assert (outcome["failed"], outcome["coverage"]["share"]) == (0, 1.0)


@pytest.mark.parametrize(
    ("event", "to"),
    [("Signed Up", "ga4"), ("page", "customerio"), ("identify", "segment"), ("Product Viewed", "braze")],
)
def test_mapping_from_a_connectors_default_is_complete_or_check_says_what_is_open(
    shop: Path, event: str, to: str
) -> None:
    made = new_mapping(shop, event, "--to", to, "--name", f"new.{to}")
    assert made["default"] != ""
    is_open = any(one["is_required"] for one in made["open"])
    assert bool(errors(shop)) == is_open
    if not is_open:
        assert json.loads(run("test", shop, f"new.{to}", "--json").stdout)["failed"] == 0


def test_personal_data_is_left_out_of_fields_that_are_not_made_for_it(shop: Path) -> None:
    connector_without_mappings(shop, 'x-pii: ["*"]', "x-pii: []")
    made = new_mapping(shop, "Signed Up", "--to", "acme.track_event")
    text = (shop / "mappings/signed_up.acme.yaml").read_text()
    fields = yaml.safe_load(text)["fields"]
    assert not any("email" in str(rule) for rule in fields.values())
    assert [one["target"] for one in made["open"] if "email" in one["target"]] == ["properties.email"]
    assert "# properties.email: {value: $.properties.email, pii: [email]}" in text


def test_field_without_any_source_is_refused_by_check_until_it_is_decided(workspace: Path) -> None:
    connector_without_mappings(workspace, "required: [user_id,", "required: [loyalty_tier, user_id,")
    actions = workspace / "connectors/acme/actions.yaml"
    tier = "      properties:\n        loyalty_tier: {type: string, description: Their tier.}\n"
    actions.write_text(actions.read_text().replace("      properties:\n", tier, 1))
    made = new_mapping(workspace, "Order Completed", "--to", "acme.track_event")
    assert "loyalty_tier" in [one["target"] for one in made["open"] if one["is_required"]]
    assert any("loyalty_tier" in error for error in errors(workspace))
    text = (workspace / "mappings/order_completed.acme.yaml").read_text()
    assert "# TO DECIDE: loyalty_tier" in text
    assert "Their tier." in text


def test_connectors_own_mapping_is_taken_where_there_is_one(workspace: Path) -> None:
    run("new", "connector", "acme", "--workspace", workspace)
    made = new_mapping(workspace, "Order Completed", "--to", "acme")
    assert made["default"] == "track.acme"
    spec = load_workspace(workspace).mappings["order_completed.acme"]
    assert (spec.version, spec.from_.event, spec.from_.contract) == (1, "Order Completed", "^1.0")
    assert spec.fields["user_id"] == "$.userId!"


def test_samples_are_made_where_there_are_none_and_fit_the_contract(workspace: Path) -> None:
    (workspace / "samples/order.json").unlink()
    (workspace / "tests/order_completed.hook.yaml").unlink()
    made = new_mapping(workspace, "Order Completed", "--to", "webhook.send", "--name", "order_completed.archive")
    samples = [file for file in made["files"] if file.startswith("samples/")]
    assert samples == ["samples/order_completed.json", "samples/order_completed_least.json"]
    validator = compile_schema(load_workspace(workspace).contracts["order_completed"]["1.0.0"].schema)
    assert all(validator.is_valid(json.loads((workspace / file).read_text())) for file in samples)
    full = json.loads((workspace / samples[0]).read_text())
    assert full["userId"] == "customer-1001"
    assert len(full["properties"]["products"]) == 2


def test_same_samples_come_out_each_time(workspace: Path, tmp_path: Path) -> None:
    other = write_contract_workspace(tmp_path / "other")
    texts = []
    for folder in (workspace, other):
        (folder / "samples/order.json").unlink()
        (folder / "tests/order_completed.hook.yaml").unlink()
        new_mapping(folder, "Order Completed", "--to", "webhook.send", "--name", "order_completed.archive")
        texts.append((folder / "samples/order_completed.json").read_bytes())
    assert texts[0] == texts[1]


def test_nothing_is_overwritten(workspace: Path) -> None:
    with pytest.raises(UsageError, match="already"):
        new_mapping(workspace, "Order Completed", "--to", "webhook.send", "--name", "order_completed.hook")
    run("new", "connector", "acme", "--workspace", workspace)
    with pytest.raises(UsageError, match="already"):
        run("new", "connector", "acme", "--workspace", workspace)


def test_unknown_event_connector_and_action_name_the_nearest(workspace: Path) -> None:
    with pytest.raises(UnknownNameError, match="Order Complete"):
        new_mapping(workspace, "Order Complete", "--to", "webhook.send")
    with pytest.raises(UnknownNameError, match="webhok"):
        new_mapping(workspace, "Order Completed", "--to", "webhok.send")
    with pytest.raises(UnknownNameError, match="sned"):
        new_mapping(workspace, "Order Completed", "--to", "webhook.sned")


def test_new_connector_passes_check_and_its_own_tests(workspace: Path) -> None:
    run("new", "connector", "acme_mail", "--workspace", workspace)
    assert errors(workspace) == []
    quality = yaml.safe_load((workspace / "connectors/acme_mail/quality.yaml").read_text())
    assert set(quality["rules"].values()) == {"todo"}
    assert run("test", workspace, "--connector", "acme_mail", "--min-coverage", "100").exit_code == 0


def test_connector_cannot_have_a_name_that_is_no_name(workspace: Path) -> None:
    with pytest.raises(UsageError, match="Acme"):
        run("new", "connector", "../Acme", "--workspace", workspace)


@pytest.mark.parametrize("stage", ["sprint", "hybrid", "marathon"])
def test_new_integration_passes_check(workspace: Path, stage: str) -> None:
    run(
        "new", "integration", "archive", "--events", "order_completed.hook", "--stage", stage,
        "--workspace", workspace,
    )  # fmt: skip
    assert errors(workspace) == []
    written = load_workspace(workspace).integrations["archive"]
    assert written.stage == stage
    assert (written.expires is None) == (stage == "marathon")
    assert (workspace / "runbooks/archive.md").is_file()


def test_integration_of_two_vendors_is_refused(shop: Path) -> None:
    with pytest.raises(UsageError, match="one vendor"):
        run("new", "integration", "both", "--events", "page.ga4,page.segment", "--team", "growth", "--workspace", shop)


def pipeline(tmp_path: Path, system: str) -> Path:
    """A repository with a workspace in a folder, and the pipeline that was written for it."""
    (tmp_path / ".git").mkdir()
    workspace = write_contract_workspace(tmp_path / "shop")
    (file,) = json.loads(run("new", "ci", system, "--workspace", workspace, "--json").stdout)["files"]
    return tmp_path / file


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_pipeline_is_yaml_without_holes_and_knows_where_the_workspace_is(tmp_path: Path, system: str) -> None:
    text = pipeline(tmp_path, system).read_text()
    assert re.search(r"@[a-z_]+@", text) is None
    document = yaml.safe_load(text)
    job = document["jobs"]["paceline"] if system == "github" else document["paceline"]
    assert (job.get("env") or job.get("variables"))["WORKSPACE"] == "shop"


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_pipeline_only_calls_commands_and_options_that_exist(tmp_path: Path, system: str) -> None:
    text = pipeline(tmp_path, system).read_text()
    calls = re.findall(r"(?m)^[ -]*(?:run: )?(paceline [a-z].*?)(?: [|>]|$)", text)
    assert len(calls) >= 3
    for call in calls:
        arguments = [argument for argument in shlex.split(call)[1:] if not argument.startswith("${")]
        result = run(*arguments, "--help")
        assert result.exit_code == 0, f"{call}: {result.output}"


def test_pipeline_steps_succeed_on_a_good_workspace(tmp_path: Path) -> None:
    workspace = write_contract_workspace(tmp_path / "shop")
    assert run("check", workspace, "--format", "github").exit_code == 0
    assert run("test", workspace, "--junit", tmp_path / "t.xml", "--min-coverage", "90").exit_code == 0
