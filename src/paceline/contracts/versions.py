"""Semantic versions of contracts, and the ranges in which a mapping or a source names the versions that it takes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from paceline.errors import UsageError

_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})", re.ASCII)
_TERM = re.compile(r"(?P<operator>>=|<=|>|<|=|\^|~)?\s*(?P<version>[0-9xX*][0-9a-zA-Z.*+-]*)", re.ASCII)
_PART = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_WILDCARDS = frozenset("xX*")


class Version(msgspec.Struct, frozen=True, order=True):
    """A released contract version, ordered as semantic versions are. Contracts have no pre-releases.

    >>> Version.parse("1.10.0") > Version.parse("1.9.3")
    True
    """

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `major.minor.patch`. Raises UsageError with the column where the text stops being a version."""
        match = _VERSION.fullmatch(text)
        if match is None:
            raise UsageError(
                "this is not a contract version",
                where=f"column {_first_wrong_column(text)} of {text!r}",
                expected="major.minor.patch, such as 1.2.0, without leading zeros or a pre-release",
            )
        major, minor, patch = (int(part) for part in match.groups())
        return cls(major, minor, patch)

    def bumped(self, part: str) -> Version:
        """The next version after a `major`, `minor` or `patch` change.

        >>> str(Version(1, 2, 3).bumped("minor"))
        '1.3.0'
        """
        match part:
            case "major":
                return Version(self.major + 1, 0, 0)
            case "minor":
                return Version(self.major, self.minor + 1, 0)
            case "patch":
                return Version(self.major, self.minor, self.patch + 1)
            case _:
                raise UsageError(f"a version has no part {part!r}", expected="major, minor or patch")

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class VersionRange(msgspec.Struct, frozen=True):
    """The versions between `lowest` (included) and `below` (excluded; None means no upper end).

    Terms are joined by spaces or commas and must all hold: `>=1.2 <2`, `=1.2.3`, `^1.2` (up to the next major),
    `~1.2` (up to the next minor), `1.x`, `1.2.*`, a bare `1.2` (any patch of it) and `*`.

    >>> VersionRange.parse(">=1.2 <2").admits(Version(1, 9, 0))
    True
    """

    text: str
    lowest: Version
    below: Version | None

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """Read a range. Raises UsageError with the column of the first term that is wrong, or when nothing can fit."""
        lowest, below = Version(0, 0, 0), None
        position = 0
        terms = 0
        while position < len(text):
            if text[position] in " \t,":
                position += 1
                continue
            match = _TERM.match(text, position)
            if match is None:
                raise _wrong_range("this is not a version range", text, position)
            low, high = _bounds(match["operator"] or "", match["version"], text, match.start("version"))
            lowest = max(lowest, low)
            below = high if below is None else below if high is None else min(below, high)
            position = match.end()
            if position < len(text) and text[position] not in " \t,":
                raise _wrong_range("this is not a version range", text, position)
            terms += 1
        if terms == 0:
            raise _wrong_range("a version range is empty", text, 0)
        if below is not None and lowest >= below:
            raise _wrong_range("no version can be inside this range", text, 0)
        return cls(text, lowest, below)

    def admits(self, version: Version) -> bool:
        """Whether the version lies inside the range."""
        return self.lowest <= version and (self.below is None or version < self.below)

    def newest(self, versions: Iterable[Version]) -> Version | None:
        """The highest of the versions that lie inside the range, or None when none does."""
        return max((version for version in versions if self.admits(version)), default=None)

    def __str__(self) -> str:
        return self.text


def _bounds(operator: str, written: str, text: str, position: int) -> tuple[Version, Version | None]:
    """One term as a half-open interval. Versions are discrete, so every operator can be written that way."""
    parts = _numbers(written, text, position)
    low = Version(*[*parts, 0, 0, 0][:3])
    after = _after(parts)
    match operator:
        case ">=":
            return low, None
        case ">":
            if after is None:
                raise _wrong_range("no version can be above '*'", text, position)
            return after, None
        case "<":
            return Version(0, 0, 0), low
        case "<=":
            return Version(0, 0, 0), after
        case "^":
            # As in npm and Cargo: below 1.0.0 a minor change may break, so the first number that is not 0 is kept.
            kept = next((index for index, part in enumerate(parts) if part), len(parts) - 1) + 1
            return low, _after(parts[:kept])
        case "~":
            return low, _after(parts[:2])
        case _:
            return low, after


def _numbers(written: str, text: str, position: int) -> list[int]:
    """The numbers of a possibly partial version, without trailing wildcards: `1.x` is [1], `*` is []."""
    pieces = written.split(".")
    if len(pieces) > 3:
        raise _wrong_range("a version has three parts at most", text, position)
    numbers: list[int] = []
    wild = False
    for piece in pieces:
        if piece in _WILDCARDS:
            wild = True
        elif wild or _PART.fullmatch(piece) is None:
            raise _wrong_range(f"{piece!r} cannot stand here in a version", text, position)
        else:
            numbers.append(int(piece))
    return numbers


def _after(parts: list[int]) -> Version | None:
    """The first version after everything that starts with these numbers."""
    match parts:
        case []:
            return None
        case [major]:
            return Version(major + 1, 0, 0)
        case [major, minor]:
            return Version(major, minor + 1, 0)
        case _:
            return Version(parts[0], parts[1], parts[2] + 1)


def _wrong_range(what: str, text: str, position: int) -> UsageError:
    return UsageError(
        what,
        where=f"column {position + 1} of {text!r}",
        expected="terms such as '>=1.2 <2', '^1.4', '~1.4.2', '1.x', '=1.4.2' or '*'",
    )


def _first_wrong_column(text: str) -> int:
    """1-based column after the longest beginning that could still become a version."""
    match = re.match(r"(?:(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){0,2}\.?)?", text, re.ASCII)
    return (match.end() if match else 0) + 1
