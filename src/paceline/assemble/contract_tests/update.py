"""Rewrites what cases expect to what came instead, in place and only where that is the whole difference."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paceline.assemble.contract_tests.bench import CaseResult, Verdict
from paceline.assemble.contract_tests.suite import Suite
from paceline.errors import EnvironmentFaultError
from paceline.workspace.document import ValuePath
from paceline.workspace.yaml_edits import edited_text


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One failed case, and what became of it: rewritten, or why not."""

    result: CaseResult
    refusal: str = ""

    @property
    def is_written(self) -> bool:
        """Whether the case now expects what came."""
        return not self.refusal


def update_cases(suite: Suite, results: Sequence[CaseResult]) -> list[Update]:
    """Write new expectations for the cases that differ, and say for each failed case what was done.

    Comments, order and layout of the files stay. A case is left alone when something else than a value is at odds: the
    event was refused or filtered, the case cannot be tried. Raises EnvironmentFaultError when the disk refuses.
    """
    updates: list[Update] = []
    for mapping in dict.fromkeys(result.mapping for result in results):
        failed = [one for one in results if one.mapping == mapping and not one.has_passed]
        updates += _update_file(suite, mapping, failed)
    return updates


def _update_file(suite: Suite, mapping: str, failed: Sequence[CaseResult]) -> list[Update]:
    tested = suite.adapters.get(mapping) or suite.mappings[mapping]
    document = tested.cases_file
    assert document is not None
    refusals = {one.index: _refusal(one) for one in failed}
    changes: dict[ValuePath, object] = {
        ("cases", one.index, key): value
        for one in failed
        if not refusals[one.index]
        for key, value in one.actual.items()
    }
    text = edited_text(document, changes) if changes else None
    if changes and text is None:
        unusual = "its place in the file cannot be rewritten alone (an alias?): change it by hand"
        refusals = {index: refusal or unusual for index, refusal in refusals.items()}
    if text is not None:
        path = suite.root / document.file
        try:
            path.write_bytes(text.encode())
        except OSError as error:
            raise EnvironmentFaultError(f"the file cannot be written: {error.strerror}", where=str(path)) from error
    return [Update(result=one, refusal=refusals[one.index]) for one in failed]


def _refusal(result: CaseResult) -> str:
    if result.verdict is Verdict.FAULTY:
        return result.problem
    return "" if result.actual else "its events come out differently: a case can expect only one payload"
