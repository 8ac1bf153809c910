"""`paceline import rudderstack`: destinations become integrations that pass the checks; no secret becomes a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from paceline.assemble.contract_tests.run import run_suite
from paceline.assemble.contract_tests.suite import workspace_suite
from paceline.assemble.mapping_trial import does_the_same
from paceline.assemble.opening import open_workspace
from paceline.cli.main import paceline_command
from paceline.connectors.catalog import Catalog
from paceline.errors import UsageError
from paceline.workspace.load import load_workspace

WEB = {"id": "s1", "name": "Web", "writeKey": "x"}
SEGMENT = {"id": "d1", "name": "To Segment", "type": "SEGMENT", "enabled": True, "config": {"writeKey": "SECRET-1"}}
CUSTOMERIO = {
    "id": "d2",
    "name": "Customer IO Dev",
    "enabled": True,
    "destinationDefinition": {"name": "CUSTOMERIO"},
    "config": {"apiKey": "SECRET-2", "siteID": "SECRET-3", "datacenter": "EU", "deviceTokenEventName": "token_told"},
}
WEBHOOK = {
    "id": "d3",
    "name": "Hook",
    "type": "WEBHOOK",
    "config": {
        "webhookUrl": "https://hooks.example.com/in",
        "webhookMethod": "PUT",
        "headers": [{"from": "X-Key", "to": "SECRET-4"}, {"from": "", "to": ""}],
        "somethingNew": "SECRET-5",
    },
}
GA4 = {
    "id": "d4",
    "name": "Analytics",
    "type": "GA4",
    "config": {"apiSecret": "SECRET-6", "measurementId": "G-ABC123", "typesOfClient": "gtag"},
    "transformations": [{"name": "strip emails"}],
}
EVERYTHING = {"sources": [WEB | {"destinations": [SEGMENT, CUSTOMERIO, WEBHOOK, GA4]}]}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    run("init", folder)
    return folder


def run(*arguments: str | Path) -> Result:
    """Run a command; errors that are for the user are raised."""
    result = CliRunner().invoke(paceline_command, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run_import(shop: Path, document: object, *options: str) -> Result:
    file = shop.parent / "export.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return run("import", "rudderstack", file, "--workspace", shop, "--team", "growth", *options)


def imported(shop: Path, document: object, *options: str) -> dict[str, Any]:
    result = run_import(shop, document, "--json", *options)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_imported_workspace_passes_check_and_its_tests(shop: Path) -> None:
    imported(shop, EVERYTHING)
    checked = run("check", shop)
    assert checked.exit_code == 0, checked.output
    results = run_suite(workspace_suite(open_workspace(shop, {})))
    assert [result.name for result in results if not result.has_passed] == []


def test_imported_mappings_do_what_the_destination_does(shop: Path) -> None:
    imported(shop, EVERYTHING)
    workspace, catalog = load_workspace(shop), Catalog(with_entry_points=False)
    for name, given in {"to_segment": SEGMENT, "customer_io_dev": CUSTOMERIO, "hook": WEBHOOK}.items():
        integration = workspace.integrations[name]
        _, destination = catalog.read_rudderstack(integration.connector, given["config"])  # type: ignore[arg-type]
        asked = destination.integrations[0].mappings
        connector = catalog.load(integration.connector)
        for original, written in zip(asked, integration.events, strict=True):
            assert does_the_same(original, workspace.mappings[written], connector), written


def test_no_secret_is_written_or_printed(shop: Path) -> None:
    result = run_import(shop, EVERYTHING)
    assert result.exit_code == 0
    written = [path.read_text(encoding="utf-8") for path in shop.rglob("*") if path.is_file()]
    assert not any("SECRET-" in text for text in [*written, result.output])


def test_every_credential_is_a_reference_whose_variable_is_told(shop: Path) -> None:
    told = imported(shop, EVERYTHING)
    variables = {one["variable"] for one in told["secrets"]}
    assert variables == {
        *("TO_SEGMENT_WRITE_KEY", "CUSTOMER_IO_DEV_SITE_ID", "CUSTOMER_IO_DEV_API_KEY"),
        *("HOOK_HEADERS_X_KEY", "ANALYTICS_API_SECRET"),
    }
    settings = load_workspace(shop).integrations["hook"].settings
    assert settings == {
        "url": "https://hooks.example.com/in",
        "method": "PUT",
        "headers": {"X-Key": "${env:HOOK_HEADERS_X_KEY}"},
    }


def test_integration_has_owner_stage_and_end(shop: Path) -> None:
    imported(shop, SEGMENT, "--stage", "hybrid", "--expires", "2027-01-15")
    made = load_workspace(shop).integrations["to_segment"]
    assert (made.owner.team, made.stage, made.expires) == ("growth", "hybrid", "2027-01-15")
    assert made.migration is not None
    assert (shop / made.migration.plan).is_file()
    assert made.runbook is not None
    assert "TO_SEGMENT_WRITE_KEY" in (shop / made.runbook).read_text(encoding="utf-8")


def test_marathon_reads_the_bus_and_has_no_end(shop: Path) -> None:
    imported(shop, SEGMENT, "--stage", "marathon")
    made = load_workspace(shop).integrations["to_segment"]
    assert (made.route, made.expires, made.migration) == ("bus", None, None)


def test_dry_run_writes_nothing(shop: Path) -> None:
    before = sorted(shop.rglob("*"))
    told = imported(shop, EVERYTHING, "--dry-run")
    assert "integrations/hook.yaml" in told["to_write"]
    assert sorted(shop.rglob("*")) == before


def test_second_import_changes_nothing_and_fails(shop: Path) -> None:
    imported(shop, SEGMENT)
    before = {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()}
    result = run_import(shop, SEGMENT)
    assert result.exit_code == 1
    assert "imported before, as integrations/to_segment.yaml" in result.stderr
    assert {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()} == before


def test_integration_of_the_same_name_stays_as_it_is(shop: Path) -> None:
    there = (shop / "integrations/ga4_web.yaml").read_bytes()
    told = imported(shop, GA4 | {"name": "GA4 web"})
    assert told["integrations"] == ["ga4_web_2"]
    assert (shop / "integrations/ga4_web.yaml").read_bytes() == there


def test_destination_that_is_switched_off_is_left_out_unless_asked_for(shop: Path) -> None:
    off = SEGMENT | {"enabled": False}
    assert imported(shop, off, "--dry-run")["left_out"] == ["To Segment"]
    told = imported(shop, off, "--with-disabled")
    assert told["integrations"] == ["to_segment"]
    assert any("switched off" in loss["message"] for loss in told["losses"])


def test_transformations_and_unknown_settings_are_listed(shop: Path) -> None:
    told = imported(shop, [GA4, WEBHOOK])
    messages = "\n".join(loss["message"] for loss in told["losses"])
    assert "'strip emails'" in messages
    assert "the setting somethingNew" in messages


def test_destination_that_no_connector_reads_is_named_and_the_others_are_imported(shop: Path) -> None:
    result = run_import(shop, [{"name": "Odd", "type": "FOO", "config": {}}, SEGMENT])
    assert result.exit_code == 1
    assert "Odd: no connector reads destinations of type FOO" in result.stderr
    assert (shop / "integrations/to_segment.yaml").is_file()


def test_configuration_that_cannot_work_is_named(shop: Path) -> None:
    result = run_import(shop, GA4 | {"config": {"apiSecret": "s", "typesOfClient": "firebase"}})
    assert result.exit_code == 1
    assert "Analytics: firebaseAppId: the destination has no firebaseAppId" in result.stderr


def test_personal_data_that_flows_is_declared_and_told(shop: Path) -> None:
    told = imported(shop, WEBHOOK)
    assert "identify.webhook: body.*: device_id, email, ip, name, user_id" in told["personal_data"]


def test_file_that_is_no_export_is_refused_with_what_was_expected(shop: Path) -> None:
    with pytest.raises(UsageError, match="no destination of RudderStack"):
        run_import(shop, {"hello": 1})


def test_day_that_is_none_is_refused(shop: Path) -> None:
    with pytest.raises(UsageError, match="'soon' is no day"):
        run_import(shop, SEGMENT, "--expires", "soon")
