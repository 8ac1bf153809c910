"""The browser library in headless Chromium, against a running gateway on another origin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from arrivals import assert_arrived
from chromium import find_chromium, send_in_chromium
from client_events import own_events, spec_events
from client_libraries import SEGMENT_BROWSER
from workspaces import WRITE_KEY, stored_records

pytestmark = [
    pytest.mark.sdk,
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium here: chromium is not on the PATH"),
]

StartGateway = Callable[[], tuple[Path, str]]
PAGE_FOLDER = Path(__file__).parent / "browser"


@pytest.fixture
def site(node_folder: Path) -> dict[str, Path]:
    """The files of the web page, the library as it is published among them."""
    return {
        "/page.html": PAGE_FOLDER / "page.html",
        "/page.js": PAGE_FOLDER / "page.js",
        "/analytics-next/index.js": node_folder / "node_modules/@segment/analytics-next/dist/umd/index.js",
    }


def test_events_of_the_browser_library_arrive_as_they_were_sent(
    running_gateway: StartGateway, site: dict[str, Path], tmp_path: Path
) -> None:
    workspace, url = running_gateway()
    problems = send_in_chromium(
        own_events(), gateway=url, write_key=WRITE_KEY, files=site, profile=tmp_path / "profile"
    )
    assert problems == []
    assert_arrived(own_events(), SEGMENT_BROWSER, workspace)


@pytest.mark.conformance
def test_spec_events_of_the_browser_library_arrive_as_they_were_sent(
    running_gateway: StartGateway, site: dict[str, Path], tmp_path: Path, conformance_data: Path
) -> None:
    workspace, url = running_gateway()
    events = spec_events(conformance_data)
    problems = send_in_chromium(events, gateway=url, write_key=WRITE_KEY, files=site, profile=tmp_path / "profile")
    assert problems == []
    assert_arrived(events, SEGMENT_BROWSER, workspace)


def test_a_page_with_a_wrong_write_key_reports_it_and_stores_nothing(
    running_gateway: StartGateway, site: dict[str, Path], tmp_path: Path
) -> None:
    workspace, url = running_gateway()
    problems = send_in_chromium([], gateway=url, write_key="not-the-key", files=site, profile=tmp_path / "profile")
    assert any("write key" in problem for problem in problems)
    assert stored_records(workspace) == []
