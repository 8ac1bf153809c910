"""The time line as a picture: an SVG file of its own, with no library behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from paceline.lifecycle.timeline import Span, Standing
from paceline.model.integration import Stage

_WIDTH: Final = 960
_LEFT: Final = 210
_RIGHT: Final = 150
_ROW: Final = 34
_TOP: Final = 92
_BOTTOM: Final = 26
_BAR: Final = 16
_LETTERS: Final = 26
"""Letters of a name that fit beside its bar."""

_MOST_TICKS: Final = 12
_COLORS: Final = {Stage.SPRINT: "#d9822b", Stage.HYBRID: "#3b7dd8", Stage.MARATHON: "#2e8b57"}
_INK, _FAINT, _GRID, _ALARM = "#17191c", "#5f6368", "#e3e5e8", "#c62828"


def draw_timeline(spans: Sequence[Span], *, today: dt.date, title: str) -> str:
    """The picture as SVG. Says in its `<title>` and `<desc>` what it shows, for those who do not see it."""
    first, last = _range(spans, today)
    height = _TOP + max(len(spans), 1) * _ROW + _BOTTOM
    scale = _Scale(first, last)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"',
        'role="img" font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_described(spans, today))}</desc>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(16, 28, title, size=17, weight=600),
        *_legend(),
        *_grid(scale, height),
        *(part for number, span in enumerate(spans) for part in _row(span, scale, _TOP + number * _ROW, today)),
        *_today(scale, today, height),
        "</svg>",
    ]
    if not spans:
        parts.insert(-1, _text(_LEFT, _TOP + 20, "there are no integrations", color=_FAINT))
    return "\n".join(parts) + "\n"


class _Scale:
    def __init__(self, first: dt.date, last: dt.date) -> None:
        self.first, self.last = first, last
        self._days = max((last - first).days, 1)

    def x(self, day: dt.date) -> float:
        """Where a day stands, kept inside the picture."""
        share = (min(max(day, self.first), self.last) - self.first).days / self._days
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _range(spans: Sequence[Span], today: dt.date) -> tuple[dt.date, dt.date]:
    days = [today]
    for span in spans:
        days += [day for day in (span.first, span.last, *(one.day for one in span.milestones)) if day is not None]
    # An end of another decade would press everything else together.
    near = [day for day in days if abs((day - today).days) <= 800]
    return min(near) - dt.timedelta(days=5), max(*near, today + dt.timedelta(days=30)) + dt.timedelta(days=7)


def _row(span: Span, scale: _Scale, y: float, today: dt.date) -> Iterator[str]:
    middle = y + _ROW / 2
    color = "#9aa0a6" if span.standing is Standing.RETIRED else _COLORS[span.stage]
    name = span.name if len(span.name) <= _LETTERS else f"{span.name[: _LETTERS - 1]}…"
    yield _text(16, middle - 1, name, weight=600)
    yield _text(16, middle + 12, f"{span.stage} · {span.owner}"[:34], size=10.5, color=_FAINT)
    left = scale.x(span.first) if span.first is not None else scale.x(scale.first)
    right = scale.x(span.last) if span.last is not None else scale.x(scale.last)
    dashed = ' stroke-dasharray="4 3"' if span.first is None else ""
    edge = _ALARM if span.standing is Standing.EXPIRED else color
    yield (
        f'<rect x="{left}" y="{middle - _BAR / 2}" width="{max(right - left, 3):.1f}" height="{_BAR}" rx="3" '
        f'fill="{color}" fill-opacity="{0.35 if span.standing is Standing.RETIRED else 0.75}" stroke="{edge}"{dashed}/>'
    )
    if span.last is None:
        yield f'<path d="M {right} {middle - 8} l 9 8 l -9 8 z" fill="{color}"/>'
    elif span.standing is Standing.EXPIRED:
        width = max(scale.x(today) - right, 0)
        yield (
            f'<rect x="{right}" y="{middle - 3}" width="{width:.1f}" height="6" fill="{_ALARM}" fill-opacity="0.6"/>'
        )
    for milestone in span.milestones:
        x = scale.x(milestone.day)
        fill = "#ffffff" if not milestone.is_past else _INK
        yield (
            f'<path d="M {x} {middle - 6} l 6 6 l -6 6 l -6 -6 z" fill="{fill}" stroke="{_INK}">'
            f"<title>milestone {milestone.day}</title></path>"
        )
    alarming = span.standing is Standing.EXPIRED or (span.notice is not None and span.notice <= 14)
    yield _text(_WIDTH - _RIGHT + 14, middle + 4, _told(span), size=11.5, color=_ALARM if alarming else _INK)


def _told(span: Span) -> str:
    if span.standing is Standing.RETIRED:
        return f"retired {span.last}"
    if span.days_left is None:
        return "no end"
    put_off = f" (+{span.extensions})" if span.extensions else ""
    days = abs(span.days_left)
    unit = "day" if days == 1 else "days"
    if span.days_left < 0:
        return f"expired {days} {unit} ago{put_off}"
    return f"{days} {unit} left{put_off}" if days else f"last day{put_off}"


def _legend() -> Iterator[str]:
    x = _LEFT
    for stage, color in _COLORS.items():
        yield f'<rect x="{x}" y="42" width="14" height="12" rx="2" fill="{color}" fill-opacity="0.75"/>'
        yield _text(x + 19, 52, str(stage), size=11.5)
        x += 90
    yield f'<path d="M {x + 6} 42 l 6 6 l -6 6 l -6 -6 z" fill="#ffffff" stroke="{_INK}"/>'
    yield _text(x + 19, 52, "milestone", size=11.5)
    yield f'<rect x="{x + 92}" y="45" width="16" height="6" fill="{_ALARM}" fill-opacity="0.6"/>'
    yield _text(x + 114, 52, "over its end", size=11.5)
    yield _text(x + 200, 52, "(+1) put off once; dashed: since when is unknown", size=11.5, color=_FAINT)


def _grid(scale: _Scale, height: float) -> Iterator[str]:
    ticks = list(_ticks(scale))
    for day in ticks:
        x = scale.x(day)
        yield f'<line x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{height - _BOTTOM + 4}" stroke="{_GRID}"/>'
        shown = day.strftime("%b %Y") if day.month == 1 or day == ticks[0] else day.strftime("%b")
        yield _text(x, height - 8, shown, size=11, color=_FAINT, anchor="middle")


def _ticks(scale: _Scale) -> Iterator[dt.date]:
    """First days of months, so few that their names have room."""
    months = []
    day = (scale.first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    while day <= scale.last:
        months.append(day)
        day = (day + dt.timedelta(days=32)).replace(day=1)
    step = next((step for step in (1, 2, 3, 6, 12) if len(months) / step <= _MOST_TICKS), 24)
    return (month for month in months if (month.month - 1) % step == 0)


def _today(scale: _Scale, today: dt.date, height: float) -> Iterator[str]:
    x = scale.x(today)
    yield f'<line x1="{x}" y1="{_TOP - 10}" x2="{x}" y2="{height - _BOTTOM + 4}" stroke="{_INK}" stroke-width="1.5"/>'
    yield _text(x, _TOP - 16, f"today, {today}", size=11.5, weight=600, anchor="middle")


def _text(  # noqa: PLR0913 - what the element has
    x: float, y: float, text: str, *, size: float = 13, weight: int = 400, color: str = _INK, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{color}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _described(spans: Sequence[Span], today: dt.date) -> str:
    told = [f"{span.name}, a {span.stage} of {span.owner}: {_told(span)}" for span in spans]
    return f"On {today}: " + ("; ".join(told) or "no integrations") + "."
