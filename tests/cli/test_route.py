"""`paceline route`: people look at a toggle, move it, and see who moved it before."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from paceline.assemble.inspection import inspect
from paceline.lifecycle.route_step import SHADOW, flag_of
from paceline.testing.route_suite import make_state
from paceline.testing.system import PACELINE

SHOP = Path(__file__).parents[2] / "examples" / "shop"
INTEGRATION = "customerio_onboarding"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The example, with a toggle in shadow in place of the hybrid's route."""
    root = tmp_path / "shop"
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns(".paceline", ".git"))
    file = root / f"integrations/{INTEGRATION}.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("route: direct", "route: crm_route"), encoding="utf-8")
    (root / "toggles.flagd.json").write_text(json.dumps({"flags": {"crm_route": flag_of(SHADOW)}}), encoding="utf-8")
    return root


def paceline(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PACELINE, *arguments], capture_output=True, text=True, check=False)


def run(shop: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return paceline("route", *arguments, "--workspace", str(shop))


def shown(shop: Path, *arguments: str) -> Any:
    done = run(shop, *arguments, "--json")
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def seen(shop: Path) -> None:
    """A worker has run the lane for a while."""
    inspect(shop, lambda _opened, _bus, store: store.save_route_state(make_state(INTEGRATION)))


def test_moved_toggle_stands_in_the_file_and_in_the_history_with_who_and_why(shop: Path) -> None:
    seen(shop)
    done = run(shop, "set", INTEGRATION, "canary 10%", "--why", "a week of equal payloads")
    assert (done.returncode, "shadow -> canary 10%" in done.stdout) == (0, True)
    flag = json.loads((shop / "toggles.flagd.json").read_text(encoding="utf-8"))["flags"]["crm_route"]
    assert flag["targeting"] == {"fractional": [["bus", 10], ["shadow", 90]]}
    last = shown(shop, "history", INTEGRATION)[-1]
    assert (last["before"], last["after"], last["why"], last["compared"]) == (
        "shadow", "canary 10%", "a week of equal payloads", 3,
    )  # fmt: skip
    assert last["who"]


def test_moving_a_toggle_is_in_the_audit_log(shop: Path) -> None:
    run(shop, "set", INTEGRATION, "bus", "--why", "it is time")
    listed = paceline("audit", "list", str(shop), "--json")
    (entry,) = [one["entry"] for one in json.loads(listed.stdout) if one["entry"]["what"] == "route.set"]
    assert (entry["subject"], entry["reason"]) == (INTEGRATION, "it is time")


def test_evidence_names_the_field_that_differs_and_what_is_missing(shop: Path) -> None:
    seen(shop)
    done = run(shop, "show", INTEGRATION)
    assert "total" in done.stdout
    assert "not ready for canary 1%" in done.stdout
    view = shown(shop, "show", INTEGRATION)
    assert (view["step"], view["next_step"], view["judgement"]["is_ready"]) == ("shadow", "canary 1%", False)


def test_lane_that_has_never_run_has_no_evidence(shop: Path) -> None:
    view = shown(shop, "show", INTEGRATION)
    assert (view["step"], view["judgement"]) == ("shadow", None)


def test_plain_route_is_shown_as_it_is(shop: Path) -> None:
    assert shown(shop, "show", "ga4_web")["step"] == "bus"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("set", INTEGRATION, "sideways", "--why", "x"), "direct, shadow, canary N%"),
        (("set", "ga4_web", "shadow", "--why", "x"), "not a toggle"),
        (("set", "customerio_onbording", "shadow", "--why", "x"), INTEGRATION),
        (("show", "nobody"), "nobody"),
        (("set", INTEGRATION, "shadow"), "--why"),
    ],
)
def test_what_cannot_be_moved_is_said_with_exit_status_2(shop: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = run(shop, *arguments)
    assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr


def test_route_that_names_no_toggle_is_a_finding_with_the_nearest_one(shop: Path) -> None:
    file = shop / f"integrations/{INTEGRATION}.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("crm_route", "crm_rout"), encoding="utf-8")
    done = paceline("check", str(shop))
    assert "PL212" in done.stdout
    assert "crm_route" in done.stdout
