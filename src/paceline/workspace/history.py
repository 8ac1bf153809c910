"""What a workspace's files were at a git revision."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from paceline.errors import EnvironmentFaultError, UsageError
from paceline.model.contract import ContractFile
from paceline.workspace.kinds import KINDS
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml

GIT_TIMEOUT_SECS = 60


def contracts_at(workspace: Path, revision: str) -> Mapping[str, Mapping[str, ContractFile]]:
    """The contracts of the workspace at a revision, by name and version; files that were broken then are left out.

    Raises EnvironmentFaultError without git, UsageError when the workspace is in no repository or the revision is not
    in it. A workspace that was not there yet has no contracts.
    """
    kind = KINDS["contract"]
    found: dict[str, dict[str, ContractFile]] = {}
    for file, content in files_at(workspace, revision, kind.folder):
        identity = kind.identity(file)
        document = read_yaml(content, file)[0] if identity is not None else None
        if document is None or identity is None:
            continue
        contract, _ = to_struct(document, kind)
        if isinstance(contract, ContractFile):
            found.setdefault(identity["contract"], {})[identity["version"]] = contract
    return found


def files_at(workspace: Path, revision: str, folder: str) -> Iterator[tuple[str, bytes]]:
    """The files below a folder of the workspace at a revision, by path below the workspace."""
    commit = resolve_revision(workspace, revision)
    top, prefix = (
        first_line(git_output(workspace, "rev-parse", option)) for option in ("--show-toplevel", "--show-prefix")
    )
    # From the top, so that the names in the archive begin there wherever the workspace lies in its repository.
    archive = git_output(Path(top), "archive", "--format=tar", commit, "--", f"{prefix}{folder}")
    if archive is None:
        return  # the folder was not there yet
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name.removeprefix(prefix), content.read()


def resolve_revision(workspace: Path, revision: str) -> str:
    """The commit that a revision names. Raises UsageError where it is not in the repository, or there is none."""
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is no revision")
    commit = git_output(workspace, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        inside = git_output(workspace, "rev-parse", "--is-inside-work-tree")
        if inside is None:
            raise UsageError("the workspace is in no git repository", where=str(workspace), remedy="run: git init")
        raise UsageError(f"there is no revision {revision!r}", where=str(workspace), expected="such as main or HEAD~1")
    return first_line(commit)


def first_line(output: bytes | None) -> str:
    """What git printed, without the end of the line; nothing when it failed."""
    return (output or b"").decode().strip()


def git_output(workspace: Path, *arguments: str) -> bytes | None:
    """What git prints; None when it fails. Raises EnvironmentFaultError where git is not installed."""
    git = shutil.which("git")
    if git is None:
        raise EnvironmentFaultError("git is not installed here", remedy="install git")
    # Arguments are passed as a list, no shell is involved, and revisions cannot be options.
    done = subprocess.run(  # noqa: S603
        [git, *arguments], cwd=workspace, capture_output=True, check=False, timeout=GIT_TIMEOUT_SECS
    )
    return done.stdout if done.returncode == 0 else None
