"""Golden samples: a small good workspace, a change to it, and what the check must find."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from pathlib import Path

import msgspec

from paceline.connectors.catalog import Catalog
from paceline.model.finding import Finding
from paceline.workspace.lint import check_workspace
from paceline.workspace.load import load_workspace

FOLDER = Path(__file__).parents[1] / "workspace"
BASE = FOLDER / "base"
TODAY = dt.date(2026, 11, 23)


class Repeated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is made of the same text many times."""

    text: str
    times: int


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sample.

    `replace` changes text of files of the base workspace (every text must be there), `write` adds or overwrites whole
    files, `write_bytes` does so with bytes in base64, `repeat` with the same text many times, `delete` removes some.
    With `history` the base workspace is committed to git before the change.
    `find` are the findings, each as `file:line:column code message`, followed by a line with its hint where it has one.
    Without `find` nothing must be found.
    """

    replace: dict[str, dict[str, str]] = {}
    write: dict[str, str] = {}
    write_bytes: dict[str, bytes] = {}
    repeat: dict[str, Repeated] = {}
    delete: list[str] = []
    history: bool = False
    find: list[str] = []


def golden_files(folder: str) -> list[Path]:
    """Every sample of `valid` or `invalid`."""
    return sorted((FOLDER / folder).glob("*.yaml"))


def read_golden(path: Path) -> Golden:
    return msgspec.yaml.decode(path.read_bytes(), type=Golden)


def write_changed_base(golden: Golden, folder: Path) -> Path:
    """A copy of the base workspace with the sample's change."""
    workspace = folder / "workspace"
    shutil.copytree(BASE, workspace)
    if golden.history:
        commit_all(workspace)
    for file in golden.delete:
        (workspace / file).unlink()
    for file, changes in golden.replace.items():
        text = (workspace / file).read_text()
        for old, new in changes.items():
            assert old in text, f"{file} of the base workspace has no {old!r}"
            text = text.replace(old, new)
        (workspace / file).write_text(text)
    contents = {file: text.encode() for file, text in golden.write.items()}
    contents |= {file: (repeated.text * repeated.times).encode() for file, repeated in golden.repeat.items()}
    for file, content in (contents | golden.write_bytes).items():
        (workspace / file).parent.mkdir(parents=True, exist_ok=True)
        (workspace / file).write_bytes(content)
    return workspace


def commit_all(folder: Path, *, message: str = "base", day: dt.date = TODAY) -> None:
    """Commit everything in a folder, which becomes a git repository where it is none."""
    moment = f"{day.isoformat()}T12:00:00Z"
    environment = {**os.environ, "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
    who = ["-c", "user.name=test", "-c", "user.email=test@shop.example", "-c", "commit.gpgsign=false"]
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        [*who, "commit", "-q", "--allow-empty", "-m", message],
    ):
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True)


def check_folder(workspace: Path, *, today: dt.date = TODAY) -> tuple[Finding, ...]:
    """Everything that the check finds in a folder."""
    return check_workspace(load_workspace(workspace), Catalog(workspace / "connectors"), today=today)


def shown(finding: Finding) -> str:
    """A finding as samples write it."""
    return str(finding) + (f"\n{finding.hint}" if finding.hint else "")
