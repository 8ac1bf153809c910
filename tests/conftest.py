"""Where the tests run: against which paceline, with which data, on which processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from not_evaluated import MARK, tell_not_evaluated
from postgres_server import NoServerError, PostgresServer, any_server
from workspaces import write_settings

import paceline
from paceline.testing.system import start_gateway

REPOSITORY = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Nothing fails for being slow, and tests of the built wheel must not quietly run against the tree."""
    # A busy machine is no reason to fail: no deadline for an example, and none for drawing it.
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
    if os.environ.get("PACELINE_EXPECT_WHEEL") and "site-packages" not in Path(paceline.__file__).parts:
        raise pytest.UsageError(f"PACELINE_EXPECT_WHEEL is set, but paceline is imported from {paceline.__file__}")


def pytest_report_header() -> str:
    return f"paceline {paceline.__version__} from {Path(paceline.__file__).parent}"


@pytest.fixture(scope="session")
def conformance_data() -> Path:
    """The folder of public fixtures, which are no part of paceline."""
    folder = Path(os.environ.get("PACELINE_CONFORMANCE_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"there are no public fixtures in {folder} (PACELINE_CONFORMANCE_DATA names the folder)")
    return folder


@pytest.fixture
def running_gateway(tmp_path: Path) -> Iterator[Callable[[], tuple[Path, str]]]:
    """Starts a gateway on a new workspace without contracts; returns the workspace and the gateway's URL."""
    with ExitStack() as stack:

        def start() -> tuple[Path, str]:
            workspace = write_settings(tmp_path / "workspace")
            gateway, port = start_gateway(workspace, log=tmp_path / "gateway.log")
            stack.enter_context(gateway)
            return workspace, f"http://127.0.0.1:{port}"

        yield start


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real server; without one, the test is not evaluated."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(any_server())
        except NoServerError as error:
            pytest.skip(f"{MARK}{error}")
        yield server


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database on a real server."""
    with postgres_server.database() as url:
        yield url


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """What could not be run is told last."""
    yield
    tell_not_evaluated(terminalreporter)
