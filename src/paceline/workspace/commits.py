"""The commits that changed a workspace, its files as they were at one, and end dates that were put off."""

from __future__ import annotations

import datetime as dt
import io
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from paceline.errors import UsageError
from paceline.workspace.calendar import day_or_none
from paceline.workspace.history import first_line, git_output, resolve_revision
from paceline.workspace.kinds import KINDS, OTHER_FOLDERS

_TOP_FILES = ("contracts.lock", "toggles.flagd.json", "worklog.log")
_DIFF_FILE = re.compile(r"^(?P<side>---|\+\+\+) (?:[ab]/)?(?P<file>.*?)\t?$")
_CHANGED = re.compile(r"^(?P<sign>[-+])(?P<key>expires|stage):\s*[\"']?(?P<value>[\w-]+)")


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One commit: its full id, and its time (of the committer, UTC)."""

    id: str
    time: dt.datetime

    @property
    def day(self) -> dt.date:
        """The day of the commit in UTC."""
        return self.time.date()


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """An integration's end date was put off in a commit."""

    integration: str
    day: dt.date


def is_in_git(folder: Path) -> bool:
    """Whether a folder lies in a git repository with at least one commit."""
    return git_output(folder, "rev-parse", "--verify", "--quiet", "HEAD") is not None


def commits_of(folder: Path, *paths: str) -> Sequence[Commit]:
    """The commits up to HEAD that changed something in a folder (or at the paths below it), newest first.

    Raises EnvironmentFaultError without git. A folder without history has none.
    """
    output = git_output(folder, "log", "--format=%H %cI", "--", *(paths or (".",)))
    commits = []
    for line in (output or b"").decode().splitlines():
        identity, _, time = line.partition(" ")
        commits.append(Commit(id=identity, time=dt.datetime.fromisoformat(time).astimezone(dt.UTC)))
    return commits


def merge_base(folder: Path, revision: str) -> str:
    """The commit from which HEAD and a revision went apart, or the revision's own where they share none.

    Raises UsageError when there is no such revision.
    """
    commit = resolve_revision(folder, revision)
    return first_line(git_output(folder, "merge-base", "HEAD", commit)) or commit


def write_snapshot(folder: Path, commit: str, into: Path) -> Path:
    """Write the files of a workspace at a commit below `into`, and return the folder.

    Only what belongs to a workspace is written, not what else lies in its folder.
    """
    wanted = {kind.folder or kind.location for kind in KINDS.values()} | {*OTHER_FOLDERS, *_TOP_FILES}
    return _write(folder, commit, into, wanted)


def write_tree(folder: Path, commit: str, into: Path) -> Path:
    """Write all files of a folder at a commit below `into`, and return it."""
    return _write(folder, commit, into, None)


def _write(folder: Path, commit: str, into: Path, wanted: set[str] | None) -> Path:
    into.mkdir(parents=True, exist_ok=True)
    top = Path(first_line(git_output(folder, "rev-parse", "--show-toplevel")))
    prefix = first_line(git_output(folder, "rev-parse", "--show-prefix"))
    listed = git_output(top, "ls-tree", "-z", "--name-only", commit, "--", prefix or ".")
    names = [name.decode() for name in (listed or b"").split(b"\0") if name]
    kept = [name for name in names if wanted is None or name.removeprefix(prefix) in wanted]
    if kept:
        archive = git_output(top, "archive", "--format=tar", commit, "--", *kept)
        if archive is None:
            raise UsageError(f"git cannot write out {commit[:12]}", where=str(folder))
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                name = member.name.removeprefix(prefix)
                if member.isfile() and f"{prefix}{name}" == member.name:
                    member.name = name
                    tar.extract(member, into, filter="data")
    return into


def extensions_of(folder: Path) -> Sequence[Extension]:
    """Every time that an integration's `expires` was moved to a later day, oldest first.

    Another stage begins another time: a commit that changes `stage` puts nothing off, and what was put off before it
    does not count any more.
    """
    location = KINDS["integration"].folder
    output = git_output(
        folder, "log", "--reverse", "--format=commit %cI", "--patch", "--unified=0", "--relative", "-M", "--", location
    )
    found: list[Extension] = []
    day, file, renamed = dt.date.min, "", ""
    changed: dict[tuple[str, str], str] = {}

    def close_file() -> None:
        name = Path(file).stem
        if ("-", "stage") in changed and changed.get(("-", "stage")) != changed.get(("+", "stage")):
            found[:] = [one for one in found if one.integration != name]
        else:
            before, after = (day_or_none(changed.get((sign, "expires"))) for sign in "-+")
            if before is not None and after is not None and after > before:
                found.append(Extension(integration=name, day=day))
        changed.clear()

    for line in (output or b"").decode(errors="replace").splitlines():
        if line.startswith("commit "):
            close_file()
            day = dt.datetime.fromisoformat(line.removeprefix("commit ")).astimezone(dt.UTC).date()
        elif line.startswith("diff --git "):
            close_file()
        elif (match := _DIFF_FILE.match(line)) is not None:
            file = match["file"] if match["side"] == "+++" else file
        elif line.startswith("rename from "):
            renamed = Path(line.removeprefix("rename from ")).stem
        elif line.startswith("rename to "):
            name = Path(line.removeprefix("rename to ")).stem
            found = [
                msgspec.structs.replace(one, integration=name) if one.integration == renamed else one for one in found
            ]
        elif (match := _CHANGED.match(line)) is not None:
            changed[match["sign"], match["key"]] = match["value"]
    close_file()
    return found


def text_at(folder: Path, revision: str, file: str) -> str | None:
    """A file of a workspace as it was at a revision; None when it was not there."""
    prefix = first_line(git_output(folder, "rev-parse", "--show-prefix"))
    content = git_output(folder, "show", f"{revision}:{prefix}{file}")
    return None if content is None else content.decode(errors="replace")
