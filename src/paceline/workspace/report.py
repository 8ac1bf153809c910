"""Findings as text, JSON, JUnit XML and GitHub annotations."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from xml.sax.saxutils import escape, quoteattr

import msgspec

from paceline.model.finding import Finding, Severity

Style = Callable[[str, str], str]
"""Puts a word (`error`, `warning`, `code`, `place`, `hint`) into its color; without a terminal the text as it is."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def plain(text: str, word: str) -> str:
    """The style without colors."""
    return text


def without_repeats(findings: Sequence[Finding], codes: frozenset[str]) -> list[Finding]:
    """One finding of each of these codes a file: the first, which tells how many more there are."""
    places = [(finding.file, finding.code) for finding in findings]
    counts = Counter(place for place in places if place[1] in codes)
    kept: dict[int, Finding] = {}
    told: set[tuple[str, str]] = set()
    for number, (finding, place) in enumerate(zip(findings, places, strict=True)):
        if place in told:
            continue
        kept[number] = finding
        if counts[place] > 1:
            told.add(place)
            message = f"{finding.message}; and {_counted(counts[place] - 1, 'more place')} in this file"
            hint = f"`paceline check {finding.file}` shows each, as --strict does"
            kept[number] = msgspec.structs.replace(finding, message=message, hint=hint)
    return list(kept.values())


def findings_text(findings: Iterable[Finding], *, folder: str = "", style: Style = plain) -> str:
    """One finding a line, as editors and terminals know it, its hint indented below. `folder` goes before each file.

    >>> print(findings_text([Finding(code="PL009", file="a.yaml", message="the file is empty", hint="fill it in")]))
    a.yaml:0:0 PL009 the file is empty
        fill it in
    """
    lines: list[str] = []
    for finding in findings:
        place = f"{_path(folder, finding.file)}:{finding.line}:{finding.column}"
        word = str(finding.severity)
        note = "warning: " if finding.severity is Severity.WARNING else ""
        lines.append(
            f"{style(printable(place), 'place')} {style(finding.code, word)} {note}{printable(finding.message)}"
        )
        if finding.hint:
            lines.append("    " + style(printable(finding.hint), "hint"))
    return "\n".join(lines)


def findings_json(findings: Sequence[Finding], *, files: int) -> str:
    """`{"findings": [...], "errors": n, "warnings": n, "files": n}`; files are relative to the workspace."""
    rows = [
        {
            "code": finding.code,
            "severity": str(finding.severity),
            "file": printable(finding.file),
            "line": finding.line,
            "column": finding.column,
            "message": printable(finding.message),
            "hint": printable(finding.hint),
        }
        for finding in findings
    ]
    errors, warnings = count(findings)
    report = {"findings": rows, "errors": errors, "warnings": warnings, "files": files}
    return json.dumps(report, indent=2, ensure_ascii=False)


def findings_github(findings: Iterable[Finding], *, folder: str = "") -> str:
    """Workflow commands that GitHub shows beside the changed lines.

    Form and escapes: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    (read 2026-11-23).
    """
    lines: list[str] = []
    for finding in findings:
        properties = {"file": _path(folder, finding.file), "title": finding.code}
        if finding.line:
            properties |= {"line": str(finding.line), "col": str(finding.column)}
        body = finding.message + (f"\n{finding.hint}" if finding.hint else "")
        shown = ",".join(f"{name}={_github_property(value)}" for name, value in properties.items())
        lines.append(f"::{finding.severity} {shown}::{_github_data(body)}")
    return "\n".join(lines)


def findings_junit(findings: Sequence[Finding], files: Iterable[str], *, folder: str = "") -> str:
    """JUnit XML with one test case a file: failed when the file has an error; warnings stand in its output."""
    by_file: dict[str, list[Finding]] = {file: [] for file in sorted({*files, *(f.file for f in findings)})}
    for finding in findings:
        by_file[finding.file].append(finding)
    failed = sum(any(f.severity is Severity.ERROR for f in found) for found in by_file.values())
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="paceline check" tests="{len(by_file)}" failures="{failed}">',
        f'  <testsuite name="paceline check" tests="{len(by_file)}" failures="{failed}" errors="0" skipped="0">',
    ]
    for file, found in by_file.items():
        case = f'    <testcase classname="paceline.check" name={_xml_attribute(_path(folder, file))}'
        if not found:
            lines.append(f"{case}/>")
            continue
        lines.append(f"{case}>")
        for finding in found:
            text = escape(printable(findings_text([finding], folder=folder)))
            if finding.severity is Severity.ERROR:
                message = _xml_attribute(f"{finding.code} {finding.message}")
                lines.append(f'      <failure type="{finding.code}" message={message}>{text}</failure>')
            else:
                lines.append(f"      <system-out>{text}</system-out>")
        lines.append("    </testcase>")
    lines += ["  </testsuite>", "</testsuites>"]
    return "\n".join(lines)


def verdict(findings: Sequence[Finding], *, files: int) -> str:
    """The last line: how much was looked at, and what came of it."""
    errors, warnings = count(findings)
    looked_at = _counted(files, "file")
    if not errors and not warnings:
        return f"{looked_at} checked, no findings"
    parts = [_counted(errors, "error")] if errors else []
    parts += [_counted(warnings, "warning")] if warnings else []
    return f"{looked_at} checked: {', '.join(parts)}"


def count(findings: Iterable[Finding]) -> tuple[int, int]:
    """How many errors, and how many warnings."""
    severities = [finding.severity for finding in findings]
    return severities.count(Severity.ERROR), severities.count(Severity.WARNING)


def printable(text: str) -> str:
    """Text without what could move the cursor, color the terminal or not be encoded; line breaks stay."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _path(folder: str, file: str) -> str:
    return str(PurePosixPath(folder) / file)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _github_data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")


def _xml_attribute(text: str) -> str:
    return quoteattr(printable(text), {"\n": "&#10;"})
