"""Prose that files refer to: runbooks and RFCs, which are Markdown below the workspace."""

from __future__ import annotations

from pathlib import Path

from paceline.errors import nearest_name_hint


def prose_is_there(workspace: Path, file: str) -> bool:
    """Whether `file` is a non-empty file inside the workspace. A path that leads out of it is not."""
    if "\0" in file:
        return False
    path = (workspace / file).resolve()
    try:
        return path.is_relative_to(workspace.resolve()) and path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def prose_hint(workspace: Path, folder: str, file: str) -> str:
    """What the user probably meant: the nearest file of that folder, or the place where to write one."""
    known = sorted(f"{folder}/{path.name}" for path in (workspace / folder).glob("*.md"))
    return nearest_name_hint(file, known) if known else f"write it below {folder}/"
