"""Builds of examples/shop, made once, and fake vendors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from functions import SHOP, Vendors

from paceline.assemble.build import BuildOptions, build

INTEGRATION = "customerio_onboarding"


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The integration for every platform."""
    folder = tmp_path_factory.mktemp("builds")
    made = {}
    for target in ("lambda", "gcf", "container", "etl"):
        made[target] = folder / target
        build(target, SHOP, INTEGRATION, made[target], BuildOptions(offline=True, source="web"))
    return made


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[Vendors]:
    started = Vendors(tmp_path / "vendors")
    with started.child:
        yield started
