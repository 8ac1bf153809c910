"""The tools that check what is generated, installed once for all test processes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def node_tools() -> Path:
    """The folder with `node_modules` of the lock file beside it; skips where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm here")
    folder = Path(__file__).parent / "node"
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _install(npm, folder)
    finally:
        os.close(descriptor)
    return folder


def _install(npm: str, folder: Path) -> None:
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".paceline-installed"
    if stamp.is_file() and stamp.read_text() == digest:
        return
    done = subprocess.run([npm, "ci"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"npm ci failed:\n{done.stdout}\n{done.stderr}"
    stamp.write_text(digest)
