"""Reports for people."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from decision_requests import changed, exact, known_case

from paceline.decision.decide import decide
from paceline.decision.intake import read_request
from paceline.decision.rendering import TEXT_WIDTH, render_markdown, render_text
from paceline.decision.report import Report
from paceline.decision.rules import RULES
from paceline.decision.sections import brief_sections, full_sections, headline
from paceline.model.request import Request

Row = dict[str, Any]


def report_on(row: Row) -> Report:
    request = read_request(row)
    assert isinstance(request, Request), request
    return decide(request)


@pytest.fixture(scope="module")
def known() -> Report:
    return report_on(known_case())


def test_headline_names_request_verdict_and_confidence(known: Report) -> None:
    assert headline(known) == "personalized_email: hybrid (confidence low)"


def test_headline_of_what_is_not_ready_says_what_it_leans_to() -> None:
    assert headline(report_on(changed(known_case(), lambda row: row.pop("owner")))) == (
        "personalized_email: not ready, leaning to hybrid"
    )


def test_headline_of_a_blocked_request_says_so() -> None:
    blocked = changed(known_case(), lambda row: (row.update(deadline="2026-12-01"), row["risk"].update(privacy=5)))
    report = report_on(blocked)
    assert headline(report) == "personalized_email: blocked, no option is open"
    assert "deletion path" in render_text(report, brief_sections(report))


def test_text_tells_winner_ranges_reasons_and_what_would_change_it(known: Report) -> None:
    text = render_text(known, brief_sections(known))
    for part in (
        "hybrid *",
        "lowest expected cost over 24 months",
        "What would change it",
        "A sprint if the upkeep of the sprint is below",
        "Ends after 12 weeks, on 2027-02-15: 56 days likely, x 1.49 by experience elsewhere",
        "Find out the upkeep of the sprint before you decide",
        "not evaluated",
    ):
        assert part in text
    assert re.search(r"hybrid \*\s+4\.5 days \(3\.6-5\.5\)\s+\d+ k \(\d+-\d+ k\)", text)


def test_sentences_keep_to_the_width(known: Report) -> None:
    for section in brief_sections(known):
        if section.table is None:
            text = render_text(known, [section])
            assert max(map(len, text.splitlines())) <= TEXT_WIDTH


def test_markdown_has_tables_with_as_many_cells_as_heads(known: Report) -> None:
    rows = [line for line in render_markdown(known, full_sections(known)).splitlines() if line.startswith("|")]
    assert len(rows) > 60
    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    heads = [width for row, width in zip(rows[1:], widths, strict=False) if row.startswith("| ---")]
    assert set(heads) <= set(widths)
    for index, row in enumerate(rows):
        if row.startswith("| ---"):
            assert widths[index - 1] == widths[index] == widths[index + 1]


def test_text_of_users_cannot_break_out_of_markdown() -> None:
    row = changed(known_case(), lambda row: row.update(outcome="<img src=x> | a\n# heading *b* [c](d)"))
    shown = render_markdown(report_on(row), ())
    assert "<img" not in shown
    assert "\n# heading" not in shown
    assert "\\| a" in shown


def test_renderings_are_functions_of_the_json(known: Report) -> None:
    again = msgspec.json.decode(msgspec.json.encode(known), type=Report)
    assert again == known
    assert render_markdown(again, full_sections(again)) == render_markdown(known, full_sections(known))


def test_every_number_can_be_followed_to_an_input_a_default_or_a_formula(known: Report) -> None:
    rules = {rule.id: rule for rule in known.rules}
    for option in known.options:
        for spread in (
            option.time_to_value_days,
            option.delay_cost,
            *option.ownership.values(),
            *option.total.values(),
        ):
            assert spread.rule in rules
    for given in known.inputs.values():
        assert given.source in ("guess", "history", "measured", "quote") or given.rule
    for name in [*(flip.input for flip in known.flips), *(bar.input for bar in known.tornado), *known.knowledge.inputs]:
        assert name in known.inputs


def test_formulas_use_inputs_and_formulas_that_exist(known: Report) -> None:
    from paceline.decision.catalog import BY_NAME

    known_names = {rule.id for rule in RULES} | set(BY_NAME) | {"loss_*"}
    for rule in RULES:
        assert set(rule.uses) <= known_names, rule.id


def test_lines_of_cost_add_up_to_the_total(known: Report) -> None:
    for option in known.options:
        for months, lines in option.lines.items():
            assert sum(lines.values()) == pytest.approx(option.total[months].mean, rel=1e-6)


def test_cost_by_month_meets_the_totals_at_the_horizons(known: Report) -> None:
    for option in known.options:
        series = known.cumulative_cost[option.option.value]
        assert len(series) == 37
        assert list(series) == sorted(series)
        for months in ("12", "24", "36"):
            assert series[int(months)] == pytest.approx(option.total[months].mean, rel=1e-6)


def test_ranges_are_in_order(known: Report) -> None:
    for option in known.options:
        for spread in (option.time_to_value_days, *option.total.values()):
            assert spread.p10 <= spread.p50 <= spread.p90


def test_exact_inputs_are_shown_as_one_number() -> None:
    report = report_on(changed(known_case(), lambda row: row["shared"].update(hourly_rate=exact(95))))
    text = render_text(report, full_sections(report))
    assert re.search(r"shared\.hourly_rate\s+95 EUR an hour\s+measured", text)
