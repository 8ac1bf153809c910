"""Where two JSON values differ. Pure; for contract tests and for comparing what two routes would send."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Missing(msgspec.Struct, frozen=True):
    """Stands for a value that is not there, which is not the same as null."""

    def __str__(self) -> str:
        return "(nothing)"


MISSING = Missing()


class Difference(msgspec.Struct, frozen=True):
    """One place, as a JSON pointer, where the values are not the same."""

    pointer: str
    expected: object
    actual: object

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: expected {_show(self.expected)}, got {_show(self.actual)}"


def compare(expected: object, actual: object, pointer: str = "") -> Iterator[Difference]:
    """Every difference, in the order of the expected value. Numbers are equal by value; true is not 1.

    >>> [str(one) for one in compare({"a": 1, "b": [1]}, {"a": 1.0, "b": [2], "c": 3})]
    ['/b/0: expected 1, got 2', '/c: expected (nothing), got 3']
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            step = str(key).replace("~", "~0").replace("/", "~1")
            yield from compare(expected.get(key, MISSING), actual.get(key, MISSING), f"{pointer}/{step}")
    elif isinstance(expected, list) and isinstance(actual, list):
        for index in range(max(len(expected), len(actual))):
            left = expected[index] if index < len(expected) else MISSING
            right = actual[index] if index < len(actual) else MISSING
            yield from compare(left, right, f"{pointer}/{index}")
    elif isinstance(expected, bool) != isinstance(actual, bool) or expected != actual:
        yield Difference(pointer, expected, actual)


def _show(value: object) -> str:
    return str(value) if isinstance(value, Missing) else msgspec.json.encode(value).decode()
