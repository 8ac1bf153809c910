"""Public pairs of schemas with the verdicts of others: how often we agree, and why not where we do not."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from paceline.contracts.compatibility import Comparison, Mode, Policy, Verdict, bump, compare

pytestmark = pytest.mark.conformance

Row = dict[str, object]


def rows(name: str) -> list[Row]:
    folder = Path(os.environ.get("PACELINE_CONFORMANCE_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
    if not (folder / name).exists():
        pytest.skip(f"the public fixtures are not here: set PACELINE_CONFORMANCE_DATA to the folder of {name}")
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def compared(row: Row, **options: object) -> Comparison:
    return compare(row["original_schema"], row["update_schema"], **options)  # type: ignore[arg-type]


def test_strict_agrees_with_a_registry_on_every_vector(record_property: pytest.RecordProperty) -> None:
    wrong, by_rule, slowest = [], [], 0.0
    for row in rows("schema_compat.jsonl"):
        started = time.process_time()
        comparison = compared(row)
        slowest = max(slowest, time.process_time() - started)
        expected = Verdict.COMPATIBLE if row["backward_compatible"] else Verdict.INCOMPATIBLE
        if comparison.verdict is not expected:
            wrong.append((row["id"], comparison.verdict, comparison.counterexample))
        elif comparison.verdict is Verdict.INCOMPATIBLE and comparison.counterexample is None:
            # The label stands by a registry's rule: we have a proof that no event breaks.
            by_rule.append((row["id"], [str(change.kind) for change in comparison.changes if change.breaks]))
    record_property("slowest_cpu_secs", slowest)
    record_property("refused_by_rule_although_no_event_breaks", by_rule)
    print(f"slowest {slowest:.4f} CPU s; refused by rule although no event breaks: {len(by_rule)}")
    for name, kinds in by_rule:
        print(f"  {name}: {', '.join(kinds)}")
    assert wrong == []


def test_no_label_compatible_is_refuted() -> None:
    refuted = [
        (row["id"], comparison.counterexample.event)
        for row in rows("schema_compat.jsonl")
        if row["backward_compatible"] and (comparison := compared(row)).counterexample is not None
    ]
    assert refuted == []


def test_schemaver_labels_agree_with_the_bump_in_most_pairs(record_property: pytest.RecordProperty) -> None:
    """SchemaVer says MODEL when no old event, REVISION when some and ADDITION when all old events fit the new schema.

    So MODEL and REVISION ask for `major` here and ADDITION for `minor`. Authors choose the label by hand; the report
    lists where it does not fit the two schemas, with the event that shows it, or the proof that there is none.
    """
    table: Counter[tuple[object, str]] = Counter()
    report = []
    for row in rows("schemaver_pairs.jsonl"):
        part = bump(row["original_schema"], row["update_schema"])  # type: ignore[arg-type]
        table[row["schemaver_change"], part] += 1
        if (part == "major") is not (row["schemaver_change"] in ("MODEL", "REVISION")):
            lenient = compared(row, policy=Policy.LENIENT)
            event = lenient.counterexample.violations[0] if lenient.counterexample else "no event breaks"
            kinds = sorted({str(change.kind) for change in lenient.changes if change.effect != "none"})
            report.append((row["schema"], row["from"], row["to"], row["schemaver_change"], part, event, kinds))
    record_property("agreement", {f"{label}/{part}": count for (label, part), count in sorted(table.items(), key=str)})
    for line in report:
        print(*line, sep=" | ")
    assert sum(table.values()) - len(report) >= 0.85 * sum(table.values())


def test_nothing_real_is_undecided() -> None:
    undecided = [
        (row["schema"], row["to"], comparison.undecided)
        for row in rows("schemaver_pairs.jsonl")
        for policy in Policy
        if (comparison := compared(row, policy=policy, mode=Mode.FULL)).verdict is Verdict.UNKNOWN
    ]
    assert undecided == []
