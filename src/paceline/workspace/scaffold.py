"""Makes a new workspace from a template: the example workspace that comes with the package."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from paceline.errors import EnvironmentFaultError, UnknownNameError, UsageError
from paceline.workspace.load import SETTINGS_FILE
from paceline.workspace.schema import schema_texts

TEMPLATE_DAY = dt.date(2026, 11, 23)
"""The day that counts as today in templates. In a new workspace, end dates lie as far ahead as they do from here."""

_PACKAGED = Path(__file__).parent / "templates"
_CHECKOUT = Path(__file__).parents[3] / "examples"
_DAY = re.compile(r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b(?!T)")
_SCHEMA_LINE = re.compile(r"(\$schema=)\.\./\.\./")
_GIT_IGNORE = "# State of local runs, and secrets of this machine\n.paceline/\n.env\n"


def template_folders() -> Mapping[str, Path]:
    """Every template with its folder: those in the package, or in a checkout those below examples/."""
    parent = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    folders = sorted(parent.iterdir()) if parent.is_dir() else []
    return {folder.name: folder for folder in folders if (folder / SETTINGS_FILE).is_file()}


def workspace_files(template: str, *, name: str, today: dt.date) -> Mapping[str, bytes]:
    """The files of a new workspace called `name`, by path below it. Raises UnknownNameError for an unknown template.

    Days in integrations, contracts and RFCs are moved: they lie as far ahead of `today` as of the template's day.
    """
    templates = template_folders()
    if template not in templates:
        raise UnknownNameError("template", template, templates)
    folder = templates[template]
    files = {file: (folder / file).read_bytes() for file in _template_files(folder)}
    later = today - TEMPLATE_DAY
    for file, content in files.items():
        if file.endswith((".yaml", ".md")):
            files[file] = _adapted(file, content.decode(), later).encode()
    settings = files[SETTINGS_FILE].decode()
    files[SETTINGS_FILE] = re.sub(r"(?m)^workspace: .*$", lambda _: f"workspace: {name}", settings, count=1).encode()
    files[".gitignore"] = _GIT_IGNORE.encode()
    return files | {f"schemas/{file}": text.encode() for file, text in schema_texts().items()}


def write_workspace(folder: Path, files: Mapping[str, bytes]) -> Sequence[str]:
    """Write the files below `folder`, which may exist, and return their names.

    Nothing is written when one of them is there already (UsageError). EnvironmentFaultError when the disk refuses.
    """
    there = sorted(file for file in files if os.path.lexists(folder / file))
    if there:
        shown = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
        raise UsageError(
            f"nothing was written, because these files are there already: {shown}",
            where=str(folder),
            remedy="nothing is ever overwritten: name another folder, or move these files away",
        )
    try:
        for file, content in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise EnvironmentFaultError(
            f"the workspace cannot be written: {error.strerror}", where=str(error.filename or folder)
        ) from error
    return sorted(files)


def _template_files(folder: Path) -> Iterator[str]:
    for parent, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if name not in (".paceline", "__pycache__"))
        for name in sorted(names):
            yield (Path(parent) / name).relative_to(folder).as_posix()


def _adapted(file: str, text: str, later: dt.timedelta) -> str:
    """A template's text for its new place: schema lines that fit it, and days as far ahead as they were."""
    text = _SCHEMA_LINE.sub(r"\1", text)
    if file.startswith(("integrations/", "contracts/", "rfcs/")):
        text = _DAY.sub(lambda day: (dt.date.fromisoformat(day[0]) + later).isoformat(), text)
    return text
