"""worklog.log: what people did by hand, one line a fact, only ever added to.

    2026-11-23T10:15:00Z customerio_onboarding ops 45m ines@shop.example "replayed after outage"
    2026-11-24T09:00:00Z ga4_web debt:undocumented_mapping 30m jonas@shop.example "notes for the totals"

A line in `.gitattributes` tells git to keep the lines of both sides when two branches add some (`merge=union`), so
there are no conflicts; order means nothing, and a line that stands there twice counts once.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from paceline.errors import EnvironmentFaultError, UsageError
from paceline.model.actuals import WorkKind
from paceline.model.debt import DebtKind
from paceline.workspace.history import first_line, git_output

WORK_LOG = "worklog.log"
MERGE_RULE = f"{WORK_LOG} merge=union"
_LINE = re.compile(
    r"(?P<at>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z) (?P<integration>[a-z][a-z0-9_.]*)"
    r" (?P<kind>[a-z]+)(:(?P<debt>[a-z_]+))? (?P<minutes>\d+)m (?P<who>\S+) (?P<text>\".*\")"
)
_DURATION = re.compile(r"(?:(?P<hours>\d+(?:\.\d+)?)h)?(?:(?P<minutes>\d+)m)?")
MOST_MINUTES = 7 * 24 * 60


class WorkFact(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One line: who spent how long on which integration, and what for. `debt` is the kind of an item that was paid."""

    at: dt.datetime
    integration: str
    kind: WorkKind
    minutes: int
    who: str
    text: str
    debt: DebtKind | None = None


class WorkLog(msgspec.Struct, frozen=True, kw_only=True):
    """Every fact, oldest first, and the numbers of lines that cannot be read."""

    facts: tuple[WorkFact, ...] = ()
    wrong_lines: tuple[int, ...] = ()

    def of(self, integration: str, *kinds: WorkKind) -> list[WorkFact]:
        """The facts of an integration, of some kinds or of all."""
        return [one for one in self.facts if one.integration == integration and (not kinds or one.kind in kinds)]


def read_work_log(root: Path) -> WorkLog:
    """The work log of a workspace; an empty one where there is none. Raises UsageError where it cannot be read."""
    path = root / WORK_LOG
    if not path.is_file():
        return WorkLog()
    try:
        return parse_work_log(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from None


def parse_work_log(text: str) -> WorkLog:
    """The facts in a file's text."""
    facts: set[WorkFact] = set()
    wrong: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):  # JSON leaves other ends of lines in a text as they are
        if not line.strip() or line.startswith("#"):
            continue
        fact = _fact(line.strip())
        if fact is None:
            wrong.append(number)
        else:
            facts.add(fact)
    ordered = sorted(facts, key=lambda one: (one.at, work_line(one)))
    return WorkLog(facts=tuple(ordered), wrong_lines=tuple(wrong))


def _fact(line: str) -> WorkFact | None:
    match = _LINE.fullmatch(line)
    if match is None or int(match["minutes"]) > MOST_MINUTES:
        return None
    try:
        return WorkFact(
            at=dt.datetime.fromisoformat(match["at"]),
            integration=match["integration"],
            kind=WorkKind(match["kind"]),
            minutes=int(match["minutes"]),
            who=match["who"],
            text=json.loads(match["text"]),
            debt=DebtKind(match["debt"]) if match["debt"] else None,
        )
    except ValueError:
        return None


def work_line(fact: WorkFact) -> str:
    """A fact as it stands in the file."""
    kind = fact.kind.value if fact.debt is None else f"{fact.kind.value}:{fact.debt.value}"
    text = json.dumps(fact.text, ensure_ascii=False)
    return f"{fact.at:%Y-%m-%dT%H:%M:%SZ} {fact.integration} {kind} {fact.minutes}m {fact.who} {text}"


def add_work(root: Path, facts: Iterable[WorkFact]) -> Sequence[str]:
    """Add facts at the end of the work log, and git's merge rule for it. Says which files were changed."""
    path, attributes = root / WORK_LOG, root / ".gitattributes"
    changed = [WORK_LOG]
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        start = "" if not before or before.endswith("\n") else "\n"
        with path.open("a", encoding="utf-8") as file:
            file.write(start + "".join(f"{work_line(fact)}\n" for fact in facts))
        rules = attributes.read_text(encoding="utf-8") if attributes.exists() else ""
        if MERGE_RULE not in rules.splitlines():
            start = "" if not rules or rules.endswith("\n") else "\n"
            attributes.write_text(f"{rules}{start}{MERGE_RULE}\n", encoding="utf-8")
            changed.append(".gitattributes")
    except OSError as error:
        raise EnvironmentFaultError(f"cannot be written: {error.strerror}", where=str(path)) from None
    return changed


def parse_duration(text: str) -> int | None:
    """Whole minutes of `45m`, `2h`, `1.5h` or `1h30m`; None for anything else, and for more than a week.

    >>> parse_duration("1h30m"), parse_duration("90")
    (90, None)
    """
    match = _DURATION.fullmatch(text.strip())
    if not text.strip() or match is None:
        return None
    minutes = round(float(match["hours"] or 0) * 60) + int(match["minutes"] or 0)
    return minutes if minutes <= MOST_MINUTES else None


def git_user(root: Path) -> str:
    """Who works here, by git's configuration: the address, or the name without spaces; empty where it says neither."""
    for key in ("user.email", "user.name"):
        value = first_line(git_output(root, "config", "--get", key))
        if value:
            return re.sub(r"\s+", "_", value)
    return ""
