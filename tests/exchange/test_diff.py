"""`paceline diff` says what changed since a revision, whom it breaks and with which event."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from order_contracts import order_completed
from workspaces import write_webhooks

from paceline.cli.main import paceline_command
from paceline.contracts.validation import compile_schema
from paceline.errors import UsageError
from paceline.exchange.contract_text import contract_path, contract_text
from paceline.model.contract import ContractFile, Deprecation, Owner


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def write(root: Path, contract: ContractFile) -> None:
    (root / contract_path(contract)).parent.mkdir(parents=True, exist_ok=True)
    (root / contract_path(contract)).write_text(contract_text(contract))


def order(version: str, **payload: object) -> ContractFile:
    schema = {"type": "object", "properties": {"properties": {"type": "object", "required": ["total"], **payload}}}
    return order_completed(version, schema=schema, owner=Owner(team="tests"))


TOTAL = {"total": {"type": "number"}}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository in which the workspace is a folder; its contract is used by two integrations."""
    root = write_webhooks(tmp_path / "repository" / "shop", max_in_flight=1)
    write(root, order("1.0.0", properties=TOTAL))
    git(tmp_path / "repository", "init", "-q")
    git(tmp_path / "repository", "add", "-A")
    git(tmp_path / "repository", "commit", "-q", "-m", "first")
    return root


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(paceline_command, ["diff", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def changes(root: Path, revision: str = "HEAD") -> list[dict[str, Any]]:
    return list(json.loads(run(revision, "--workspace", root, "--json").stdout)["changes"])


def test_without_changes_there_is_nothing_to_say(repository: Path) -> None:
    assert changes(repository) == []
    assert run("--workspace", repository).exit_code == 0


def test_breaking_version_comes_with_its_event_and_everybody_who_uses_it(repository: Path) -> None:
    write(repository, order("2.0.0", properties={"total": {"type": "number", "minimum": 10}}))
    (change,) = changes(repository)
    event = change["backward"]["counterexample"]["event"]
    assert compile_schema(order("1.0.0", properties=TOTAL).schema).is_valid(event)
    assert not compile_schema(order("2.0.0", properties={"total": {"minimum": 10}}).schema).is_valid(event)
    assert (change["kind"], change["since"], change["bump"]) == ("new_version", "1.0.0", "major")
    assert [(one["integration"], one["owner"]) for one in change["consumers"]] == [
        ("send_lane", "tests"),
        ("send_batch_lane", "tests"),
    ]
    assert (change["owner"], change["on_call"]) == ("tests", "nobody")
    assert run("--workspace", repository).exit_code == 1


def test_version_that_only_adds_does_not_fail(repository: Path) -> None:
    write(repository, order("1.1.0", properties={**TOTAL, "coupon": {"type": "string"}}))
    (change,) = changes(repository)
    assert (change["backward"]["verdict"], change["bump"]) == ("compatible", "minor")
    assert run("--workspace", repository).exit_code == 0


def test_what_old_readers_do_not_understand_is_said_without_failing(repository: Path) -> None:
    write(repository, order("1.1.0", properties={"total": {"type": ["number", "null"]}}))
    (change,) = changes(repository)
    assert change["forward"]["verdict"] == "incompatible"
    assert "do not understand" in run("--workspace", repository).stdout


def test_edited_version_and_removed_version_break(repository: Path) -> None:
    write(repository, order("1.0.0", properties={"total": {"type": "integer"}}))
    assert [change["kind"] for change in changes(repository)] == ["edited"]
    git(repository, "checkout", "-q", ".")
    write(repository, order("1.1.0", properties=TOTAL))
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "second")
    (repository / "contracts/order_completed/1.0.0.yaml").unlink()
    assert [change["kind"] for change in changes(repository)] == ["removed"]


def test_breaking_changes_come_first(repository: Path) -> None:
    write(repository, order_completed("1.0.0", contract="aaa", event="Aaa", owner=Owner(team="tests")))
    write(repository, order("2.0.0", properties={"total": {"type": "string"}}))
    assert [change["contract"] for change in changes(repository)] == ["order_completed", "aaa"]


def test_deprecation_is_a_change(repository: Path) -> None:
    end = Deprecation(deprecated_since="2026-01-01", remove_after="2027-01-01", replacement="order_completed 2.0.0")
    contract = order("1.0.0", properties=TOTAL)
    fields = {
        name: getattr(contract, name) for name in ("contract", "version", "description", "owner", "event", "schema")
    }
    write(repository, ContractFile(**fields, deprecation=end))
    assert [change["kind"] for change in changes(repository)] == ["deprecated"]


def test_markdown_is_a_comment_for_a_pull_request(repository: Path) -> None:
    write(repository, order("2.0.0", properties={"total": {"type": "string"}}))
    text = run("--workspace", repository, "--format", "markdown").stdout
    assert text.startswith("### Contract changes since `HEAD`: 1, **1 breaking**")
    assert "```json\n{" in text
    assert "ask tests (nobody)" in text


@pytest.mark.parametrize("revision", ["nothing", "--output=x", "HEAD~9", ""])
def test_revision_that_does_not_exist_is_refused(repository: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="revision"):
        run("--workspace", repository, "--", revision)


def test_folder_without_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = write_webhooks(tmp_path / "shop", max_in_flight=1)
    with pytest.raises(UsageError, match="no git repository"):
        run("--workspace", root)
