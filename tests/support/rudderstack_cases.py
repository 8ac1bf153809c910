"""Public cases of what RudderStack sends to vendors, and how close our import of its destinations comes.

    python tests/support/rudderstack_cases.py VENDOR    prints every difference

A body counts by its leaf fields: those that are equal on both sides over those that are on either side.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from paceline.assemble.preview import Previewer
from paceline.cli.deliver import answer

Row = dict[str, Any]


def read_cases(folder: Path) -> dict[str, list[Row]]:
    """The cases by RudderStack's name of the vendor."""
    cases: dict[str, list[Row]] = {}
    for line in (folder / "mapping_cases.jsonl").read_text(encoding="utf-8").splitlines():
        case: Row = msgspec.json.decode(line)
        cases.setdefault(case["vendor"], []).append(case)
    return cases


def preview(case: Row, previewer: Previewer) -> Row:
    """Our answer to one case, as `paceline deliver preview` prints it."""
    row = {
        "rudderstack": {"vendor": case["vendor"], "destination_config": case["destination_config"]},
        "event": case["event"],
    }
    if case["now_ms"] is not None:
        row["now_ms"] = case["now_ms"]
    decoded: Row = msgspec.json.decode(msgspec.json.encode(answer(row, previewer)))
    return decoded


class Score(msgspec.Struct, kw_only=True):
    """How one vendor's cases came out. `envelope` are rows whose methods, URLs and authorization are all the same."""

    success_rows: int = 0
    envelope: int = 0
    error_rows: int = 0
    refused: int = 0
    fields: int = 0
    equal_fields: int = 0
    differences: list[str] = []

    @property
    def field_ratio(self) -> float:
        return self.equal_fields / self.fields if self.fields else 1.0


def score(cases: list[Row]) -> Score:
    """Run one vendor's cases."""
    previewer = Previewer(None)
    total = Score()
    for case in cases:
        got = preview(case, previewer)
        if case["outcome"] == "error":
            total.error_rows += 1
            if got.get("requests"):
                total.differences.append(f"{case['id']}: should be refused: {case.get('expected_error')}")
            else:
                total.refused += 1
            continue
        total.success_rows += 1
        _compare(case, got, total)
    return total


def _compare(case: Row, got: Row, total: Score) -> None:
    expected: list[Row] = case["expected_requests"]
    requests: list[Row] = got.get("requests", [])
    same_envelope = len(expected) == len(requests)
    if not same_envelope:
        total.differences.append(f"{case['id']}: {len(expected)} requests expected, got {len(requests)}: {got}"[:600])
    for number, want in enumerate(expected):
        request = requests[number] if number < len(requests) else {}
        for part in _envelope_differences(want, request):
            same_envelope = False
            total.differences.append(f"{case['id']} [{number}]: {part}")
        want_fields, got_fields = Counter(leaves(want["body"])), Counter(leaves(request.get("body") or {}))
        total.fields += (want_fields | got_fields).total()
        total.equal_fields += (want_fields & got_fields).total()
        total.differences += [f"{case['id']} [{number}] - {one}" for one in (want_fields - got_fields)]
        total.differences += [f"{case['id']} [{number}] + {one}" for one in (got_fields - want_fields)]
    total.envelope += same_envelope


def _envelope_differences(want: Row, got: Row) -> Iterator[str]:
    for part in ("method", "url"):
        if str(want[part]).rstrip("/") != str(got.get(part)).rstrip("/"):
            yield f"{part}: expected {want[part]}, got {got.get(part)}"
    wanted_query = {name: str(value) for name, value in want["query"].items()}
    got_query = {name: str(value) for name, value in (got.get("query") or {}).items()}
    if wanted_query != got_query:
        yield f"query: expected {wanted_query}, got {got_query}"
    got_headers = {name.lower(): value for name, value in (got.get("headers") or {}).items()}
    for name, value in want["headers"].items():
        if name.lower() not in {"content-type", "accept", "user-agent"} and got_headers.get(name.lower()) != value:
            yield f"header {name}: expected {value!r}, got {got_headers.get(name.lower())!r}"


def leaves(value: object, path: str = "") -> Iterator[str]:
    """Every leaf of a JSON value as `path = value`, numbers by value."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, f"{path}[{index}]")
    else:
        shown = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        yield f"{path} = {shown!r}"


def main(vendors: list[str]) -> None:
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    for vendor, cases in read_cases(folder).items():
        if vendors and vendor not in vendors:
            continue
        result = score(cases)
        if vendors:
            sys.stdout.writelines(f"{line}\n" for line in result.differences)
        sys.stdout.write(
            f"{vendor}: envelope {result.envelope}/{result.success_rows}, "
            f"fields {result.equal_fields}/{result.fields} ({result.field_ratio:.1%}), "
            f"refused {result.refused}/{result.error_rows}\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
