"""When two JSON values are the same: 1 is 1.0, but true is not 1."""

from __future__ import annotations

from collections.abc import Hashable


def equal(left: object, right: object) -> bool:
    """Whether two JSON values are the same, to any depth; object keys in any order."""
    if type(left) is bool or type(right) is bool:
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    return left == right


def fingerprint(value: object) -> Hashable:
    """A key that two values share exactly when they are equal."""
    match value:
        case bool():
            return (bool, value)
        case list():
            return (list, tuple(fingerprint(item) for item in value))
        case dict():
            return (dict, frozenset((key, fingerprint(item)) for key, item in value.items()))
        case _:
            assert isinstance(value, str | int | float | None)
            return value
