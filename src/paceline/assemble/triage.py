"""Opens a backlog for commands: its requests, complete with what the workspace around it knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from paceline.assemble.triage_knowledge import NOTHING_AROUND, Surroundings, look_around
from paceline.decision.backlog import Backlog, Refused, read_backlog
from paceline.decision.knowledge import Fact, fill_in, unknown_teams
from paceline.errors import UnknownNameError, UsageError, WorkspaceError
from paceline.model.finding import Finding
from paceline.model.request import Request, RequestFault
from paceline.workspace.document import Document
from paceline.workspace.load import find_workspace
from paceline.workspace.yaml_document import read_yaml

if TYPE_CHECKING:
    from paceline.decision.triage import DecideAll, Triage

BACKLOG_FILE = "backlog.yaml"


class KnownRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that can be decided upon: complete with what is known about it, and the facts."""

    request: Request
    facts: tuple[Fact, ...]


class OpenBacklog(msgspec.Struct, frozen=True, kw_only=True):
    """A backlog as it stands in a file. `requests` and `refused` are by index in its list.

    `around` is what the workspace around the file knows; nothing outside one.
    """

    file: Path
    document: Document
    requests: Mapping[int, KnownRequest]
    refused: Mapping[int, Refused]
    at_once: Mapping[str, int]
    around: Surroundings

    def findings(self) -> list[Finding]:
        """Everything that is wrong with requests of the backlog, with line and column."""
        found = (fault for refused in self.refused.values() for fault in refused.faults)
        return [self.finding(fault) for fault in dict.fromkeys(found)]

    def finding(self, fault: RequestFault) -> Finding:
        """A fault at its place in the file."""
        return _finding(self.document, fault)

    def place(self, fault: RequestFault) -> str:
        """The file and line of a fault."""
        line = self.document.place(fault.path).line
        return f"{self.file.name}:{line}" if line else self.file.name


def find_backlog(start: Path) -> Path:
    """The backlog at `start`: the file itself, or that of the workspace that `start` lies in. Raises UsageError."""
    if start.is_file():
        return start
    file = find_workspace(start) / BACKLOG_FILE
    if not file.is_file():
        remedy = "write one (see docs/decision.md), import one (paceline import backlog), or name a file"
        raise UsageError(f"the workspace has no {BACKLOG_FILE}", where=str(file.parent), remedy=remedy)
    return file


def open_backlog(file: Path, around: Surroundings | None = None) -> OpenBacklog:
    """The backlog in a file, or the one request in it. What is wrong with single requests is a value.

    `around` is what the workspace knows, where that was looked up before. Raises WorkspaceError with findings when the
    file cannot be read, or when the part that all requests share is wrong.
    """
    document, findings = read_yaml(file.read_bytes(), str(file))
    if document is None or findings:
        raise WorkspaceError("the file cannot be read", findings, where=str(file))
    is_backlog = isinstance(document.value, dict) and "requests" in document.value
    value = document.value if is_backlog else {"requests": [document.value]}
    backlog = read_backlog(value)
    if not isinstance(backlog, Backlog):
        found = [_finding(document, fault) for fault in backlog]
        raise WorkspaceError(f"{_count(len(found))} in the file, so nothing is decided", found, where=str(file))
    if not is_backlog:
        backlog = _without_list(backlog)
    return _completed(file, document, backlog, around or _look_around(file, backlog))


def find_request(backlog: OpenBacklog, name: str | None) -> KnownRequest:
    """The request of that name; the only one when no name is given.

    Raises WorkspaceError with everything that is wrong with it, UnknownNameError when there is none.
    """
    by_name = {known.request.request: known for known in backlog.requests.values()}
    refused = {one.request: one for one in backlog.refused.values()}
    count = len(backlog.requests) + len(backlog.refused)
    if name is None:
        if count > 1:
            raise UsageError(f"there are {count} requests", where=str(backlog.file), remedy="say which one")
        name = next(iter([*by_name, *refused]))
    if name in refused:
        found = [backlog.finding(fault) for fault in refused[name].faults]
        raise WorkspaceError(
            f"{_count(len(found))} in the request, so nothing is decided", found, where=str(backlog.file)
        )
    if name not in by_name:
        raise UnknownNameError("request", name, [*by_name, *refused], where=str(backlog.file))
    return by_name[name]


def _completed(file: Path, document: Document, backlog: Backlog, around: Surroundings) -> OpenBacklog:
    requests: dict[int, KnownRequest] = {}
    refused = dict(backlog.refused)
    for index, request in backlog.requests.items():
        faults = unknown_teams(request, around.known)
        if faults:
            located = tuple(msgspec.structs.replace(fault, path=("requests", index, *fault.path)) for fault in faults)
            refused[index] = Refused(request=request.request, outcome=request.outcome, faults=located)
            continue
        review = around.reviews.wait(request) if around.reviews is not None else None
        completed, facts = fill_in(request, around.known, review=review)
        requests[index] = KnownRequest(request=completed, facts=facts)
    return OpenBacklog(
        file=file, document=document, requests=requests, refused=refused, at_once=backlog.at_once, around=around
    )


def _without_list(backlog: Backlog) -> Backlog:
    """The backlog of a file that holds one request without the list around it: paths begin at the request."""
    refused = {
        index: msgspec.structs.replace(
            one, faults=tuple(msgspec.structs.replace(fault, path=fault.path[2:]) for fault in one.faults)
        )
        for index, one in backlog.refused.items()
    }
    return msgspec.structs.replace(backlog, refused=refused)


def _look_around(file: Path, backlog: Backlog) -> Surroundings:
    try:
        folder = find_workspace(file.resolve().parent)
    except UsageError:
        return NOTHING_AROUND
    return look_around(folder, with_grades=any(request.events for request in backlog.requests.values()))


def _finding(document: Document, fault: RequestFault) -> Finding:
    return document.finding("PL105", fault.path, f"{fault.place}: {fault.message}", hint=fault.remedy)


def _count(faults: int) -> str:
    return f"{faults} fault{'' if faults == 1 else 's'}"


def _own_place(fault: RequestFault) -> str:
    """The place of a fault inside its request."""
    path = fault.path[2:] if fault.path[:1] == ("requests",) else fault.path
    return ".".join(map(str, path))


def triage_backlog(backlog: OpenBacklog, decide_all: DecideAll | None = None) -> Triage:
    """Decide everything in a backlog. What is wrong with a request becomes what its ticket asks for.

    `decide_all` is how to decide many requests; one after the other without it.
    """
    from paceline.decision.triage import Ask, Asked, triage  # noqa: PLC0415 - needs NumPy; reading a backlog does not

    refused = [
        Asked(
            request=one.request,
            outcome=one.outcome,
            asks=tuple(
                Ask(path=_own_place(fault), what=fault.message, remedy=fault.remedy, place=backlog.place(fault))
                for fault in one.faults
            ),
        )
        for one in backlog.refused.values()
    ]
    requests = [(known.request, known.facts) for known in backlog.requests.values()]
    return triage(
        requests,
        refused,
        at_once=backlog.at_once,
        known=backlog.around.known,
        calibration=backlog.around.calibration,
        decide_all=decide_all,
    )
