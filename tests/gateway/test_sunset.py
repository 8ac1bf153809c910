"""Addresses that end: what callers are told before, and what happens after."""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
from pathlib import Path

import msgspec
import pytest
from governed_workspaces import copy_shop, replace_in

from paceline.assemble.door import build_door
from paceline.assemble.opening import open_workspace
from paceline.drivers.bus.memory import MemoryBus
from paceline.observe.telemetry import Telemetry
from paceline.runtime.clock import SystemClock
from paceline.runtime.gateway.app import Gateway

SECRET = "s3cret"


class DatedClock(SystemClock):
    """A clock that shows a chosen moment."""

    def __init__(self, moment: str) -> None:
        self._ms = int(dt.datetime.fromisoformat(moment).timestamp() * 1000)

    def now_ms(self) -> int:
        return self._ms


class Caller:
    """Posts signed webhooks to the gateway of a workspace at a moment."""

    def __init__(self, shop: Path, moment: str) -> None:
        self.bus = MemoryBus(partitions=1)
        opened = open_workspace(shop, {"FORMS_SECRET": SECRET})
        self.gateway = Gateway(bus=self.bus, door=build_door(opened), clock=DatedClock(moment), telemetry=Telemetry())

    def post(self, name: str, *, is_signed: bool = True) -> tuple[int, dict[str, str], dict]:
        return asyncio.run(self._post(name, is_signed))

    async def _post(self, name: str, is_signed: bool) -> tuple[int, dict[str, str], dict]:
        sent: list[dict] = []
        body = b'{"event_id": "e"}'

        async def receive() -> dict:
            return {"type": "http.request", "body": body}

        async def send(message: dict) -> None:
            sent.append(message)

        signature = b"sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest().encode()
        headers = [(b"x-hub-signature-256", signature)] if is_signed else []
        path = f"/v1/in/{name}"
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "headers": headers}
        await self.gateway({**scope, "query_string": b""}, receive, send)
        told = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        return sent[0]["status"], told, msgspec.json.decode(sent[1]["body"])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = copy_shop(tmp_path)
    replace_in(
        folder / "paceline.yaml",
        "sources:\n",
        'sources:\n  forms: {webhook: {scheme: github, secret: "${env:FORMS_SECRET}"}}\n',
    )
    replace_in(folder / "integrations/customerio_onboarding.yaml", "sources: [web, server]", "sources: [web, forms]")
    return folder


@pytest.mark.parametrize("name", ["forms", "customerio_onboarding"])
@pytest.mark.parametrize(
    ("moment", "is_told"),
    [("2027-01-15T23:59:59.999+00:00", False), ("2027-01-16T00:00:00+00:00", True), ("2027-02-16T00:00+00:00", True)],
)
def test_end_is_told_from_thirty_days_before_on(shop: Path, name: str, moment: str, is_told: bool):
    status, headers, _ = Caller(shop, moment).post(name)
    assert status == 200
    assert headers.get("sunset") == ("Mon, 15 Feb 2027 23:59:59 GMT" if is_told else None)
    assert headers.get("deprecation") == ("@1800057600" if is_told else None)


def test_end_is_told_to_those_who_are_refused_too(shop: Path):
    status, headers, _ = Caller(shop, "2027-02-01T00:00+00:00").post("forms", is_signed=False)
    assert (status, headers["sunset"]) == (401, "Mon, 15 Feb 2027 23:59:59 GMT")


def test_address_does_not_end_while_somebody_else_needs_it(shop: Path):
    replace_in(shop / "integrations/ga4_web.yaml", "sources: [web, server]", "sources: [web, forms]")
    assert "sunset" not in Caller(shop, "2027-02-01T00:00+00:00").post("forms")[1]


@pytest.mark.parametrize(
    ("choice", "moment", "status"),
    [
        ("flow", "2027-02-16T00:00+00:00", 200),
        ("park", "2027-02-16T00:00+00:00", 200),
        ("refuse", "2027-02-15T23:59:59.999+00:00", 200),
        ("refuse", "2027-02-16T00:00+00:00", 410),
    ],
)
def test_address_closes_after_the_last_day_only_where_the_file_says_so(
    shop: Path, choice: str, moment: str, status: int
):
    file = shop / "integrations/customerio_onboarding.yaml"
    replace_in(file, "route: direct\n", f"route: direct\nafter_expiry: {choice}\n")
    caller = Caller(shop, moment)
    assert caller.post("customerio_onboarding")[0] == status
    assert caller.post("forms")[0] == 200  # a source is no integration's alone


def test_address_of_a_retired_integration_is_gone_and_names_its_replacement(shop: Path):
    (shop / "retired").mkdir()
    (shop / "retired/old_forms.yaml").write_text(
        "integration: old_forms\nconnector: webhook\nstage: sprint\nowner: {team: growth}\nretired: 2026-11-01\n"
        "because: it moved\nreplaced_by: customerio_onboarding\n"
    )
    status, headers, body = Caller(shop, "2026-12-01T00:00+00:00").post("old_forms")
    assert status == 410
    assert "customerio_onboarding" in body["error"]["message"]
    assert headers["sunset"] == "Sun, 01 Nov 2026 00:00:00 GMT"


def test_unknown_address_is_nowhere(shop: Path):
    assert Caller(shop, "2026-12-01T00:00+00:00").post("nobody")[0] == 404


def test_integration_with_two_webhooks_has_no_address_of_its_own(shop: Path):
    replace_in(
        shop / "paceline.yaml",
        "sources:\n",
        'sources:\n  more: {webhook: {scheme: github, secret: "${env:FORMS_SECRET}"}}\n',
    )
    replace_in(shop / "integrations/customerio_onboarding.yaml", "[web, forms]", "[more, forms]")
    assert Caller(shop, "2026-12-01T00:00+00:00").post("customerio_onboarding")[0] == 404
