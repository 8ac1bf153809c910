"""The repository's CODEOWNERS file, and whether it agrees with the owners in the workspace."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from paceline.lifecycle.code_owners import CodeOwners, Dialect, dialect_of, read_code_owners
from paceline.model.team import Team, TeamsFile
from paceline.workspace.document import Document
from paceline.workspace.workspace import Workspace

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where forges look, the first that is there counts: GitHub in this order, GitLab at the top, in docs/ and .gitlab/."""
_FORGES = {".github": Dialect.GITHUB, ".gitlab": Dialect.GITLAB, ".gitlab-ci.yml": Dialect.GITLAB}
_MAX_BYTES = 3_000_000


class CodeOwnersFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file: `file` as seen from the workspace, and `prefix`, the workspace as seen from the repository's top."""

    file: str
    prefix: str
    owners: CodeOwners


class Agreement(enum.StrEnum):
    """Whether CODEOWNERS says the same as a file's `owner`."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNOWNED = "nobody"
    UNKNOWN = "not evaluated"
    """It names somebody whom teams.yaml does not tie to any team."""


class Ownership(msgspec.Struct, frozen=True, kw_only=True):
    """Who owns one file of the workspace, by the file itself and by CODEOWNERS (`lines` of it, none without a match).

    `others` are the teams of teams.yaml that CODEOWNERS names instead.
    """

    name: str
    team: str
    document: Document
    code_owners: tuple[str, ...]
    lines: tuple[int, ...]
    agreement: Agreement
    others: tuple[str, ...] = ()


def read_code_owners_file(root: Path) -> CodeOwnersFile | None:
    """The CODEOWNERS file of the repository that a workspace lies in, or of the workspace; None without one."""
    root = root.resolve()
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    for folder in dict.fromkeys((top, root)):
        for place in _PLACES:
            path = folder / place
            if path.is_file() and path.stat().st_size <= _MAX_BYTES:
                text = path.read_text(encoding="utf-8", errors="replace")
                prefix = "" if root == folder else f"{root.relative_to(folder).as_posix()}/"
                forges = frozenset(forge for name, forge in _FORGES.items() if (folder / name).exists())
                owners = read_code_owners(text, dialect_of(place, text, forges=forges))
                return CodeOwnersFile(file=Path(os.path.relpath(path, root)).as_posix(), prefix=prefix, owners=owners)
    return None


def ownerships(workspace: Workspace, code_owners: CodeOwnersFile) -> Iterator[Ownership]:
    """Every integration and contract with its owners."""
    for name, integration in workspace.integrations.items():
        document = workspace.document("integration", integration=name)
        yield _ownership(name, integration.owner.team, document, workspace.teams, code_owners)
    for name, versions in workspace.contracts.items():
        for version, contract in versions.items():
            document = workspace.document("contract", contract=name, version=version)
            yield _ownership(f"{name} {version}", contract.owner.team, document, workspace.teams, code_owners)


def team_handles(name: str, team: Team) -> str:
    """What to write into CODEOWNERS for a team."""
    return " ".join(team.code_owners) or f"@ORGANIZATION/{name.replace('_', '-')}"


def _ownership(name: str, team: str, document: Document, teams: TeamsFile, code_owners: CodeOwnersFile) -> Ownership:
    found = code_owners.owners.owners_of(f"{code_owners.prefix}{document.file}")
    named = [known for known, one in teams.teams.items() if any(_is_handle(known, one, o) for o in found.owners)]
    has_handles = team in teams.teams and bool(teams.teams[team].code_owners)
    if not found.owners:
        agreement = Agreement.UNOWNED
    elif team in named:
        agreement = Agreement.AGREES
    elif named or has_handles:
        agreement = Agreement.DISAGREES
    else:
        agreement = Agreement.UNKNOWN
    return Ownership(
        name=name,
        team=team,
        document=document,
        code_owners=found.owners,
        lines=found.lines,
        agreement=agreement,
        others=tuple(one for one in named if one != team),
    )


def _is_handle(name: str, team: Team, owner: str) -> bool:
    """Whether an entry of CODEOWNERS means a team: by what it says, or else by the handle's last part or an address."""
    owner = owner.lower()
    if team.code_owners:
        return owner in (handle.lower() for handle in team.code_owners)
    if owner.startswith("@"):
        last = owner.rpartition("/")[2].removeprefix("@").replace("-", "_")
        return last == name.lower().replace("-", "_").replace(".", "_")
    return owner in (person.email.lower() for person in team.people if person.email)
