"""The real system as child processes, on one workspace: gateway, worker and fake vendors.

Used by tests that send signals and by the benchmark. Each function returns once its process serves.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from paceline.runtime.children import Child, module

HOST = "127.0.0.1"
PACELINE = (sys.executable, "-m", "paceline")


def start_gateway(workspace: Path, *, log: Path, port: int = 0, program: Sequence[str] = PACELINE) -> tuple[Child, int]:
    """A gateway and its port; 0 lets the system choose a free one. `program` may be one with a fault built in."""
    arguments = ["serve", "gateway", str(workspace), "--host", HOST, "--port", str(port)]
    gateway = Child.start([*program, *arguments], log=log)
    return gateway, int(gateway.wait_for("gateway.ready")["port"])


def start_worker(workspace: Path, *, log: Path, fake_vendors: str = "", program: Sequence[str] = PACELINE) -> Child:
    """A worker; with `fake_vendors` (a base URL) every vendor request goes there."""
    redirect = ["--fake-vendors", fake_vendors] if fake_vendors else []
    worker = Child.start([*program, "serve", "worker", str(workspace), *redirect], log=log)
    worker.wait_for("worker.ready")
    return worker


def start_fake_vendors(folder: Path, *, log: Path, port: int = 0) -> tuple[Child, str]:
    """The fake vendors, keeping what they receive in `folder`, and their base URL."""
    argv = module("paceline.testing.fake_vendor", "--port", str(port), "--dir", str(folder))
    vendors = Child.start(argv, log=log)
    return vendors, f"http://{HOST}:{vendors.wait_for('fake_vendor.ready')['port']}"
