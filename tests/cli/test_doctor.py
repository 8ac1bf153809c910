"""`paceline doctor`: what is wrong with a set-up is named with what to do, and looking changes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from buried import bury

from paceline.testing.system import PACELINE

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns(".paceline"))
    return tmp_path / "shop"


def examine(workspace: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    command = [*PACELINE, "doctor", str(workspace), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, {one["what"]: one for one in json.loads(done.stdout)}


def test_good_set_up_that_has_never_run_has_nothing_bad_and_is_left_as_it_was(shop: Path) -> None:
    status, found = examine(shop)
    assert (status, found["files"]["state"], found["log"]["state"]) == (0, "good", "not evaluated")
    assert not (shop / ".paceline").exists()


def test_lanes_are_told_with_what_was_given_up_on(tmp_path: Path) -> None:
    _, found = examine(bury(tmp_path / "shop", 4))
    (lane,) = [one for what, one in found.items() if what.startswith("lane ") and "dead 4" in one["told"]]
    assert (lane["state"], lane["remedy"]) == ("doubt", "paceline dlq list")


def test_missing_secret_is_bad_and_named(shop: Path) -> None:
    file = shop / ".env"
    kept = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("CIO_API_KEY")]
    file.write_text("\n".join(kept), encoding="utf-8")
    status, found = examine(shop)
    secret = found["secrets of customerio_onboarding"]
    assert (status, secret["state"], "CIO_API_KEY" in secret["told"]) == (1, "bad", True)
    assert secret["remedy"]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ("store: {type: postgres, url: 'postgresql://nobody@127.0.0.1:1/none'}", "store"),
        ("bus: {type: kafka, bootstrap: ['127.0.0.1:1'], topic_prefix: shop., delivery_timeout_secs: 1}", "log"),
    ],
)
def test_server_that_is_not_there_is_bad_with_its_address(shop: Path, settings: str, what: str) -> None:
    file = shop / "paceline.yaml"
    kind = settings.partition(":")[0]
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith(f"{kind}:")]
    file.write_text("\n".join([*lines, settings]) + "\n", encoding="utf-8")
    status, found = examine(shop)
    assert (status, found[what]["state"], "127.0.0.1:1" in found[what]["told"]) == (1, "bad", True), found
