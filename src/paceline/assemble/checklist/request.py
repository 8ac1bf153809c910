"""The six questions about a request: what it says, and where in backlog.yaml."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.assemble.checklist.answers import Answer, Checklist
from paceline.assemble.triage import OpenBacklog
from paceline.decision.checks import check_request
from paceline.decision.gates import CheckState
from paceline.decision.knowledge import Fact
from paceline.decision.shape import read_shape
from paceline.model.integration import Stage
from paceline.model.request import Request, RequestFault

_KEYS = {
    "C1": ("acceptance",),
    "C2": ("schema",),
    "C3": ("owner", "sla"),
    "C4": ("migration_plan",),
    "C5": ("contract_tests", "monitoring"),
    "C6": ("risk",),
}
"""Where in a request the answers are."""


def request_names(backlog: OpenBacklog) -> list[str]:
    """Every request of a backlog, also those that cannot be decided upon yet."""
    return [
        *(known.request.request for known in backlog.requests.values()),
        *(refused.request for refused in backlog.refused.values()),
    ]


def check_one_request(backlog: OpenBacklog, name: str) -> Checklist:
    """The six questions about a request of that name, which must be in the backlog.

    A request that cannot be decided upon is answered as far as it can be read; then nothing depends on a verdict.
    """
    for index, known in backlog.requests.items():
        if known.request.request == name:
            leaning = _leaning(known.request, known.facts, backlog)
            return _checklist(backlog, index, known.request, known.facts, leaning)
    index, refused = next((at, one) for at, one in backlog.refused.items() if one.request == name)
    value = backlog.document.value
    items = value.get("requests") if isinstance(value, dict) else None
    item = items[index] if isinstance(items, list) else value
    request = read_shape(item, Request)
    remarks = tuple(_remark(fault) for fault in refused.faults)
    if isinstance(request, Request):
        return msgspec.structs.replace(_checklist(backlog, index, request, (), None), remarks=remarks)
    empty = check_request(Request(request="x", outcome="x", asked="2026-01-01"), None)
    because = "the request cannot be read"
    answers = tuple(
        Answer(id=one.id, question=one.question, state=CheckState.NOT_EVALUATED, because=because) for one in empty
    )
    return Checklist(name=name, kind="request", answers=answers, remarks=remarks)


def _leaning(request: Request, facts: tuple[Fact, ...], backlog: OpenBacklog) -> Stage | None:
    from paceline.decision.decide import decide  # noqa: PLC0415 - needs NumPy, which the rest does not

    return decide(request, facts, backlog.around.calibration).leaning


def _checklist(
    backlog: OpenBacklog, index: int, request: Request, facts: tuple[Fact, ...], leaning: Stage | None
) -> Checklist:
    used = {fact.path: fact for fact in facts}
    answers = tuple(
        Answer(
            id=check.id,
            question=check.question,
            state=check.state,
            because=check.because,
            evidence=tuple(_evidence(backlog, index, check.id, used)),
        )
        for check in check_request(request, leaning)
    )
    remarks = tuple(
        f"The workspace says otherwise about {fact.path}: {fact.says}" for fact in facts if fact.is_contrary
    )
    return Checklist(name=request.request, kind="request", answers=answers, remarks=remarks)


def _evidence(backlog: OpenBacklog, index: int, identity: str, facts: dict[str, Fact]) -> Iterator[str]:
    """Where the answer stands, or the request itself where it stands nowhere; and what the workspace knows about it."""
    value = backlog.document.value
    items = value.get("requests") if isinstance(value, dict) else None
    above: tuple[str | int, ...] = ("requests", index) if isinstance(items, list) else ()
    item = items[index] if isinstance(items, list) else value
    there = [key for key in _KEYS[identity] if isinstance(item, dict) and key in item]
    for key in there:
        yield f"{backlog.file.name}:{backlog.document.place((*above, key), of_key=True).line}"
    if not there:
        yield f"{backlog.file.name}:{backlog.document.place(above).line}"
    for path, fact in facts.items():
        if path.partition(".")[0] in _KEYS[identity]:
            yield from fact.evidence


def _remark(fault: RequestFault) -> str:
    """A fault with its place inside the request."""
    path = fault.path[2:] if fault.path[:1] == ("requests",) else fault.path
    return str(msgspec.structs.replace(fault, path=path))
