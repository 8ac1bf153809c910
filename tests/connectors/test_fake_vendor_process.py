"""The fake vendors as a process of their own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from connector_samples import NOW_MS, SETTINGS, make_items

from paceline.connectors.catalog import Catalog
from paceline.delivery.encoding import encode
from paceline.model.delivery import WireRequest
from paceline.testing.system import start_fake_vendors


def test_request_sent_over_http_is_received(tmp_path: Path) -> None:
    items = make_items("segment", "track", 2)
    wire = encode(Catalog().load("segment").build("track", items, SETTINGS["segment"], now_ms=NOW_MS))
    assert isinstance(wire, WireRequest)
    vendors, url = start_fake_vendors(tmp_path / "vendors", log=tmp_path / "vendors.log")
    with vendors:
        request = urllib.request.Request(
            f"{url}/segment/api.segment.io/v1/batch", data=wire.body, headers=dict(wire.headers)
        )
        with urllib.request.urlopen(request) as answer:
            assert json.loads(answer.read()) == {"success": True}
        with urllib.request.urlopen(f"{url}/__fake__/received/segment?ids=1") as answer:
            assert json.loads(answer.read())["ids"] == ["delivery-0", "delivery-1"]
        assert vendors.stop() == 0


def test_busy_port_is_one_clear_message(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        argv = [sys.executable, "-m", "paceline.testing.fake_vendor", "--port", port, "--dir", str(tmp_path)]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 3
    assert f"another process listens on 127.0.0.1:{port}" in ran.stderr
    assert "Traceback" not in ran.stderr
