"""The command line as a whole: help, exit statuses, and messages that say what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from paceline.cli.main import paceline_command
from paceline.cli.reference import write_reference

ROOT = Path(__file__).parents[2]


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paceline", *arguments], capture_output=True, text=True, cwd=cwd, check=False, timeout=60
    )


def all_commands(group: click.Group = paceline_command) -> list[click.Command]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append(command)
        if isinstance(command, click.Group):
            found += all_commands(command)
    return found


def test_help_lists_every_command():
    listed = run("--help").stdout
    for name in paceline_command.list_commands(click.Context(paceline_command)):
        assert f"  {name} " in listed


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: command.name)
def test_command_says_what_it_does(command: click.Command):
    assert len(command.help or "") > 20


def test_reference_is_what_the_commands_say():
    page = ROOT / "docs" / "commands.md"
    assert page.read_text() == write_reference(), "run: python -m paceline.cli.reference > docs/commands.md"


def test_unknown_option_is_status_2_and_names_the_nearest():
    done = run("serve", "gateway", "--prot", "1")
    assert done.returncode == 2
    assert "--port" in done.stderr


def test_unknown_command_is_status_2():
    assert run("ledgr").returncode == 2


def test_folder_without_a_workspace_is_status_2_and_says_what_to_do(tmp_path: Path):
    done = run("ledger", str(tmp_path))
    assert done.returncode == 2
    assert "paceline init" in done.stderr


def test_broken_file_is_named_with_its_place(shop: Path):
    file = shop / "integrations" / "ga4_web.yaml"
    file.write_text(file.read_text().replace("stage: marathon", "stage: maraton"))
    done = run("serve", "worker", str(shop))
    assert done.returncode == 2
    assert "integrations/ga4_web.yaml:" in done.stderr
    assert "did you mean 'marathon'?" in done.stderr


def test_missing_secret_is_status_3_and_names_the_variable(shop: Path):
    (shop / ".env").unlink()
    done = run("serve", "worker", str(shop))
    assert done.returncode == 3
    assert "CIO_SITE_ID" in done.stderr


def test_ledger_of_a_workspace_that_never_ran_is_empty(shop: Path):
    done = run("ledger", str(shop), "--json")
    assert done.returncode == 0
    assert [account["accepted"] for account in json.loads(done.stdout)] == [0]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    done = run("init", str(tmp_path / "shop"))
    assert done.returncode == 0, done.stderr
    environment = ROOT / "examples" / "shop" / ".env"
    (tmp_path / "shop" / ".env").write_text(environment.read_text())
    return tmp_path / "shop"
