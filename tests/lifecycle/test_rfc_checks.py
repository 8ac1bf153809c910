"""What an RFC must have, and when it may be closed."""

from __future__ import annotations

import datetime as dt

import pytest

from paceline.lifecycle.calendar_file import CalendarEntry, calendar_file
from paceline.lifecycle.rfc import Concern, FrontMatter, RfcState, read_text, set_front_matter
from paceline.lifecycle.rfc_checks import check_rfc_text, closing_obstacles, is_filler

NOW = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
GOOD = """---
status: ideation
---
# RFC 0001: Mail within a day

## What changes
```mermaid
flowchart LR
  a --> b
```

## Acceptance tests
- now: a test sign-up gets its mail within a day
- downstream: the sign-up is in the warehouse under one id

## Rollback
Set `route: direct` again when deliveries take over five minutes.
"""


def codes(text: str) -> list[tuple[str, int]]:
    return [(fault.code, fault.line) for fault in check_rfc_text(read_text(text))]


def test_complete_rfc_has_no_faults() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  a --> b\n", "", [("PL804", 7)]),
        ("the sign-up is in the warehouse under one id", "TBD", [("PL805", 12)]),
        ("- downstream: the sign-up is in the warehouse under one id\n", "", [("PL805", 12)]),
        ("the sign-up is in the warehouse under one id", "a test sign-up gets its mail within a day", [("PL805", 12)]),
        ("## Acceptance tests", "## Tests", [("PL805", 1)]),
        ("## Rollback", "## Undoing", [("PL806", 1)]),
        ("Set `route: direct` again when deliveries take over five minutes.", "We revert it.", [("PL806", 16)]),
        (" when deliveries take over five minutes", " and deploy the change", [("PL806", 16)]),
    ],
)
def test_missing_part_or_filler_is_found_at_its_line(old: str, new: str, expected: list[tuple[str, int]]) -> None:
    assert codes(GOOD.replace(old, new)) == expected


def test_acceptance_tests_under_headings_of_their_own_are_found() -> None:
    text = GOOD.replace("- now: ", "### Now\n").replace("- downstream: ", "### Downstream\n")
    assert codes(text) == []


def test_900_words_are_allowed_and_901_are_not() -> None:
    left = 900 - read_text(GOOD).words
    assert codes(GOOD + "word " * left) == []
    assert codes(GOOD + "word " * (left + 1)) == [("PL803", 1)]


def test_words_of_a_diagram_do_not_count() -> None:
    assert read_text("```mermaid\na --> b\n```\n").words == 0


@pytest.mark.parametrize(
    "text", ["", "to be defined later by somebody else", "works works works works", "<who does it when>"]
)
def test_filler_is_seen(text: str) -> None:
    assert is_filler(text)


def obstacles(to: RfcState = RfcState.COMMITTED, now: dt.datetime = NOW, **said: object) -> list[str]:
    head = FrontMatter(**{"status": RfcState.DISCUSSION, **said})  # type: ignore[arg-type]
    return list(closing_obstacles(head, closes=NOW, now=now, to=to))


def test_silence_is_deference_from_the_moment_the_window_ends() -> None:
    assert obstacles() == []
    assert obstacles(now=NOW - dt.timedelta(seconds=1)) == ["the review window is open until 2026-12-01 09:00 UTC"]


def test_open_concern_blocks_and_a_resolved_one_does_not() -> None:
    concern = Concern(by="Jo", concern="who pays?")
    assert obstacles(concerns=[concern]) == ["Jo has an open concern: who pays?"]
    assert obstacles(concerns=[Concern(by="Jo", concern="who pays?", resolved="growth does")]) == []


def test_rfc_that_was_never_opened_cannot_be_committed() -> None:
    assert obstacles(status=RfcState.IDEATION) == ["it was never opened for review"]


def test_abandoning_needs_no_window() -> None:
    assert obstacles(RfcState.ABANDONED, status=RfcState.IDEATION) == []


def test_committed_rfc_stays_closed() -> None:
    assert obstacles(RfcState.ABANDONED, status=RfcState.COMMITTED) == ["it is committed already"]


def test_setting_a_key_leaves_every_other_line_as_it_is() -> None:
    text = set_front_matter(GOOD, {"status": "discussion", "opened": "2026-11-27T15:00:00+00:00"})
    assert text == GOOD.replace("status: ideation", "status: discussion\nopened: 2026-11-27T15:00:00+00:00")


def test_calendar_lines_have_at_most_75_octets_and_unfold_to_what_was_said() -> None:
    entry = CalendarEntry(
        uid="1@x", title="Ärger; " * 30, text="a,b\nc", begin=NOW, end=NOW, made=NOW, attendees={"Jo": "jo@x.example"}
    )
    lines = calendar_file(entry).split("\r\n")
    assert max(len(line.encode()) for line in lines) <= 75
    unfolded = "\r\n".join(lines).replace("\r\n ", "")
    assert "SUMMARY:" + "Ärger\\; " * 30 + "\r\n" in unfolded
    assert "DESCRIPTION:a\\,b\\nc\r\n" in unfolded
