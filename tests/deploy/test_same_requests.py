"""The same events through every way that an integration can run make the same requests at the vendor."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from functions import (
    SECRETS,
    SHOP,
    WEB_KEY,
    LambdaRuntime,
    Program,
    Vendors,
    events,
    free_port,
    sqs_event,
    vendor_requests,
)
from scene import Scene

from paceline.assemble.etl import EtlOptions, run_etl
from paceline.assemble.function.parts import Packed
from paceline.assemble.row_sources import SourceChoice, open_rows
from paceline.drivers.sender.threads import ThreadSender

NUMBER = 500
BATCH = 50


@pytest.fixture(scope="module")
def made() -> list[dict[str, Any]]:
    return events(NUMBER)


@pytest.fixture(scope="module")
def by_lane(tmp_path_factory: pytest.TempPathFactory, made: list[dict[str, Any]]) -> Counter[str]:
    """What the direct lane of a worker sends."""
    return through_worker(tmp_path_factory.mktemp("lane"), made, route="direct")


def sent(requests: list[tuple[str, str, str]]) -> Counter[str]:
    """Each item with where it went, without the part of its id that says when it was received."""
    found: Counter[str] = Counter()
    for method, url, body in requests:
        whole = json.loads(body)
        for item in whole.get("batch", [whole]):
            if "id" in item:
                item["id"] = item["id"][10:]
            found[f"{method} {url} {json.dumps(item, sort_keys=True)}"] += 1
    return found


def through_worker(folder: Path, made: list[dict[str, Any]], *, route: str) -> Counter[str]:
    workspace = folder / "shop"
    shutil.copytree(SHOP, workspace, ignore=shutil.ignore_patterns(".paceline"))
    file = workspace / "integrations" / "customerio_onboarding.yaml"
    file.write_text(file.read_text().replace("route: direct", f"route: {route}"))
    with Scene(workspace, folder) as scene:
        key = base64.b64encode(f"{WEB_KEY}:".encode()).decode()
        gateway = http.client.HTTPConnection("127.0.0.1", scene.port)
        for first in range(0, NUMBER, BATCH):
            body = json.dumps({"batch": made[first : first + BATCH]})
            gateway.request("POST", "/v1/batch", body, {"Authorization": f"Basic {key}"})
            answer = gateway.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
        scene.drain()
        return sent(vendor_requests(folder / "vendors"))


def test_bus_lane(tmp_path: Path, made: list[dict[str, Any]], by_lane: Counter[str]) -> None:
    assert sum(by_lane.values()) == NUMBER
    assert through_worker(tmp_path, made, route="bus") == by_lane


def test_lambda(
    builds: dict[str, Path], tmp_path: Path, vendors: Vendors, made: list[dict[str, Any]], by_lane: Counter[str]
) -> None:
    environment = {"PACELINE_FAKE_VENDORS": vendors.url}
    with LambdaRuntime(builds["lambda"] / "function.zip", tmp_path / "function", environment) as function:
        for first in range(0, NUMBER, BATCH):
            bodies = [json.dumps(event) for event in made[first : first + BATCH]]
            assert function.invoke(sqs_event(bodies)) == {"batchItemFailures": []}
    assert sent(vendors.requests()) == by_lane


def test_google_function(
    builds: dict[str, Path], vendors: Vendors, made: list[dict[str, Any]], by_lane: Counter[str]
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "functions_framework", "--target", "http", "--signature-type", "http"]
    key = {"Authorization": "Basic " + base64.b64encode(f"{WEB_KEY}:".encode()).decode()}
    environment = {"PACELINE_FAKE_VENDORS": vendors.url}
    with Program([*command, "--port", str(port)], builds["gcf"], port, environment) as function:
        for first in range(0, NUMBER, BATCH):
            assert function.post("/v1/batch", {"batch": made[first : first + BATCH]}, key)[0] == 200
    assert sent(vendors.requests()) == by_lane


@pytest.fixture
def imports_kept() -> Iterator[None]:
    """A packed folder is imported as a package of a fixed name."""
    before, path = dict(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - set(before):
        if name.startswith("paceline_integration"):
            del sys.modules[name]
    sys.path[:] = path


@pytest.mark.usefixtures("imports_kept")
def test_job(
    builds: dict[str, Path], tmp_path: Path, vendors: Vendors, made: list[dict[str, Any]], by_lane: Counter[str]
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in made))
    packed = Packed(builds["etl"] / "paceline_integration")
    parts = packed.open(SECRETS)
    rows = open_rows(SourceChoice(place=str(file)), parts, packed.bundle.contracts)
    report = run_etl(
        parts,
        rows,
        EtlOptions(state=tmp_path / "s.db", fake_vendors=vendors.url),
        make_sender=lambda policy, most: ThreadSender(policy, max_connections=most),
    )
    assert report.is_done
    assert sent(vendors.requests()) == by_lane
