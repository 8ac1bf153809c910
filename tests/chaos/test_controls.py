"""The suites that guard a promise notice when it is broken: each runs on a copy of the product with one fault built in.

Faults that need running processes are in `programs/`: answers before the commit, settlements before the delivery and
commits that are not synced are controls of `test_kill_loop.py` and `test_power_cut.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import paceline

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGE = Path(paceline.__file__).parent


class Fault(NamedTuple):
    """One place of the product, by a pattern, what stands there instead, and the tests (for pytest) that must fail."""

    file: str
    pattern: str
    instead: str
    suite: str


COMPARED = r"hmac\.compare_digest\((.+), (\w+)\)"
FAULTS = {
    "dedup is off": Fault("admission/admit.py", r"if mark in known:", "if False:", "tests/admission"),
    "redirects are followed": Fault(
        "drivers/sender/curl.py",
        r"pycurl\.FOLLOWLOCATION, 0",
        "pycurl.FOLLOWLOCATION, 1",
        "tests/gateway/test_way_out.py",
    ),
    "signatures are compared with ==": Fault(
        "delivery/signatures.py", COMPARED, r"(\1 == \2)", "tests/gateway/test_signatures.py"
    ),
    "standard webhooks are compared with ==": Fault(
        "delivery/webhooks.py", COMPARED, r"(\1 == \2)", "tests/gateway/test_signatures.py"
    ),
    "an answer does not wait for the commit": Fault(
        "runtime/gateway/app.py",
        r"await self\._bus\.append\(EVENTS_TOPIC, records\)",
        "__import__('asyncio').ensure_future(self._bus.append(EVENTS_TOPIC, records))",
        "tests/gateway",
    ),
    "every outcome counts as delivered": Fault(
        "delivery/settle.py", r"if outcome\.outcome_class is OutcomeClass\.OK:", "if True:", "tests/delivery"
    ),
    "checksums are not looked at": Fault(
        "drivers/bus/sqlite/chunk.py",
        r"tuple\(map\(crc32, slices\)\) == numbers\[1::2\]",
        "True",
        "tests/drivers/test_sqlite_faults.py -k flipped",
    ),
    "a worker that lost its lease still writes": Fault(
        "drivers/store/sqlite/leasing.py",
        r"if row is None or row\[0\] != epoch:",
        "if False:",
        "tests/drivers/test_sqlite_store.py -k lease",
    ),
}


def run_suite(fault: Fault, folder: Path) -> subprocess.CompletedProcess[str]:
    """The suite on a copy of the package in which the fault is built in."""
    copy = folder / "paceline"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / fault.file
    text, places = re.subn(fault.pattern, fault.instead, file.read_text())
    assert places, f"{fault.file} has no place for the fault"
    file.write_text(text)
    command = [sys.executable, "-m", "pytest", *fault.suite.split(), "-x", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PACELINE_EXPECT_WHEEL", None)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", FAULTS)
def test_suite_fails_when_its_promise_is_broken(name: str, tmp_path: Path) -> None:
    done = run_suite(FAULTS[name], tmp_path)
    assert (done.returncode, "1 failed" in done.stdout) == (pytest.ExitCode.TESTS_FAILED, True), done.stdout[-2000:]
