"""The exchange commands, as a person or a script calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from order_contracts import order_completed, signed_up
from workspaces import write_settings

from paceline.cli.main import paceline_command
from paceline.errors import PacelineError, UnknownNameError, UsageError
from paceline.exchange.contract_text import contract_path, contract_text
from paceline.workspace.load import load_workspace

RULE = {"type": "TRACK", "key": "Cart Viewed", "version": 1,
        "jsonSchema": {"description": "Seen.", "properties": {"properties": {"required": ["cart_id"]}}}}  # fmt: skip


def run(*arguments: str | Path, stdin: str = "") -> Result:
    """Run a command; errors that are for the user are raised."""
    result = CliRunner().invoke(paceline_command, [str(argument) for argument in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with one team and three contract versions."""
    root = write_settings(tmp_path / "shop")
    (root / "teams.yaml").write_text("teams: {growth: {people: [{name: A, time_zone: Etc/UTC}], on_call: nobody}}\n")
    for contract in (order_completed("1.1.0"), order_completed(), signed_up()):
        path = root / contract_path(contract)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contract_text(contract))
    return root


def test_tracking_plan_is_imported_and_a_second_time_nothing_changes(shop: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"data": {"rules": [RULE]}}))
    first = run("import", "tracking-plan", plan, "--workspace", shop)
    assert first.stdout == "written contracts/cart_viewed/1.0.0.yaml\n"
    assert load_workspace(shop).contracts["cart_viewed"]["1.0.0"].owner.team == "growth"
    again = run("import", "tracking-plan", plan, "--workspace", shop)
    assert again.stdout == "unchanged contracts/cart_viewed/1.0.0.yaml\n"


def test_dry_run_writes_nothing(shop: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps([RULE]))
    result = run("import", "tracking-plan", plan, "--workspace", shop, "--dry-run")
    assert result.stdout == "would be written contracts/cart_viewed/1.0.0.yaml\n"
    assert not (shop / "contracts/cart_viewed").exists()


def test_contract_that_is_there_is_never_overwritten(shop: Path, tmp_path: Path) -> None:
    rule = {**RULE, "key": "Order Completed"}
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps([rule, {**rule, "version": 2}]))
    (shop / "contracts/order_completed/1.0.0.yaml").write_text(contract_text(order_completed("1.0.0")))
    before = (shop / "contracts/order_completed/1.0.0.yaml").read_text()
    result = run("import", "tracking-plan", plan, "--workspace", shop)
    assert result.exit_code == 1
    assert "refused contracts/order_completed/1.0.0.yaml" in result.stdout
    assert "written contracts/order_completed/2.0.0.yaml" in result.stdout
    assert (shop / "contracts/order_completed/1.0.0.yaml").read_text() == before


def test_unknown_team_is_refused(shop: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps([RULE]))
    with pytest.raises(UnknownNameError, match="growht"):
        run("import", "tracking-plan", plan, "--workspace", shop, "--team", "growht")


@pytest.mark.parametrize("text", ["{", "[1", "\x00"])
def test_file_that_is_no_json_is_refused_with_its_place(shop: Path, tmp_path: Path, text: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    with pytest.raises(UsageError, match=r"plan\.json:1:"):
        run("import", "tracking-plan", plan, "--workspace", shop)


def test_exported_iglu_registry_is_imported_again(shop: Path, tmp_path: Path) -> None:
    run("export", "iglu", shop, "--vendor", "com.acme", "--out", tmp_path / "registry")
    other = write_settings(tmp_path / "other")
    result = run("import", "iglu", tmp_path / "registry", "--workspace", other, "--json")
    written = sorted(json.loads(result.stdout)["written"])
    assert written == ["contracts/identify/1.0.0.yaml", "contracts/order_completed/1.2.0.yaml"]


def test_exported_data_contracts_are_imported_again_exactly(shop: Path, tmp_path: Path) -> None:
    run("export", "odcs", shop, "--all-versions", "--out", tmp_path / "odcs")
    files = sorted((tmp_path / "odcs").iterdir())
    assert [file.name for file in files] == [
        "identify-1.0.0.odcs.yaml",
        "order_completed-1.1.0.odcs.yaml",
        "order_completed-1.2.0.odcs.yaml",
    ]
    other = write_settings(tmp_path / "other")
    (other / "teams.yaml").write_text((shop / "teams.yaml").read_text())
    run("import", "odcs", *files, "--workspace", other)
    assert load_workspace(other).contracts == load_workspace(shop).contracts


def test_export_writes_to_standard_output_and_losses_to_standard_error(shop: Path) -> None:
    result = run("export", "odcs", shop, "--contract", "order_completed")
    assert yaml.safe_load(result.stdout)["version"] == "1.2.0"
    assert "order_completed 1.2.0#/properties/properties/properties/attributes" in result.stderr


def test_strict_export_fails_when_something_is_lost(shop: Path) -> None:
    assert run("export", "odcs", shop, "--strict").exit_code == 1
    assert run("export", "jsonschema", shop, "--strict").exit_code == 0


def test_asyncapi_document_has_the_workspaces_name(shop: Path) -> None:
    document = yaml.safe_load(run("export", "asyncapi", shop).stdout)
    assert document["info"]["title"] == "tests"


def test_unknown_contract_gets_the_nearest_name(shop: Path) -> None:
    with pytest.raises(UnknownNameError, match="order_completed"):
        run("export", "jsonschema", shop, "--contract", "order_complete")


@pytest.mark.parametrize("language", ["typescript", "python"])
def test_generated_file_is_checked_in_ci(shop: Path, tmp_path: Path, language: str) -> None:
    out = tmp_path / "events"
    assert run("codegen", language, shop, "--out", out, "--check").exit_code == 1
    assert not out.exists()
    assert run("codegen", language, shop, "--out", out).exit_code == 0
    assert run("codegen", language, shop, "--out", out, "--check").exit_code == 0
    assert "order_completed 1.2.0  sha256:" in out.read_text()


def test_contracts_are_inferred_from_json_lines(tmp_path: Path) -> None:
    events = "\n".join(json.dumps({"event": "A", "properties": {"n": n}}) for n in range(40))
    result = run("infer", "--team", "growth", "--workspace", tmp_path, stdin=events)
    contract = yaml.safe_load(result.stdout)
    assert contract["schema"]["properties"]["properties"]["required"] == ["n"]
    assert "confidence 92%" in result.stderr


def test_inferred_contracts_are_written_and_pass_the_check(shop: Path, tmp_path: Path) -> None:
    samples = tmp_path / "events.json"
    samples.write_text(json.dumps([{"event": "A", "properties": {"n": n}} for n in range(40)]))
    assert run("infer", samples, "--workspace", shop, "--write").stdout == "written contracts/a/1.0.0.yaml\n"
    assert load_workspace(shop).findings == ()


def test_nothing_to_infer_from_is_a_failure(tmp_path: Path) -> None:
    assert run("infer", "--team", "x", "--workspace", tmp_path, stdin="[]").exit_code == 1


def test_line_that_is_no_json_is_refused_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(PacelineError, match="-:2"):
        run("infer", "--team", "x", "--workspace", tmp_path, stdin='{"event": "A"}\n{\n')


def test_release_writes_the_lock_and_a_second_one_adds_nothing(shop: Path) -> None:
    assert run("contracts", "release", "--workspace", shop).stdout.count("released ") == 3
    lock = (shop / "contracts.lock").read_text()
    assert lock.splitlines()[2].startswith("identify 1.0.0 sha256:")
    assert run("contracts", "release", "--workspace", shop).stdout == ""
    assert (shop / "contracts.lock").read_text() == lock


def test_changed_release_is_refused_and_stays_in_the_lock(shop: Path) -> None:
    run("contracts", "release", "--workspace", shop)
    file = shop / "contracts/order_completed/1.2.0.yaml"
    file.write_text(file.read_text().replace("minLength: 1", "minLength: 2"))
    result = run("contracts", "release", "--workspace", shop)
    assert result.exit_code == 1
    assert "PL407" in result.stdout


def test_release_order_is_kept_when_an_old_version_gets_a_patch(shop: Path) -> None:
    run("contracts", "release", "--workspace", shop)
    (shop / "contracts/order_completed/1.1.1.yaml").write_text(contract_text(order_completed("1.1.1")))
    run("contracts", "release", "--workspace", shop)
    versions = [
        line.split()[1] for line in (shop / "contracts.lock").read_text().splitlines() if line.startswith("order")
    ]
    assert versions == ["1.1.0", "1.2.0", "1.1.1"]


def test_list_shows_what_is_open_released_and_deprecated(shop: Path) -> None:
    run("contracts", "release", "order_completed", "--workspace", shop)
    states = {
        row["contract"]: row["state"]
        for row in json.loads(run("contracts", "list", "--workspace", shop, "--json").stdout)
    }
    assert states == {"identify": "deprecated, until 2027-01-01", "order_completed": "released"}


def compat(*rows: object) -> list[dict[str, object]]:
    result = run("compat", stdin="".join(json.dumps(row) + "\n" for row in rows))
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_compat_answers_every_row_in_order() -> None:
    wide, narrow = {"type": ["string", "null"]}, {"type": "string"}
    rows = [
        {"original_schema": narrow, "update_schema": wide},
        {"original_schema": wide, "update_schema": narrow},
        {"original_schema": wide, "update_schema": narrow, "mode": "FORWARD", "policy": "lenient"},
        {"original_schema": {"type": "strnig"}, "update_schema": narrow},
        {"original_schema": wide, "update_schema": narrow, "mode": "SIDEWAYS"},
        {"update_schema": narrow},
        7,
    ]
    answers = compat(*rows)
    assert [answer.get("verdict", "error") for answer in answers] == [
        "compatible", "incompatible", "compatible", "error", "error", "error", "error",
    ]  # fmt: skip
    assert answers[1]["counterexample"]["event"] is None  # type: ignore[index]  # an object
    assert all(answer.get("verdict") or answer["error"]["what"] for answer in answers)  # type: ignore[index]  # objects
