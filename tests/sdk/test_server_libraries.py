"""Server-side client libraries, as their vendors publish them, against a running gateway."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from arrivals import assert_arrived
from client_events import own_events, spec_events
from client_libraries import RUDDER_NODE, RUDDER_PYTHON, SEGMENT_NODE, SEGMENT_PYTHON, Library
from workspaces import WRITE_KEY, stored_records

pytestmark = pytest.mark.sdk

StartGateway = Callable[[], tuple[Path, str]]
PYTHON_CLIENT = str(Path(__file__).parent / "python_client.py")
python_clients = pytest.mark.parametrize(
    ("library", "package", "options"),
    [
        pytest.param(SEGMENT_PYTHON, "segment", [], id="segment"),
        pytest.param(SEGMENT_PYTHON, "segment", ["gzip"], id="segment-gzip"),
        pytest.param(RUDDER_PYTHON, "rudderstack", [], id="rudder"),
        pytest.param(RUDDER_PYTHON, "rudderstack", ["gzip"], id="rudder-gzip"),
    ],
)
node_clients = pytest.mark.parametrize(
    ("library", "program"),
    [
        pytest.param(SEGMENT_NODE, "segment_client.mjs", id="segment"),
        pytest.param(RUDDER_NODE, "rudder_client.mjs", id="rudder-gzip"),
    ],
)


def send(command: list[str], events: list[dict[str, Any]]) -> str:
    """Let a client program send the events; returns what it said about failures, empty when it delivered everything."""
    rows = "".join(f"{json.dumps(event)}\n" for event in events)
    done = subprocess.run(command, input=rows, capture_output=True, text=True, check=False, timeout=120)
    return "" if done.returncode == 0 else done.stderr or f"status {done.returncode}"


def python_command(package: str, url: str, options: list[str], write_key: str = WRITE_KEY) -> list[str]:
    return [sys.executable, PYTHON_CLIENT, package, url, write_key, *options]


def node_command(folder: Path, program: str, url: str) -> list[str]:
    return ["node", str(folder / program), url, WRITE_KEY]


@python_clients
def test_events_of_python_libraries_arrive_as_they_were_sent(
    running_gateway: StartGateway, library: Library, package: str, options: list[str]
) -> None:
    workspace, url = running_gateway()
    assert send(python_command(package, url, options), own_events()) == ""
    assert_arrived(own_events(), library, workspace)


@pytest.mark.conformance
@python_clients
def test_spec_events_of_python_libraries_arrive_as_they_were_sent(
    running_gateway: StartGateway, library: Library, package: str, options: list[str], conformance_data: Path
) -> None:
    workspace, url = running_gateway()
    events = spec_events(conformance_data)
    assert send(python_command(package, url, options), events) == ""
    assert_arrived(events, library, workspace)


@node_clients
def test_events_of_node_libraries_arrive_as_they_were_sent(
    running_gateway: StartGateway, library: Library, program: str, node_folder: Path
) -> None:
    workspace, url = running_gateway()
    assert send(node_command(node_folder, program, url), own_events()) == ""
    assert_arrived(own_events(), library, workspace)


@pytest.mark.conformance
@node_clients
def test_spec_events_of_node_libraries_arrive_as_they_were_sent(
    running_gateway: StartGateway, library: Library, program: str, node_folder: Path, conformance_data: Path
) -> None:
    workspace, url = running_gateway()
    events = spec_events(conformance_data)
    assert send(node_command(node_folder, program, url), events) == ""
    assert_arrived(events, library, workspace)


def test_a_library_with_a_wrong_write_key_is_told_so_and_stores_nothing(running_gateway: StartGateway) -> None:
    workspace, url = running_gateway()
    assert "401" in send(python_command("segment", url, [], write_key="not-the-key"), own_events())
    assert stored_records(workspace) == []
