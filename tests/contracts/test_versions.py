"""Semantic versions and ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.contracts.versions import Version, VersionRange
from paceline.errors import UsageError

numbers = st.integers(min_value=0, max_value=20)
versions = st.builds(Version, numbers, numbers, numbers)


@given(versions)
def test_version_survives_being_written_and_read(version: Version) -> None:
    assert Version.parse(str(version)) == version


@given(versions, versions)
def test_versions_are_ordered_number_by_number(one: Version, other: Version) -> None:
    assert (one < other) == ((one.major, one.minor, one.patch) < (other.major, other.minor, other.patch))


@pytest.mark.parametrize(
    ("text", "column"),
    [("", 1), ("1.2", 4), ("01.2.3", 2), ("1.2.3-rc1", 6), ("v1.2.3", 1), ("1.2.3\n", 6), ("1.2.x", 5), ("1.2.٣", 5)],
)
def test_what_is_not_a_version_is_refused_with_its_column(text: str, column: int) -> None:
    with pytest.raises(UsageError) as caught:
        Version.parse(text)
    assert caught.value.where == f"column {column} of {text!r}"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=1.2 <2", ["1.2.0", "1.9.9"], ["1.1.9", "2.0.0"]),
        (">=1.2, <2", ["1.2.0"], ["2.0.0"]),
        ("*", ["0.0.0", "9.9.9"], []),
        ("1.x", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0"]),
        ("1", ["1.0.0", "1.9.9"], ["2.0.0"]),
        ("1.2.*", ["1.2.7"], ["1.3.0"]),
        ("=1.2.3", ["1.2.3"], ["1.2.4"]),
        (">1.2", ["1.3.0"], ["1.2.9"]),
        ("<=1.2", ["1.2.9", "0.0.1"], ["1.3.0"]),
        ("^1.2", ["1.2.0", "1.99.0"], ["2.0.0", "1.1.0"]),
        ("^0.3.1", ["0.3.1", "0.3.9"], ["0.4.0"]),
        ("~1.2.3", ["1.2.9"], ["1.3.0", "1.2.2"]),
        (">= 1.2", ["1.2.0"], ["1.1.0"]),
    ],
)
def test_range_admits_what_it_says(text: str, inside: list[str], outside: list[str]) -> None:
    admitted = VersionRange.parse(text)
    assert [version for version in inside + outside if admitted.admits(Version.parse(version))] == inside


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        (">=", 1),
        ("1.2.3.4", 1),
        (">=1.2 <x1", 8),
        (">=2 <1", 1),
        ("1 || 2", 3),
        ("1.x.2", 1),
        ("<0.0.0", 1),
        (">*", 2),
    ],
)
def test_wrong_range_is_refused_with_its_column(text: str, column: int) -> None:
    with pytest.raises(UsageError) as caught:
        VersionRange.parse(text)
    assert caught.value.where == f"column {column} of {text!r}"


@given(st.lists(versions), versions)
def test_newest_is_the_highest_version_that_is_admitted(known: list[Version], lowest: Version) -> None:
    newest = VersionRange.parse(f">={lowest}").newest(known)
    assert newest == max((version for version in known if version >= lowest), default=None)


@pytest.mark.parametrize(("part", "next_one"), [("major", "2.0.0"), ("minor", "1.3.0"), ("patch", "1.2.4")])
def test_bumped_version_starts_the_lower_parts_again(part: str, next_one: str) -> None:
    assert str(Version(1, 2, 3).bumped(part)) == next_one


def test_unknown_part_is_refused() -> None:
    with pytest.raises(UsageError, match="major, minor or patch"):
        Version(1, 2, 3).bumped("middle")
