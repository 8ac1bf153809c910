"""Which fields of a foreign request an adapter carries over: each is altered, and something of the events must change.

Exact for the samples that are looked at, whatever the expressions are: nothing is guessed from how they are written.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import msgspec

from paceline.mapping.adapter import CompiledAdapter
from paceline.model.event import Filtered, Refusal

Step = str | int


class Carried(enum.StrEnum):
    """What becomes of a source field."""

    CARRIED = "carried"
    DECIDES = "decides"
    """It has a say in which events are made, and is in none of them."""
    LEFT_OUT = "left out"
    """On purpose; the adapter says why."""
    NOT_CARRIED = "not carried"


class SourceField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the requests that were looked at, such as `$.body.answers[*].field.ref`."""

    path: str
    state: Carried
    why: str = ""


def source_coverage(
    adapter: CompiledAdapter, requests: Iterable[Mapping[str, object]], *, now_ms: int
) -> list[SourceField]:
    """Every field of the bodies (or forms) of requests, with what becomes of it, in the order of first sight."""
    states: dict[str, Carried] = {}
    rank = [Carried.CARRIED, Carried.DECIDES, Carried.NOT_CARRIED]
    for request in requests:
        base = adapter.make(request, now_ms=now_ms)
        for part in ("body", "form", "text"):
            if part not in request or (part == "text" and "form" in request):
                continue
            for path in _leaves(request[part]):
                shown = _shown((part, *path))
                if states.get(shown) is Carried.CARRIED:
                    continue
                state = _state(adapter, request, (part, *path), base, now_ms=now_ms)
                states[shown] = min(state, states.get(shown, state), key=rank.index)
    reasons = adapter.spec.left_out
    found = []
    for shown, state in states.items():
        why = next((why for left, why in reasons.items() if _is_below(shown, left)), "")
        is_left_out = bool(why) and state is Carried.NOT_CARRIED
        found.append(
            SourceField(path=shown, state=Carried.LEFT_OUT if is_left_out else state, why=why if is_left_out else "")
        )
    return found


def _state(
    adapter: CompiledAdapter, request: Mapping[str, object], path: tuple[Step, ...], base: object, *, now_ms: int
) -> Carried:
    decides = False
    for altered in _altered(_at(request, path)):
        found = adapter.make(_with(request, path, altered), now_ms=now_ms)
        if _shape(found) != _shape(base):
            decides = True
        elif _content(found) != _content(base):
            return Carried.CARRIED
    return Carried.DECIDES if decides else Carried.NOT_CARRIED


def _altered(value: object) -> Iterator[object]:
    """Other values of the same kind, the likeliest to be taken first; at last nothing at all."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str():
            yield (
                re.sub(r"[0-9](?=[^0-9]*\Z)", lambda digit: str((int(digit[0]) + 1) % 10), value)
                if any(letter.isdigit() for letter in value)
                else f"{value}x"
            )
            yield f"{value}x"
        case list() | dict():
            yield ["x"] if isinstance(value, list) else {"x": "x"}
        case _:
            yield "x"
            yield 1
    yield _GONE


_GONE = object()


def _shape(made: object) -> object:
    """Which events there are, or why there are none."""
    if isinstance(made, Filtered | Refusal):
        return made
    assert isinstance(made, list)
    return [one.rule for one in made]


def _content(made: object) -> object:
    """What is in the events."""
    return [(one.name, one.fields) for one in made] if isinstance(made, list) else made


def _leaves(value: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path


def _at(value: object, path: tuple[Step, ...]) -> object:
    found: Any = value
    for step in path:
        found = found[step]
    return found


def _with(request: Mapping[str, object], path: tuple[Step, ...], new: object) -> dict[str, object]:
    """A copy of the request with another value at a path."""
    copy: dict[str, object] = {**request, str(path[0]): deepcopy(request[str(path[0])])}
    container: Any = copy
    for step in path[:-1]:
        container = container[step]
    if new is not _GONE:
        container[path[-1]] = new
    elif isinstance(container, dict):
        del container[path[-1]]
    else:
        container[path[-1]] = None
    return copy


def _shown(path: tuple[Step, ...]) -> str:
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append("[*]")
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", step):
            parts.append(f".{step}")
        else:
            parts.append("." + msgspec.json.encode(step).decode())
    return "".join(parts)


def _is_below(path: str, other: str) -> bool:
    """Whether a path is another one, or inside it. A list's items may be written without `[*]`.

    >>> _is_below("$.body[*].attemptNumber", "$.body[*].attemptNumber"), _is_below("$.body.a.b", "$.body.a")
    (True, True)
    """
    left, right = path.replace("[*]", ""), other.replace("[*]", "")
    return left == right or left.startswith(f"{right}.")
