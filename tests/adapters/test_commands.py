"""Adapters on the command line: drafted from a sample, tested, covered and run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from golden_workspaces import BASE, check_folder

from paceline.cli.main import paceline_command

SAMPLE = {
    "data": [
        {
            "eventType": "invitee.created",
            "event_id": "e-1",
            "createdAt": 1795000000,
            "payload": {"email": "a@b.example"},
        }
    ]
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    shutil.copytree(BASE, tmp_path / "base")
    (tmp_path / "sample.json").write_text(json.dumps(SAMPLE))
    return tmp_path / "base"


def run(*arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(paceline_command, [str(one) for one in arguments], input=stdin, catch_exceptions=False)


def draft(workspace: Path, *more: str) -> Result:
    return run("new", "adapter", "calendly", workspace.parent / "sample.json", "--workspace", workspace, *more)


def use(workspace: Path) -> None:
    settings = workspace / "paceline.yaml"
    source = "  bookings: {webhook: {scheme: token, secret: '${env:T}', adapter: calendly}}\n"
    settings.write_text(settings.read_text() + source)
    integration = workspace / "integrations/mailing.yaml"
    integration.write_text(integration.read_text().replace("[web]", "[web, bookings]"))


def test_drafted_adapter_passes_its_test_and_the_check(workspace: Path):
    assert draft(workspace).exit_code == 0
    use(workspace)
    assert run("test", workspace, "adapters/calendly").exit_code == 0
    assert check_folder(workspace) == ()


def test_draft_finds_who_when_and_which(workspace: Path):
    found = json.loads(draft(workspace, "--json").stdout)["found"]
    assert found == {
        "messageId": "$.item.event_id",
        "timestamp": "try($.item.createdAt | number | from_unix_secs)",
        "context.traits.email": "$.item.payload.email",
        "event": "$.item.eventType",
    }


def test_draft_carries_every_field_over(workspace: Path):
    fields = json.loads(draft(workspace, "--json").stdout)["fields"]
    assert {field["state"] for field in fields} == {"carried"}


def test_draft_overwrites_nothing(workspace: Path):
    draft(workspace)
    from paceline.errors import UsageError

    with pytest.raises(UsageError, match="there already"):
        draft(workspace)


def test_broken_expectation_fails_the_test_and_can_be_rewritten(workspace: Path):
    draft(workspace)
    use(workspace)
    tests = workspace / "tests/adapters/calendly.yaml"
    tests.write_text(tests.read_text().replace("a@b.example", "other@b.example", 1))
    assert run("test", workspace, "adapters/calendly").exit_code == 1
    assert run("test", workspace, "adapters/calendly", "--update").exit_code == 0
    assert run("test", workspace, "adapters/calendly").exit_code == 0


def test_coverage_names_what_is_not_carried(workspace: Path):
    draft(workspace)
    file = workspace / "adapters/calendly.yaml"
    file.write_text(file.read_text().replace("properties: $.item", "properties.kind: $.item.eventType"))
    result = run("adapter", "coverage", "calendly", "--workspace", workspace, "--json")
    assert json.loads(result.stdout)["percent"] == 100
    file.write_text(file.read_text().replace("context.traits.email: $.item.payload.email", "context.traits.x: = 1"))
    result = run("adapter", "coverage", "calendly", "--workspace", workspace, "--min-coverage", "90")
    assert result.exit_code == 1
    assert "$.body.data[*].payload.email" in result.stdout
    file.write_text(file.read_text() + "left_out: {$.body.data.payload: nobody needs it}\n")
    result = run("adapter", "coverage", "calendly", "--workspace", workspace, "--min-coverage", "90")
    assert result.exit_code == 0
    assert "nobody needs it" in result.stdout


def test_run_answers_every_line_in_its_order():
    lines = [
        {"body": [{"event": "open", "sg_event_id": "1"}], "now_ms": 1795000000000},
        {"body": []},
        {"body": [{"event": 7}]},
        {"nobody": 1},
    ]
    result = run("adapter", "run", "sendgrid", stdin="".join(json.dumps(line) + "\n" for line in lines) + "not json\n")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert answers[0]["events"][0]["event"] == "Email Opened"
    assert answers[0]["events"][0]["timestamp"] == "2026-11-18T11:06:40.000Z"
    assert [next(iter(answer)) for answer in answers] == ["events", "filtered", "refused", "error", "error"]


def test_list_names_all_that_come_along():
    listed = json.loads(run("adapter", "list", "--json").stdout)
    assert {"stripe", "shopify", "generic"} <= {one["adapter"] for one in listed}


def test_adapter_of_the_workspace_wins_over_one_that_comes_along(workspace: Path):
    run("new", "adapter", "stripe", workspace.parent / "sample.json", "--workspace", workspace)
    listed = json.loads(run("adapter", "list", "--json", "--workspace", workspace).stdout)
    assert next(one for one in listed if one["adapter"] == "stripe")["own"] is True


def test_unknown_adapter_is_told_with_the_nearest():
    from paceline.errors import UnknownNameError

    with pytest.raises(UnknownNameError, match="strip") as caught:
        run("adapter", "coverage", "strip")
    assert "stripe" in caught.value.remedy
