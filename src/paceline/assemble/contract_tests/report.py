"""Results of contract tests for machines: JUnit XML, and annotations for pull requests on GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from paceline.assemble.contract_tests.bench import CaseResult, Mismatch
from paceline.assemble.contract_tests.coverage import MappingCoverage

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def mismatch_text(mismatch: Mismatch) -> str:
    """One difference on one line."""
    return f"{mismatch.path}: expected {value_text(mismatch.expected)}, got {value_text(mismatch.got)}"


def value_text(value: object) -> str:
    """A JSON value as text; what is not there is `(nothing)`."""
    return "(nothing)" if value is msgspec.UNSET else msgspec.json.encode(value).decode()


def junit_xml(results: Sequence[CaseResult], coverage: Sequence[MappingCoverage] = (), *, shortfall: str = "") -> bytes:
    """The results as JUnit XML: a suite a mapping, a test a case.

    With a `shortfall`, rules that no test would miss are failures too, in a suite of their own.
    """
    root = ElementTree.Element("testsuites", name="paceline")
    for mapping in dict.fromkeys(one.mapping for one in results):
        _add_suite(root, mapping, [one for one in results if one.mapping == mapping])
    if shortfall:
        uncovered = [one for one in coverage if one.survivors]
        suite = ElementTree.SubElement(
            root, "testsuite", name="coverage", tests=str(len(uncovered)), failures=str(len(uncovered)), errors="0"
        )
        for one in uncovered:
            case = ElementTree.SubElement(suite, "testcase", classname="coverage", name=one.mapping, file=one.file)
            failure = ElementTree.SubElement(case, "failure", message=_clean(shortfall), type="coverage")
            failure.text = _clean("\n".join(map(str, one.survivors)))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add_suite(root: ElementTree.Element, mapping: str, results: Sequence[CaseResult]) -> None:
    faulty = [one for one in results if one.problem]
    failed = [one for one in results if one.mismatches]
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=mapping,
        tests=str(len(results)),
        failures=str(len(failed) + len(faulty)),
        errors="0",
        time=f"{sum(one.secs for one in results):.6f}",
    )
    for one in results:
        attributes = {"classname": mapping, "name": _clean(one.name), "file": one.file, "time": f"{one.secs:.6f}"}
        case = ElementTree.SubElement(suite, "testcase", attributes | ({"line": str(one.line)} if one.line else {}))
        if not one.has_passed:
            lines = [one.problem] if one.problem else [mismatch_text(mismatch) for mismatch in one.mismatches]
            more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
            failure = ElementTree.SubElement(case, "failure", message=_clean(lines[0] + more), type=one.verdict.value)
            failure.text = _clean("\n".join(lines))


def github_annotations(
    results: Iterable[CaseResult], coverage: Iterable[MappingCoverage], *, prefix: Path
) -> Iterator[str]:
    """Workflow commands: an error for every failed case, a warning for every rule that no test would miss.

    `prefix` is the folder of the files, as seen from the top of the repository.
    (https://docs.github.com/actions/reference/workflow-commands-for-github-actions, read 2026-11-23)
    """
    for one in results:
        if not one.has_passed:
            lines = [one.problem] if one.problem else [mismatch_text(mismatch) for mismatch in one.mismatches]
            title = f"{one.mapping}: {one.name}"
            yield _command("error", (prefix / one.file).as_posix(), one.line, title, "\n".join(lines))
    for mapping in coverage:
        for rule in mapping.survivors:
            message = f"no test would miss {rule.rule} ({rule.change})"
            yield _command("warning", (prefix / rule.file).as_posix(), rule.line, mapping.mapping, message)


def _command(level: str, file: str, line: int, title: str, message: str) -> str:
    return f"::{level} file={_property(file)},line={max(line, 1)},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)
