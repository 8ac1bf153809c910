"""What several chaos tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from disk_recorder import build_recorder


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled disk recorder."""
    return build_recorder(tmp_path_factory.mktemp("recorder"))
