"""The JavaScript libraries, installed once for all test processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_libraries import installed


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """The folder of the Node clients, with the libraries of its lock file; skips where there is no Node."""
    return installed(Path(__file__).parent / "node")
