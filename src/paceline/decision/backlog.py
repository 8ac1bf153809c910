"""Takes a whole backlog in: what is wrong with one request stops no other."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.decision.intake import missing_answers, request_faults
from paceline.decision.shape import read_shape
from paceline.model.request import BacklogFile, Request, RequestFault, SharedEstimates

Path = tuple[str | int, ...]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A request that cannot be decided upon: its name (or its place in the list), and everything that is wrong."""

    request: str
    outcome: str
    faults: tuple[RequestFault, ...]


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """A backlog as it was read: what can be decided upon and what cannot, by index in the list.

    `at_once` says how many requests a team builds at the same time.
    """

    requests: Mapping[int, Request]
    refused: Mapping[int, Refused]
    at_once: Mapping[str, int]


def read_backlog(value: object) -> Backlog | tuple[RequestFault, ...]:
    """The requests of a backlog.yaml as plain values, complete with what they share.

    Faults come back only when they are in the part that all requests share, or when there are no requests. The paths
    of all faults begin at the top of the file.

    >>> read_backlog({"requests": [{"request": "x"}]}).refused[0].request
    'x'
    """
    head = read_shape(_without_requests(value), BacklogFile)
    if not isinstance(head, BacklogFile):
        return head
    assert isinstance(value, Mapping)
    requests: dict[int, Request] = {}
    refused: dict[int, Refused] = {}
    names: dict[str, int] = {}
    for index, item in enumerate(value["requests"]):
        request = read_shape(item, Request)
        faults: list[RequestFault] = []
        if isinstance(request, Request):
            request = _completed(request, head)
            first = names.setdefault(request.request, index)
            if first != index:
                message = f"item {first + 1} is called {request.request!r} too"
                faults.append(RequestFault(path=("request",), message=message, remedy="rename one"))
            faults += request_faults(request)
            if not faults:
                requests[index] = request
                continue
        else:
            faults += (*request, *missing_answers(item))
        located = tuple(dict.fromkeys(_located(fault, item, index) for fault in faults))
        refused[index] = _refused(item, index, located)
    return Backlog(requests=requests, refused=refused, at_once=head.at_once)


def _without_requests(value: object) -> object:
    """The backlog with a harmless request in place of its own, so that only what they share is looked at."""
    if not isinstance(value, Mapping) or not isinstance(value.get("requests"), list) or not value["requests"]:
        return value
    return {**value, "requests": [{"request": "x", "outcome": "x", "asked": "2026-01-01"}]}


def _completed(request: Request, head: BacklogFile) -> Request:
    """The request with the shared estimates that it does not state itself."""
    own, shared = request.shared, head.shared
    return msgspec.structs.replace(
        request,
        currency=request.currency or head.currency,
        shared=SharedEstimates(
            **{
                name: stated if (stated := getattr(own, name)) is not None else getattr(shared, name)
                for name in SharedEstimates.__struct_fields__
            }
        ),
    )


def _refused(item: object, index: int, faults: tuple[RequestFault, ...]) -> Refused:
    stated = item if isinstance(item, Mapping) else {}
    name, outcome = stated.get("request"), stated.get("outcome")
    return Refused(
        request=name if isinstance(name, str) and name else f"item {index + 1}",
        outcome=outcome if isinstance(outcome, str) else "",
        faults=faults,
    )


def _located(fault: RequestFault, item: object, index: int) -> RequestFault:
    """The fault with its path from the top of the file: what a request does not say itself is in the shared part."""
    if fault.path[:1] == ("shared",) and not _states(item, fault.path[:2]):
        return fault
    return msgspec.structs.replace(fault, path=("requests", index, *fault.path))


def _states(value: object, path: Path) -> bool:
    """Whether there is something at a path of plain values."""
    for step in path:
        if not isinstance(value, Mapping) or value.get(step) is None:
            return False
        value = value[step]
    return True
