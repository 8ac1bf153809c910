"""What the calendars of reviewers say about how long a request waits for its review."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from paceline.assemble.review_waits import ReviewWaits
from paceline.assemble.triage import find_request, open_backlog
from paceline.cli.rfc import command
from paceline.decision.knowledge import KnownReview
from paceline.workspace.load import load_workspace

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns(".paceline"))
    return folder


def review_of(shop: Path) -> KnownReview | None:
    known = find_request(open_backlog(shop / "backlog.yaml"), "personalized_email")
    return ReviewWaits(load_workspace(shop)).wait(known.request)


def likely_days(shop: Path) -> float:
    review = review_of(shop)
    assert review is not None
    estimate = review.estimate
    return estimate.exact if estimate.exact is not None else estimate.likely or 0.0


def test_longest_wait_of_a_week_is_that_over_the_weekend(shop: Path) -> None:
    review = review_of(shop)
    assert review is not None
    assert review.estimate.low == 2.0
    assert (review.estimate.high or 0.0) >= 3.0


def test_public_holidays_make_the_wait_longer(shop: Path) -> None:
    pytest.importorskip("holidays")
    text = (shop / "backlog.yaml").read_text()
    (shop / "backlog.yaml").write_text(text.replace("asked: 2026-11-23", "asked: 2026-12-25", 1))
    assert likely_days(shop) >= 2.0
    review = review_of(shop)
    assert review is not None
    assert max(review.estimate.high or 0.0, review.estimate.exact or 0.0) > 3.0


def test_reviewer_who_is_away_makes_the_wait_longer(shop: Path) -> None:
    teams = shop / "teams.yaml"
    away = "country: DE, away: [{first: 2026-11-01, last: 2026-12-04}]}"
    teams.write_text(teams.read_text().replace("country: DE}", away))
    assert likely_days(shop) > 10.0


def test_wait_is_the_window_that_opening_the_rfc_at_once_gets(shop: Path) -> None:
    shutil.rmtree(shop / "rfcs")
    for file in (shop / "integrations").glob("*.yaml"):
        file.unlink()
    at_work = "2026-11-23T08:00Z"  # when the first of both begins: Jonas Weber in Berlin
    for arguments in (["new", "personalized_email"], ["open", "1", "--now", at_work, "--json"]):
        result = CliRunner().invoke(command, [*arguments, "--workspace", str(shop)])
        assert result.exit_code == 0, result.output
    opening = json.loads(result.stdout)
    length = dt.datetime.fromisoformat(opening["closes"]) - dt.datetime.fromisoformat(opening["opened"])
    assert likely_days(shop) == length.total_seconds() / 86_400


def test_what_the_request_states_counts(shop: Path) -> None:
    text = (shop / "backlog.yaml").read_text()
    stated = "    estimates:\n      sprint: {days: {low: 2, likely: 3, high: 5}}\n"
    assert stated in text
    said = "    shared: {review_days: {low: 6, likely: 7, high: 9}}\n"
    (shop / "backlog.yaml").write_text(text.replace(stated, said + stated, 1))
    known = find_request(open_backlog(shop / "backlog.yaml"), "personalized_email")
    assert known.request.shared.review_days is not None
    assert known.request.shared.review_days.likely == 7


def test_fact_names_the_people_and_where_they_stand(shop: Path) -> None:
    known = find_request(open_backlog(shop / "backlog.yaml"), "personalized_email")
    fact = next(fact for fact in known.facts if fact.path == "shared.review_days")
    assert fact.is_used
    assert "Ines Duarte, Jonas Weber" in fact.says
    assert all(place.startswith("teams.yaml:") for place in fact.evidence)


def test_nobody_to_look_means_nothing_is_counted(shop: Path) -> None:
    text = (shop / "backlog.yaml").read_text()
    text = text.replace("    owner: {team: growth, role: maintainer}\n", "", 1)
    (shop / "backlog.yaml").write_text(text.replace("    platform_owner: platform\n", "", 1))
    assert review_of(shop) is None
