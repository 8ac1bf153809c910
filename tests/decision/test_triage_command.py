"""`paceline triage` and `paceline import backlog`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from decision_requests import changed, known_case

from paceline.cli.import_ import command as import_command
from paceline.cli.triage import command
from paceline.errors import UsageError, WorkspaceError

SHOP = Path(__file__).parents[2] / "examples" / "shop"


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def write(folder: Path, *rows: object) -> Path:
    file = folder / "backlog.yaml"
    file.write_text(yaml.safe_dump({"requests": list(rows)}, sort_keys=False))
    return file


def test_example_shop_is_tagged_and_its_workspace_is_the_evidence() -> None:
    status, output = invoke(str(SHOP), "--json")
    found = json.loads(output)
    assert status == 1
    assert {ticket["request"]: ticket["tag"] for ticket in found["tickets"]} == {
        "holiday_dashboard": "sprint",
        "personalized_email": "hybrid",
        "purchases_for_ads": "marathon",
        "support_sees_orders": "marathon",
        "loyalty_points": "not_ready",
    }
    report = found["reports"]["personalized_email"]
    assert report["expiry"]["weeks"] == 12
    used = {fact["path"]: fact["evidence"] for fact in report["known"] if fact["is_used"]}
    assert used["schema"][0].startswith("contracts/signed_up/1.0.0.yaml:")
    assert used["shared.review_days"][0].startswith("teams.yaml:")
    others = {fact["path"]: fact["evidence"] for fact in found["reports"]["holiday_dashboard"]["known"]}
    assert others["existing.similar_adapters"][0].startswith("mappings/order_completed.webhook.yaml:")
    for places in used.values():
        for place in places:
            file, _, line = place.partition(":")
            assert 1 <= int(line) <= len((SHOP / file).read_text().splitlines())


def indebted(folder: Path) -> Path:
    """The shop, with an adapter of four untested defaults and no note on one event."""
    root = shutil.copytree(SHOP, folder / "shop", ignore=shutil.ignore_patterns(".paceline"))
    fields = "".join(f"  attributes.a{n}: $.properties.a{n} ?? {n}\n" for n in range(40))
    head = "mapping: cart_viewed.crm\nversion: 1\nfrom: {event: Cart Viewed}\n"
    target = "to: {connector: customerio, action: track_event}\nfields:\n"
    given = "  identifiers.id: $.userId!\n  name: = cart_viewed\n"
    (root / "mappings/cart_viewed.crm.yaml").write_text(head + target + given + fields)
    file = root / "integrations/customerio_onboarding.yaml"
    file.write_text(file.read_text().replace("events:\n", "events:\n  - cart_viewed.crm\n", 1))
    assert "cart_viewed.crm" in file.read_text()
    row = changed(known_case(), lambda row: row.update(events=["Cart Viewed"], vendor="webhook"))
    for key in ("platform_owner", "owner"):
        row.pop(key, None)
    row["owner"] = {"team": "growth", "role": "maintainer"}
    row["request"] = "cart_reminders"  # what was built for a request would be no reason against it
    write(root, row)
    return root


def test_sprint_on_events_that_are_deep_in_debt_is_closed_by_the_measured_grade(tmp_path: Path) -> None:
    root = indebted(tmp_path)
    _, output = invoke(str(root), "--json")
    (report,) = json.loads(output)["reports"].values()
    (fact,) = [fact for fact in report["known"] if fact["path"] == "existing.debt_grade"]
    assert fact["is_used"]
    assert fact["value"] in ("D", "E")
    assert fact["evidence"][0].startswith("mappings/cart_viewed.crm.yaml:")
    (gate,) = [gate for gate in report["gates"] if gate["id"] == "G8"]
    assert (gate["state"], gate["blocks"]) == ("failed", ["sprint"])
    assert "G8" in report["options"][0]["blocked_by"]


def test_broken_file_does_not_open_the_gate_of_debt(tmp_path: Path) -> None:
    root = indebted(tmp_path)
    (root / "mappings/page.ga4.yaml").write_text("mapping: [")
    _, output = invoke(str(root), "--json")
    (report,) = json.loads(output)["reports"].values()
    assert [gate["state"] for gate in report["gates"] if gate["id"] == "G8"] == ["failed"]


def test_calibration_of_the_workspace_corrects_guesses(tmp_path: Path) -> None:
    root = shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns(".paceline"))
    correction = {"input": "marathon_days", "factor": 1.2, "cases": 9, "is_used": True, "late": 2.0}
    (root / "calibration.yaml").write_text(
        yaml.safe_dump({"made": "2026-11-20", "cases": 9, "corrections": [correction]})
    )
    write(root, changed(known_case(), lambda row: row.update(owner={"team": "growth", "role": "maintainer"})))
    _, output = invoke(str(root), "--json")
    (report,) = json.loads(output)["reports"].values()
    assert report["inputs"]["marathon_days"]["correction"] == 1.2
    assert report["inputs"]["marathon_days"]["stated"] == [48.0, 56.0, 84.0]


def test_request_that_is_wrong_stops_no_other_and_has_its_place(tmp_path: Path) -> None:
    wrong = changed(known_case(), lambda row: row.update(request="wrong", deadline="2020-01-01"))
    file = write(tmp_path, wrong, known_case())
    status, output = invoke(str(file))
    assert status == 1
    assert "2 requests: 1 hybrid, 1 not ready" in output
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if "2020-01-01" in text)
    assert f"backlog.yaml:{line} deadline: correct one of both" in " ".join(output.split())


def test_everything_ready_is_status_0(tmp_path: Path) -> None:
    assert invoke(str(write(tmp_path, known_case())))[0] == 0


def test_fault_in_the_shared_part_stops_everything_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "backlog.yaml"
    file.write_text(yaml.safe_dump({"shared": {"hourly_rate": 3}, "requests": [known_case()]}))
    with pytest.raises(WorkspaceError) as raised:
        invoke(str(file))
    assert raised.value.findings[0].line


def test_team_that_teams_yaml_does_not_have_is_not_ready(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(SHOP, shop, ignore=shutil.ignore_patterns(".paceline"))
    (shop / "backlog.yaml").write_text(
        (shop / "backlog.yaml").read_text().replace("owner: {team: growth, role: maintainer}", "owner: {team: grwoth}")
    )
    output = " ".join(invoke(str(shop))[1].split())
    assert "personalized_email: backlog.yaml:" in output
    assert "owner.team: did you mean 'growth'?" in output


def test_workspace_without_a_backlog_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "paceline.yaml").write_text("workspace: x\nsources: {}\n")
    with pytest.raises(UsageError) as raised:
        invoke(str(tmp_path))
    assert "paceline import backlog" in raised.value.remedy


def test_files_are_written_and_a_place_that_cannot_be_is_told(tmp_path: Path) -> None:
    file = write(tmp_path, known_case())
    invoke(str(file), "--csv", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_bytes().startswith(b"Summary,Title,")
    with pytest.raises(UsageError, match="cannot be written"):
        invoke(str(file), "--csv", str(tmp_path / "none" / "out.csv"))


def test_other_processes_give_the_same_bytes() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-m", "paceline", "triage", str(SHOP), style],
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": seed},
            check=False,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
        for style in ("--json",)
    }
    assert len(answers) == 1
    assert len(answers.pop()) > 10_000


def test_tickets_are_imported_beside_what_is_there(tmp_path: Path) -> None:
    file = write(tmp_path, known_case())
    export = tmp_path / "export.csv"
    export.write_text("Issue key,Summary,Created\nGROW-1,one,2026-11-02\npersonalized_email,two,2026-11-02\n")
    arguments = ["backlog", str(export), "--out", str(file), "--json"]
    dry = json.loads(CliRunner().invoke(import_command, [*arguments, "--dry-run"]).stdout)
    assert (dry["added"], dry["kept"]) == (["GROW-1"], ["personalized_email"])
    assert "GROW-1" not in file.read_text()
    done = CliRunner().invoke(import_command, arguments)
    assert done.exit_code == 0
    requests = yaml.safe_load(file.read_text())["requests"]
    assert [request["request"] for request in requests] == ["personalized_email", "GROW-1"]
    assert requests[0]["outcome"] == known_case()["outcome"]
