"""The reference of finding codes."""

from __future__ import annotations

import re
from pathlib import Path

from paceline.workspace.lint import all_rules
from paceline.workspace.reference import READING_CODES, all_codes, reference_markdown

FINDINGS_PAGE = Path(__file__).parents[2] / "docs" / "findings.md"
SOURCES = Path(__file__).parents[2] / "src" / "paceline" / "workspace"


def test_findings_page_is_the_generated_one() -> None:
    assert FINDINGS_PAGE.read_text() == reference_markdown(), (
        "run: python -m paceline.workspace.reference docs/findings.md"
    )


def test_every_rule_has_a_code_of_its_own_and_a_summary() -> None:
    codes = [rule.code for rule in all_rules()]
    assert len(codes) == len(set(codes))
    assert not set(codes) & set(READING_CODES)
    assert all(rule.__doc__ for rule in all_rules())
    assert all(re.fullmatch(r"PL[0-9]{3}", code) for code in codes)


def test_every_code_in_the_source_is_documented() -> None:
    used = {code for path in SOURCES.rglob("*.py") for code in re.findall(r"\bPL[0-9]{3}\b", path.read_text())}
    assert used == set(all_codes())
