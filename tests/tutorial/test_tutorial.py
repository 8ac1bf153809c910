"""The tutorial, from the empty folder to the retired integration: every command of the page, in its order."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
FAILS = "# fails"


def script(port: int) -> str:
    """All commands of the page, each of which must succeed, but for those that are said to fail."""
    lines = ["set -e -o pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for snippet in SHELL.findall(PAGE.read_text().replace("8080", str(port))):
        for line in snippet.splitlines():
            is_to_fail = line.endswith(FAILS)
            command = line.removesuffix(FAILS).rstrip()
            lines.append(f"if {command}; then echo 'it did not fail: {command}'; exit 9; fi" if is_to_fail else line)
    return "\n".join(lines)


def free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        port: int = probing.getsockname()[1]
        return port


def test_every_command_of_the_tutorial_works_and_every_sign_up_arrives_once(tmp_path: Path):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "paceline").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m paceline "$@"\n')
    (programs / "paceline").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        **{f"GIT_{who}_{what}": "ines@shop.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(
        ["bash", "-c", script(free_port())],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    received = (tmp_path / "onboarding/.paceline/fake-vendors/received.jsonl").read_text().splitlines()
    keys = [key for line in received for key in json.loads(line)["ids"]]
    assert len(keys) == len(set(keys)) == 2
