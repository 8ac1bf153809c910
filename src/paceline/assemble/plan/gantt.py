"""A plan as a Gantt chart in Mermaid (https://mermaid.js.org/syntax/gantt.html, read 2026-11-23)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a chart: from a day to a day, as YYYY-MM-DD; a milestone where the last is not after the first."""

    section: str
    name: str
    first: str
    last: str

    @property
    def is_milestone(self) -> bool:
        """Whether it is one day on which something is true."""
        return self.last <= self.first


def draw_gantt(title: str, bars: Sequence[Bar]) -> str:
    """The chart's text, without the fence around it; bars of one section have to stand together.

    >>> print(draw_gantt("x", [Bar(section="Sprint", name="it runs", first="2026-12-01", last="2026-12-01")]))
    gantt
        title x
        dateFormat YYYY-MM-DD
        axisFormat %d %b
        section Sprint
        it runs :milestone, 2026-12-01, 0d
    """
    lines = ["gantt", f"    title {_label(title)}", "    dateFormat YYYY-MM-DD", "    axisFormat %d %b"]
    section = None
    for bar in bars:
        if bar.section != section:
            section = bar.section
            lines.append(f"    section {_label(section)}")
        when = f"milestone, {bar.first}, 0d" if bar.is_milestone else f"{bar.first}, {bar.last}"
        lines.append(f"    {_label(bar.name)} :{when}")
    return "\n".join(lines)


def _label(text: str) -> str:
    """Text without the signs that end a name or a line in a chart."""
    return " ".join(re.sub(r"[^\w .()/%'-]", " ", text).split()) or "-"
