"""`paceline rfc`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from paceline.assemble import rfc_review
from paceline.cli.rfc import command
from paceline.errors import PacelineError, UsageError, WorkspaceError

SHOP = Path(__file__).parents[2] / "examples" / "shop"
FRIDAY = "2026-11-27T15:00Z"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns(".paceline"))
    shutil.rmtree(folder / "rfcs")
    for file in (folder / "integrations").glob("*.yaml"):
        file.unlink()  # their plans are in rfcs/
    return folder


@pytest.fixture(scope="module")
def draft() -> str:
    _, output = invoke("new", "personalized_email", "--now", FRIDAY, "--dry-run", workspace=SHOP)
    return output


@pytest.fixture
def drafted(shop: Path, draft: str) -> Path:
    file = shop / "rfcs" / "0001-personalized-email.md"
    file.parent.mkdir()
    file.write_text(draft)
    return file


def test_new_writes_the_file_with_the_next_number(shop: Path) -> None:
    invoke("new", "personalized_email", workspace=shop)
    assert [file.name for file in (shop / "rfcs").iterdir()] == ["0001-personalized-email.md"]


def invoke(*arguments: str, workspace: Path) -> tuple[int, str]:
    result = CliRunner().invoke(command, [*arguments, "--workspace", str(workspace)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def open_first(shop: Path, now: str = FRIDAY) -> dict[str, object]:
    _, output = invoke("open", "1", "--now", now, "--json", workspace=shop)
    found = json.loads(output)
    assert isinstance(found, dict)
    return found


def test_draft_of_a_complete_request_passes_the_checks(drafted: Path) -> None:
    status, _ = invoke("check", "1", workspace=drafted.parents[1])
    assert status == 0


def test_draft_has_the_verdict_in_words_and_numbers(drafted: Path) -> None:
    text = drafted.read_text()
    assert "Start as a hybrid" in text
    assert "It ends on 2027-02-15 (12 weeks" in text


def test_what_the_request_does_not_say_is_refused_until_it_is_decided(shop: Path) -> None:
    backlog = shop / "backlog.yaml"
    line = "      downstream: the sign-up is in the warehouse under the same user id\n"
    backlog.write_text(backlog.read_text().replace(line, ""))
    invoke("new", "personalized_email", workspace=shop)
    status, output = invoke("check", "1", workspace=shop)
    assert status == 1
    assert "the acceptance test for downstream is filler: TO DECIDE" in output


def test_unknown_reviewer_is_found_in_its_line_with_the_nearest_name(drafted: Path) -> None:
    drafted.write_text(drafted.read_text().replace("Jonas Weber", "Jonas Webber"))
    status, output = invoke("check", workspace=drafted.parents[1])
    assert status == 1
    assert "rfcs/0001-personalized-email.md:4:32 PL802 nobody in teams.yaml is called 'Jonas Webber'" in output
    assert "did you mean 'Jonas Weber'?" in output


def test_wrong_state_is_a_finding_and_no_exception(drafted: Path) -> None:
    drafted.write_text(drafted.read_text().replace("status: ideation", "status: accepted"))
    status, output = invoke("check", workspace=drafted.parents[1])
    assert status == 1
    assert "rfcs/0001-personalized-email.md:2:9 PL801" in output


def test_opening_says_who_must_look_until_when_by_their_own_clock(drafted: Path) -> None:
    opening = open_first(drafted.parents[1])
    assert opening["closes"] == "2026-11-30T15:00:00Z"
    reviewers = opening["reviewers"]
    assert isinstance(reviewers, list)
    there = {one["name"]: one["closes_there"] for one in reviewers}
    assert there == {"Ines Duarte": "Mon 2026-11-30 15:00", "Jonas Weber": "Mon 2026-11-30 16:00"}


def test_public_holiday_makes_the_window_longer_than_72_hours_and_is_named(drafted: Path) -> None:
    pytest.importorskip("holidays")
    opening = open_first(drafted.parents[1], now="2026-12-24T15:00Z")
    assert opening["is_long"] is True
    reviewers = opening["reviewers"]
    assert isinstance(reviewers, list)
    assert any("2026-12-25" in day for one in reviewers for day in one["holidays"])


def test_without_the_holidays_package_it_is_said_that_none_are_counted(
    drafted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rfc_review, "find_spec", lambda _: None)
    opening = open_first(drafted.parents[1])
    assert opening["remarks"] == ['public holidays are not counted: run: pip install "paceline[calendar]"']


def test_opening_writes_a_calendar_file_beside_the_rfc(drafted: Path) -> None:
    open_first(drafted.parents[1])
    assert b"DTEND:20261130T150000Z\r\n" in drafted.with_suffix(".ics").read_bytes()


def test_dry_run_of_opening_writes_nothing(drafted: Path) -> None:
    before = drafted.read_bytes()
    invoke("open", "1", "--now", FRIDAY, "--dry-run", workspace=drafted.parents[1])
    assert drafted.read_bytes() == before
    assert not drafted.with_suffix(".ics").exists()


def test_rfc_with_findings_is_not_opened(drafted: Path) -> None:
    drafted.write_text(drafted.read_text().replace("## Rollback", "## Undo"))
    with pytest.raises(WorkspaceError) as caught:
        invoke("open", "1", workspace=drafted.parents[1])
    assert [finding.code for finding in caught.value.findings] == ["PL806"]


def test_reviewer_who_is_away_for_months_keeps_the_rfc_from_being_opened(drafted: Path) -> None:
    teams = drafted.parents[1] / "teams.yaml"
    away = "country: DE, away: [{first: 2026-11-01, last: 2027-03-31}]}"
    teams.write_text(teams.read_text().replace("country: DE}", away))
    with pytest.raises(UsageError, match="Jonas Weber: no 8 working hours within 60 days"):
        invoke("open", "1", "--now", FRIDAY, workspace=drafted.parents[1])


def test_status_says_how_much_time_is_left(drafted: Path) -> None:
    open_first(drafted.parents[1])
    _, output = invoke("status", "--now", "2026-11-30T13:30Z", workspace=drafted.parents[1])
    assert "0001  discussion  1 h 30 min" in output


def test_closing_before_the_end_of_the_window_is_refused(drafted: Path) -> None:
    open_first(drafted.parents[1])
    with pytest.raises(UsageError, match="the review window is open until 2026-11-30 15:00 UTC"):
        invoke("close", "1", "--now", "2026-11-30T14:59Z", workspace=drafted.parents[1])


def test_silence_commits_when_the_window_is_over(drafted: Path) -> None:
    open_first(drafted.parents[1])
    invoke("close", "1", "--now", "2026-11-30T15:00Z", workspace=drafted.parents[1])
    assert drafted.read_text().startswith("---\nstatus: committed\n")


def test_open_concern_blocks_long_after_the_window(drafted: Path) -> None:
    open_first(drafted.parents[1])
    concern = "request: personalized_email\nconcerns:\n  - {by: Jonas Weber, concern: who pays for it?}"
    drafted.write_text(drafted.read_text().replace("request: personalized_email", concern))
    with pytest.raises(UsageError, match="Jonas Weber has an open concern: who pays for it"):
        invoke("close", "1", "--now", "2027-01-30T15:00Z", workspace=drafted.parents[1])


def test_reviewer_added_later_gets_working_hours_too(drafted: Path) -> None:
    alone, both = "decision-makers: [Maya Chen]", "decision-makers: [Maya Chen, Jonas Weber]"
    drafted.write_text(drafted.read_text().replace("decision-makers: [Ines Duarte, Jonas Weber]", alone))
    assert open_first(drafted.parents[1])["closes"] == "2026-11-29T15:00:00Z"
    drafted.write_text(drafted.read_text().replace(alone, both))
    with pytest.raises(UsageError, match="open until 2026-11-30 15:00 UTC"):
        invoke("close", "1", "--now", "2026-11-29T15:00Z", workspace=drafted.parents[1])


def test_abandoning_needs_a_reason(drafted: Path) -> None:
    with pytest.raises(UsageError, match="says why"):
        invoke("close", "1", "--as", "abandoned", workspace=drafted.parents[1])


def test_abandoned_rfc_says_why_in_its_front_matter(drafted: Path) -> None:
    invoke("close", "1", "--as", "abandoned", "--because", 'called off: "too late"', workspace=drafted.parents[1])
    status, _ = invoke("check", workspace=drafted.parents[1])
    assert status == 0
    assert '\nbecause: "called off: \\"too late\\""\n' in drafted.read_text()


def test_wrong_moment_is_refused(shop: Path) -> None:
    with pytest.raises(PacelineError, match="'tomorrow' is no moment"):
        invoke("status", "--now", "tomorrow", workspace=shop)
