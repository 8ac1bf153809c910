"""Where facts go: one JSON line each on standard error."""

from __future__ import annotations

import sys
from typing import TextIO

import msgspec
import structlog

from paceline.observe.facts import Fact


class Telemetry:
    """Writes facts as structured log lines; the same values will feed metrics and spans.

    One line a fact, JSON, on `stream` (standard error by default): line breaks and control characters in values are
    escaped by the encoder, so no value can forge a line.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(stream or sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )

    def record(self, fact: Fact) -> None:
        """Tell what happened."""
        log = {"info": self._log.info, "warning": self._log.warning, "error": self._log.error}[fact.level]
        log(fact.fact_name, **msgspec.structs.asdict(fact))


def _dumps(value: object, **_: object) -> str:
    return _escape_line_separators(msgspec.json.encode(value).decode())


def _escape_line_separators(text: str) -> str:
    """JSON may hold U+2028, U+2029 and U+0085 unescaped, which some log readers take for line ends."""
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
