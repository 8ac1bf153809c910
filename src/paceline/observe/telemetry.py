"""Where facts go: one JSON line each on standard error."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TextIO

import msgspec

from paceline.observe.facts import Fact


class Telemetry:
    """Writes facts as log lines; the same values will feed metrics and spans.

    One line a fact, JSON, on `stream` (standard error by default): `timestamp`, `level`, `event` (the fact's dotted
    name) and the fact's fields. Control characters and every kind of line end in values are escaped by the encoder, so
    no value can forge a line.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def record(self, fact: Fact) -> None:
        """Tell what happened."""
        line = {
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": fact.level,
            "event": fact.fact_name,
            **msgspec.structs.asdict(fact),
        }
        self._stream.write(_one_line(_encoded(line)) + "\n")
        self._stream.flush()


def _encoded(line: dict[str, object]) -> str:
    try:
        return msgspec.json.encode(line).decode()
    except UnicodeEncodeError:  # half a surrogate pair, as a vendor's answer or a path may have it
        return json.dumps(line)


def _one_line(text: str) -> str:
    """JSON may hold U+2028, U+2029 and U+0085 unescaped, which some log readers take for line ends."""
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
