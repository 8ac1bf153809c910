"""Commands that read JSON Lines and write one JSON line for each, in the same order, and never stop at a bad row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import msgspec

from paceline.errors import PacelineError

Row = Mapping[str, object]


def answer_rows(answer: Callable[[Row], object], *, decode: Callable[[bytes], Row] | None = None) -> None:
    """Write `answer(row)` for every line of standard input; what goes wrong with a row is its answer.

    An answer that cannot be had is `{"error": {"what", "where", "expected", "remedy"}}`, without the parts that would
    be empty. Each line is flushed, so the other side may wait for it before it writes the next one.

    `decode` reads a line; it raises msgspec.DecodeError for one that cannot be read.
    """
    decode = decode or msgspec.json.Decoder(dict[str, object]).decode
    out = sys.stdout.buffer
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        try:
            row = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            result: object = {"error": {"what": f"line {number} is not a JSON object: {error}"}}
        else:
            result = _answer_row(answer, row)
        out.write(msgspec.json.encode(result) + b"\n")
        out.flush()


def describe_error(error: PacelineError) -> Mapping[str, object]:
    """An error as a row's answer."""
    parts = {"what": error.what, "where": error.where, "expected": error.expected, "remedy": error.remedy}
    return {"error": {name: text for name, text in parts.items() if text}}


def _answer_row(answer: Callable[[Row], object], row: Row) -> object:
    try:
        return answer(row)
    except PacelineError as error:
        return describe_error(error)
    except msgspec.ValidationError as error:
        return {"error": {"what": str(error)}}
    except Exception as defect:  # noqa: BLE001 - one row's trouble must not take the other rows with it
        return {"error": {"what": f"this is a bug of paceline: {type(defect).__name__}", "defect": True}}
