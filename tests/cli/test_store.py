"""`paceline store`, and what commands say when PostgreSQL cannot be used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from postgres_server import PostgresServer
from workspaces import use_postgres, write_settings

from paceline.cli.main import paceline_command
from paceline.drivers.postgres_schema import migrate
from paceline.drivers.postgres_server import Address
from paceline.drivers.store.postgres.schema import MIGRATIONS


def paceline(*words: object) -> Result:
    return CliRunner().invoke(paceline_command, [str(word) for word in words])


@pytest.fixture
def grown(postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PACELINE_POSTGRES", postgres_database)
    workspace = write_settings(tmp_path / "grown")
    use_postgres(workspace, schema="shop")
    return workspace


def status(workspace: Path) -> dict[str, object]:
    return json.loads(paceline("store", "status", workspace, "--json").stdout)


def test_status_of_an_empty_database_says_so_and_creates_nothing(grown: Path, postgres_database: str) -> None:
    assert (status(grown)["version"], status(grown)["verdict"]) == (0, "empty")
    with psycopg.connect(postgres_database) as connection:
        assert connection.execute("SELECT to_regnamespace('shop')").fetchone() == (None,)


def test_migrate_makes_the_tables_and_then_has_nothing_to_do(grown: Path) -> None:
    assert paceline("store", "migrate", grown).stdout == "forward 1: the store\nforward 2: the audit log\n"
    assert status(grown)["verdict"] == "ready"
    assert "nothing to do" in paceline("store", "migrate", grown).stderr


def test_dry_run_only_says_what_it_would_do(grown: Path) -> None:
    done = paceline("store", "migrate", grown, "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "2 migrations would be made\n")
    assert status(grown)["version"] == 0


def test_back_one_version_and_forward_again(grown: Path) -> None:
    paceline("store", "migrate", grown)
    assert paceline("store", "migrate", grown, "--to", 1).stdout == "back 2: the audit log\n"
    behind = paceline("store", "status", grown)
    assert (behind.exit_code, "run: paceline store migrate" in behind.stderr) == (1, True)
    assert paceline("store", "migrate", grown).exit_code == 0


def test_worker_refuses_to_start_on_old_tables_with_status_3(grown: Path, postgres_database: str) -> None:
    migrate(Address(postgres_database, "shop"), MIGRATIONS, to=1)
    command = [sys.executable, "-m", "paceline", "serve", "worker", str(grown)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "the tables are of version 1, and this paceline needs 2" in done.stderr
    assert "do this: run: paceline store migrate" in done.stderr


def test_wrong_password_ends_a_command_with_status_3(
    grown: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACELINE_POSTGRES", postgres_server.with_changes(password="hunter2"))
    command = [sys.executable, "-m", "paceline", "ledger", str(grown)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "PostgreSQL refuses the password of user" in done.stderr
    assert "hunter2" not in done.stderr


def test_variable_that_is_missing_is_named(grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PACELINE_POSTGRES")
    error = paceline("store", "status", grown).exception
    assert "PACELINE_POSTGRES" in str(error)


def test_missing_driver_is_told_with_the_command_that_installs_it(grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paceline.assemble.storage.find_spec", lambda _: None)
    error = paceline("store", "status", grown).exception
    assert 'pip install "paceline[postgres]"' in str(error)


def test_embedded_store_has_a_status_too(tmp_path: Path) -> None:
    workspace = write_settings(tmp_path / "embedded")
    assert (status(workspace)["type"], status(workspace)["verdict"]) == ("sqlite", "empty")
    assert paceline("store", "migrate", workspace).exit_code == 0
    assert status(workspace)["verdict"] == "ready"


def test_embedded_store_does_not_go_back(tmp_path: Path) -> None:
    workspace = write_settings(tmp_path / "embedded")
    error = paceline("store", "migrate", workspace, "--to", 1).exception
    assert "only goes forward" in str(error)
