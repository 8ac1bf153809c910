"""The example workspace is quickstart, tutorial and fixture: it must be good."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from golden_workspaces import TODAY, check_folder

from paceline.cli.main import paceline_command
from paceline.model.integration import Stage
from paceline.workspace.environment import read_env_file
from paceline.workspace.kinds import KINDS
from paceline.workspace.load import load_workspace
from paceline.workspace.secrets import references

SHOP = Path(__file__).parents[2] / "examples" / "shop"
SCHEMAS = Path(__file__).parents[2] / "schemas"
PAGES = sorted(SHOP.rglob("*.md"))
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def paceline_calls(page: Path) -> list[str]:
    """Every call of paceline in the shell snippets of a page."""
    lines = [line for snippet in SHELL.findall(page.read_text()) for line in snippet.splitlines()]
    calls = [call.partition("#")[0].strip() for line in lines for call in line.split("&&")]
    return [call for call in calls if call.startswith("paceline ")]


def test_shop_has_no_findings_at_all() -> None:
    assert [str(finding) for finding in check_folder(SHOP, today=TODAY)] == []


def test_shop_needs_no_secret_that_its_env_file_does_not_have() -> None:
    needed = {
        reference.name
        for integration in load_workspace(SHOP).integrations.values()
        for _, reference in references(integration.settings)
    }
    assert needed <= set(read_env_file(SHOP / ".env"))


def test_env_example_explains_the_same_variables() -> None:
    assert read_env_file(SHOP / ".env") == read_env_file(SHOP / ".env.example")


def test_demo_keys_belong_to_the_sources() -> None:
    sources = load_workspace(SHOP).settings.sources
    for source in ("web", "server"):
        digest = hashlib.sha256(f"shop_{source}_demo_key".encode()).hexdigest()
        assert sources[source].write_keys == [f"sha256:{digest}"]


def test_shop_shows_every_stage_and_both_routes() -> None:
    integrations = load_workspace(SHOP).integrations.values()
    assert {integration.stage for integration in integrations} == set(Stage)
    assert {integration.route for integration in integrations} == {"direct", "bus"}


def test_every_file_names_the_schema_of_its_kind_for_editors() -> None:
    for file in SHOP.rglob("*.yaml"):
        kind = next(kind for kind in KINDS.values() if kind.identity(file.relative_to(SHOP).as_posix()) is not None)
        named = file.read_text().split("\n", 1)[0].removeprefix("# yaml-language-server: $schema=")
        assert (file.parent / named).resolve() == SCHEMAS / f"{kind.name}.json", file


@pytest.mark.parametrize("page", [page for page in PAGES if paceline_calls(page)], ids=lambda page: page.name)
def test_every_command_of_a_page_exists_with_its_flags(page: Path) -> None:
    for call in paceline_calls(page):
        result = CliRunner().invoke(paceline_command, [*shlex.split(call)[1:], "--help"])
        assert result.exit_code == 0, f"{call}: {result.output}"


def test_every_integration_has_a_runbook_that_names_it_and_how_to_stop_it() -> None:
    for name, integration in load_workspace(SHOP).integrations.items():
        assert integration.runbook is not None
        runbook = (SHOP / integration.runbook).read_text()
        assert name in runbook
        assert f"`integrations/{name}.yaml`" in runbook.partition("## Stop it")[2]
