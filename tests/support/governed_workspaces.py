"""A copy of the example shop in a repository of its own, to be changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SHOP = Path(__file__).parents[2] / "examples" / "shop"
DAY = "2026-11-23"


def copy_shop(folder: Path) -> Path:
    """The example shop, without what runs leave behind; in no git repository."""
    shop = folder / "shop"
    shutil.copytree(SHOP, shop, ignore=shutil.ignore_patterns(".paceline"))
    return shop


def replace_in(file: Path, old: str, new: str) -> None:
    """Change a text of a file, which must be there."""
    text = file.read_text()
    assert old in text, f"{file} has no {old!r}"
    file.write_text(text.replace(old, new))


def commit_all(folder: Path, day: str, message: str = "change") -> None:
    """Commit everything in a folder as of a day; begins a repository where there is none."""
    if not (folder / ".git").exists():
        _git(folder, "init", "-q", day=day)
    _git(folder, "add", "-A", day=day)
    _git(folder, "commit", "-q", "-m", message, day=day)


def _git(folder: Path, *arguments: str, day: str) -> None:
    when = f"{day}T12:00:00+00:00"
    subprocess.run(
        ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments],
        cwd=folder,
        check=True,
        env={"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )
