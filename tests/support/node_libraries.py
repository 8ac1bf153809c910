"""JavaScript libraries for tests, installed once for all test processes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

OLDEST_NODE = 20


def installed(folder: Path) -> Path:
    """`folder` with the libraries of its lock file; skips the test where there is no Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no Node here: node and npm are not on the PATH")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node {version} is too old for these libraries: {OLDEST_NODE} or newer is needed")
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
