"""Whether two paths make the same payload of an event, and if not, in which fields they differ. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Sequence

import msgspec

MOST_DIFFERENCES = 50
_ABSENT = object()
_FACTORS = (10, 100, 1000, 60, 1024, 1_000_000)


class Difference(msgspec.Struct, frozen=True):
    """A field in which two payloads differ: where (`items[].price`), and what stands on each side, redacted."""

    path: str
    direct: str
    bus: str


def differences(
    direct: object, bus: object, *, show: Callable[[object], str], noise: Sequence[str] = ()
) -> list[Difference]:
    """Where two payloads differ, at most `MOST_DIFFERENCES` fields.

    `noise` names fields that may differ (`sent_at`, `meta.*`); `show` writes a value for people, without what is
    personal in it. Numbers are compared by value (1 and 1.0 are equal), texts exactly; a field that is missing is not
    one that is null.

    >>> differences({"total": 49.99, "id": 1}, {"total": 4999, "id": 1.0}, show=repr)
    [Difference(path='total', direct='49.99', bus='4999 (100 times as much)')]
    >>> differences({"meta": {"at": 1}}, {"meta": {"at": 2}}, show=repr, noise=["meta.*"])
    []
    """
    found: dict[str, Difference] = {}
    for path, left, right in _walk(direct, bus, ""):
        if path not in found and not is_noise(path, noise):
            found[path] = Difference(path, _shown(left, show), _shown(right, show) + _factor(left, right))
            if len(found) == MOST_DIFFERENCES:
                break
    return list(found.values())


def is_noise(path: str, noise: Sequence[str]) -> bool:
    """Whether a rule covers a field or something that it is part of.

    >>> is_noise("context.page.url", ["context"]), is_noise("items[].id", ["items[].*"]), is_noise("id", ["items"])
    (True, True, False)
    """
    return any(
        path == rule or path.startswith((f"{rule}.", f"{rule}[]")) or fnmatch.fnmatchcase(path, _literal_brackets(rule))
        for rule in noise
    )


def _literal_brackets(rule: str) -> str:
    return rule.replace("[", "[[]")


def _walk(left: object, right: object, path: str) -> Iterator[tuple[str, object, object]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in (*left, *(name for name in right if name not in left)):
            inner = f"{path}.{name}" if path else str(name)
            yield from _walk(left.get(name, _ABSENT), right.get(name, _ABSENT), inner)
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple) and len(left) == len(right):
        for one, other in zip(left, right, strict=True):
            yield from _walk(one, other, f"{path}[]")
    elif not _are_equal(left, right):
        yield path or "(the whole payload)", left, right


def _are_equal(left: object, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _shown(value: object, show: Callable[[object], str]) -> str:
    return "missing" if value is _ABSENT else show(value)


def _factor(left: object, right: object) -> str:
    """What people look for first when amounts or times differ: another unit."""
    if not _is_number(left) or not _is_number(right) or not left or not right:
        return ""
    assert isinstance(left, int | float)
    assert isinstance(right, int | float)
    for factor in _FACTORS:
        if abs(right - left * factor) <= abs(right) * 1e-9:
            return f" ({factor} times as much)"
        if abs(left - right * factor) <= abs(left) * 1e-9:
            return f" (a {factor}th of it)"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
