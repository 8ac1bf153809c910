"""RFCs of a workspace: finding them, reading them, and what is wrong with them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from paceline.errors import UnknownNameError, WorkspaceError, nearest_name_hint
from paceline.lifecycle.rfc import FrontMatter, RfcState, read_moment, read_text, split_front_matter
from paceline.lifecycle.rfc_checks import check_rfc_text
from paceline.model.finding import Finding
from paceline.model.team import Person, TeamsFile
from paceline.workspace.document import Document
from paceline.workspace.yaml_document import decode_text, read_yaml

RFCS_FOLDER = "rfcs"
_NAME = re.compile(r"^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md$")


class Rfc(msgspec.Struct, frozen=True, kw_only=True):
    """An RFC as it stands in its file. `file` is below the workspace; `document` has the places of the front matter."""

    number: str
    file: str
    text: str
    head: FrontMatter
    document: Document

    @property
    def title(self) -> str:
        """Its heading, or the name of its file."""
        return read_text(self.text).title or Path(self.file).stem


def rfc_files(root: Path) -> list[str]:
    """The RFCs of the workspace, as paths below it, by number."""
    return sorted(f"{RFCS_FOLDER}/{file.name}" for file in (root / RFCS_FOLDER).glob("*.md") if _NAME.match(file.name))


def next_number(root: Path) -> str:
    """The number of the next RFC, such as 0004."""
    return f"{max((int(Path(file).name[:4]) for file in rfc_files(root)), default=0) + 1:04}"


def find_rfc(root: Path, name: str) -> str:
    """The file of an RFC by its number (3 or 0003), its name or its path. Raises UnknownNameError."""
    files = rfc_files(root)
    wanted = Path(name).name.removesuffix(".md")
    for file in files:
        stem = Path(file).stem
        if wanted in (stem, stem[:4], stem[5:]) or (
            wanted.isascii() and wanted.isdigit() and int(wanted) == int(stem[:4])
        ):
            return file
    raise UnknownNameError("RFC", name, [Path(file).stem for file in files], where=str(root / RFCS_FOLDER))


def read_rfc(root: Path, file: str) -> tuple[Rfc | None, list[Finding]]:
    """An RFC; None with findings when its front matter cannot be read."""
    text, refused = decode_text((root / file).read_bytes(), file)
    if text is None:
        return None, [refused] if refused else []
    head, _ = split_front_matter(text)
    if head is None:
        hint = "begin the file with `---`, `status: ideation`, `decision-makers: [NAME]`, `---` (see docs/rfcs.md)"
        return None, [Finding(code="PL801", file=file, line=1, column=1, message="it has no front matter", hint=hint)]
    # A comment stands for the first `---`, so that lines are those of the file.
    document, findings = read_yaml(f"#\n{head}\n".encode(), file)
    if document is None or findings:
        return None, findings
    try:
        known = msgspec.convert(document.value, FrontMatter)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        keys = re.findall(r"\.([\w-]+)|\[(\d+)\]", place.strip("`").removeprefix("$"))
        path = tuple(int(index) if index else key for key, index in keys)
        known_words = RfcState if path == ("status",) else FrontMatter.__struct_encode_fields__
        hint = f"{'states' if path == ('status',) else 'keys'}: {', '.join(known_words)}"
        return None, [document.finding("PL801", path, message[:1].lower() + message[1:], hint=hint)]
    return Rfc(number=Path(file).name[:4], file=file, text=text, head=known, document=document), []


def require_rfc(root: Path, name: str) -> Rfc:
    """The RFC of that name. Raises UnknownNameError, and WorkspaceError with findings when it cannot be read."""
    file = find_rfc(root, name)
    rfc, findings = read_rfc(root, file)
    if rfc is None:
        raise WorkspaceError("the front matter cannot be read", findings, where=file)
    return rfc


def check_rfc(root: Path, file: str, teams: TeamsFile) -> list[Finding]:
    """Everything that keeps an RFC from being opened for review, each at its line."""
    rfc, findings = read_rfc(root, file)
    if rfc is None:
        text, _ = decode_text((root / file).read_bytes(), file)
    else:
        text = rfc.text
        findings = [*_reviewer_findings(rfc, people_by_name(teams)), *_moment_findings(rfc)]
    for fault in check_rfc_text(read_text(text or "")):
        findings.append(
            Finding(code=fault.code, file=file, line=fault.line, column=1, message=fault.message, hint=fault.hint)
        )
    return sorted(findings, key=lambda finding: (finding.line, finding.code))


def people_by_name(teams: TeamsFile) -> Mapping[str, Person]:
    """Everybody in teams.yaml, by name and by address."""
    everybody = [person for team in teams.teams.values() for person in team.people]
    return {person.email: person for person in everybody if person.email} | {
        person.name: person for person in everybody
    }


def first_of_teams(teams: TeamsFile, names: Iterable[str]) -> list[str]:
    """Who is asked to review for each of these teams, without repetition; teams that do not exist have nobody."""
    asked = [teams.teams[name] for name in dict.fromkeys(names) if name in teams.teams]
    return list(dict.fromkeys(team.people[0].name for team in asked))


def read_now(text: str | None) -> dt.datetime:
    """The moment that a command counts from: the one given, or else the present one."""
    moment = read_moment(text) if text else None
    return moment or dt.datetime.now(dt.UTC).replace(microsecond=0)


def _reviewer_findings(rfc: Rfc, known: Mapping[str, Person]) -> Iterator[Finding]:
    if rfc.head.status in (RfcState.COMMITTED, RfcState.ABANDONED):
        return  # who decided then may have left since
    if not rfc.head.decision_makers:
        yield rfc.document.finding(
            "PL802", (), "no reviewers are named", hint="write `decision-makers: [NAME, …]`, people of teams.yaml"
        )
    for index, name in enumerate(rfc.head.decision_makers):
        if name not in known:
            hint = nearest_name_hint(name, sorted(person for person in known if "@" not in person))
            path = ("decision-makers", index)
            yield rfc.document.finding("PL802", path, f"nobody in teams.yaml is called {name!r}", hint=hint)


def _moment_findings(rfc: Rfc) -> Iterator[Finding]:
    for key in ("opened", "closes", "closed"):
        said = getattr(rfc.head, key)
        if said and read_moment(said) is None:
            hint = "such as 2026-11-27T15:00:00+00:00"
            yield rfc.document.finding("PL801", (key,), f"{said!r} is no moment", hint=hint)
