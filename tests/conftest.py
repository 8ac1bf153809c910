"""Where the tests run: against which paceline, with which data, on which processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from workspaces import write_settings

import paceline
from paceline.testing.system import start_gateway

REPOSITORY = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Tests of the built wheel must not quietly run against the tree."""
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
