"""Findings as text, JSON, JUnit XML and GitHub annotations."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.model.finding import Finding, Severity
from paceline.workspace.report import (
    findings_github,
    findings_json,
    findings_junit,
    findings_text,
    verdict,
    without_repeats,
)

ERROR = Finding(
    code="PL101", file="teams.yaml", line=3, column=5, message="unknown key 'peple'", hint="did you mean 'people'?"
)
WARNING = Finding(
    code="PL901", file="mappings/a.b.yaml", line=1, column=10, message="unused", severity=Severity.WARNING
)


def test_text_has_one_line_a_finding_and_its_hint_below() -> None:
    assert findings_text([ERROR, WARNING], folder="shop").split("\n") == [
        "shop/teams.yaml:3:5 PL101 unknown key 'peple'",
        "    did you mean 'people'?",
        "shop/mappings/a.b.yaml:1:10 PL901 warning: unused",
    ]


def test_doubts_of_one_file_are_told_once_and_counted() -> None:
    doubt = Finding(code="PL509", file="mappings/a.b.yaml", line=3, message="no limit", severity=Severity.WARNING)
    later = Finding(code="PL509", file="mappings/a.b.yaml", line=7, message="no type", severity=Severity.WARNING)
    other = Finding(code="PL509", file="mappings/c.d.yaml", line=3, message="no limit", severity=Severity.WARNING)
    told = without_repeats([doubt, ERROR, later, WARNING, WARNING, other], frozenset({"PL509"}))
    assert [(one.line, one.message) for one in told] == [
        (3, "no limit; and 1 more place in this file"),
        (3, "unknown key 'peple'"),
        (1, "unused"),
        (1, "unused"),
        (3, "no limit"),
    ]


def test_text_cannot_move_the_cursor() -> None:
    evil = Finding(code="PL101", file="a\x1b[2J.yaml", message="\x1b]0;title\x07 \x9b31m \r")
    assert not set(findings_text([evil])) & {"\x1b", "\x07", "\x9b", "\r"}


def test_json_has_every_fact_and_the_counts() -> None:
    report = json.loads(findings_json([ERROR, WARNING], files=7))
    assert report["findings"][0] == {
        "code": "PL101",
        "severity": "error",
        "file": "teams.yaml",
        "line": 3,
        "column": 5,
        "message": "unknown key 'peple'",
        "hint": "did you mean 'people'?",
    }
    assert (report["errors"], report["warnings"], report["files"]) == (1, 1, 7)


def test_github_annotation_escapes_what_would_end_it() -> None:
    finding = Finding(code="PL003", file="a,b:c.yaml", line=1, column=2, message="50 % of\nit", hint="x")
    assert findings_github([finding]) == "::error file=a%2Cb%3Ac.yaml,title=PL003,line=1,col=2::50 %25 of%0Ait%0Ax"


def test_github_annotation_of_a_whole_file_has_no_line() -> None:
    finding = Finding(code="PL009", file="a.yaml", message="the file is empty", severity=Severity.WARNING)
    assert findings_github([finding], folder="shop") == "::warning file=shop/a.yaml,title=PL009::the file is empty"


def test_junit_has_one_case_a_file_that_fails_only_on_errors() -> None:
    suites = ElementTree.fromstring(findings_junit([ERROR, WARNING], ["teams.yaml", "paceline.yaml"]))
    cases = {case.attrib["name"]: [child.tag for child in case] for case in suites.iter("testcase")}
    assert cases == {"mappings/a.b.yaml": ["system-out"], "paceline.yaml": [], "teams.yaml": ["failure"]}
    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("3", "1")


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_junit_is_well_formed_whatever_the_texts(file: str, message: str, hint: str) -> None:
    finding = Finding(code="PL003", file=file or "a", message=message, hint=hint)
    ElementTree.fromstring(findings_junit([finding], []).encode(errors="replace"))


def test_verdict_counts() -> None:
    assert verdict([], files=1) == "1 file checked, no findings"
    assert verdict([ERROR, ERROR, WARNING], files=1200) == "1,200 files checked: 2 errors, 1 warning"
