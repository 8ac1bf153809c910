"""A debt report for people: what a terminal and a pull request show, and a picture of the trend."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from paceline.assemble.debt.measure import BaseChange, DebtReport, TrendPoint
from paceline.decision.debt.items import DebtItem
from paceline.model.debt import DebtKind

KIND_NAMES = {
    DebtKind.ONE_OFF_ADAPTER: "one-off adapter",
    DebtKind.DUPLICATE_ADAPTER: "duplicate adapter",
    DebtKind.UNDOCUMENTED_MAPPING: "undocumented mapping",
    DebtKind.IMPLICIT_TRANSFORM: "implicit transform",
    DebtKind.MANUAL_WORKAROUND: "manual workaround",
    DebtKind.MISSING_SAFEGUARD: "missing safeguard",
    DebtKind.OVERDUE_TOGGLE: "overdue toggle",
    DebtKind.STALE_CONTRACT: "stale contract",
}
_BARS = "▁▂▃▄▅▆▇█"
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 220, 56, 36


def headline(report: DebtReport) -> str:
    """The debt in one line."""
    score = report.score
    return (
        f"{score.principal_hours:.1f} h to put right, {score.interest_hours_per_week:.2f} h every week, "
        f"{score.ratio:.0%} of a rebuild ({score.rebuild_hours:.0f} h)"
    )


def sub_scores(report: DebtReport) -> Sequence[Sequence[str]]:
    """The three sub-scores of the framework, and the rest, as rows of name, items and hours."""
    groups = (
        ("one-off adapters", {DebtKind.ONE_OFF_ADAPTER, DebtKind.DUPLICATE_ADAPTER}),
        ("undocumented mappings", {DebtKind.UNDOCUMENTED_MAPPING, DebtKind.IMPLICIT_TRANSFORM}),
        ("manual workarounds", {DebtKind.MANUAL_WORKAROUND}),
        ("safeguards and dates", {DebtKind.MISSING_SAFEGUARD, DebtKind.OVERDUE_TOGGLE, DebtKind.STALE_CONTRACT}),
    )
    return [_sum(name, [item for item in report.items if item.kind in kinds]) for name, kinds in groups]


def by_kind(report: DebtReport) -> Sequence[Sequence[str]]:
    """Kinds of debt that were found, as rows."""
    rows = []
    for kind, name in KIND_NAMES.items():
        items = [item for item in report.items if item.kind is kind]
        if items:
            rows.append((*_sum(name, items), report.hours_from.get(kind, "")))
    return rows


def _sum(name: str, items: Sequence[DebtItem]) -> tuple[str, str, str, str]:
    principal = sum(item.remediation_hours for item in items)
    interest = sum(item.interest_hours_per_week for item in items)
    return name, f"{len(items)}", f"{principal:.1f}", f"{interest:.2f}"


def ordered(items: Sequence[DebtItem]) -> list[DebtItem]:
    """What costs most first."""
    return sorted(items, key=lambda item: (-item.remediation_hours, -item.interest_hours_per_week, item.subject))


def in_words(item: DebtItem) -> str:
    """What an item is about, and what shows it."""
    if item.kind is DebtKind.MISSING_SAFEGUARD:
        return item.subject
    return f"{item.subject}: {item.evidence}"


def trend_line(points: Sequence[TrendPoint]) -> str:
    """The principal over time as a row of bars, from nothing up to the highest."""
    hours = [point.score.principal_hours for point in points]
    top = max(hours, default=0.0)
    bars = "".join(_BARS[round(number / top * (len(_BARS) - 1))] if top else _BARS[0] for number in hours)
    return f"{bars}  {hours[0]:.1f} h on {points[0].day} -> {hours[-1]:.1f} h on {points[-1].day}" if hours else ""


def change_line(base: BaseChange) -> str:
    """What a change adds and removes, in one line."""
    change = base.change
    return (
        f"against {base.base} ({base.commit}): {len(change.added)} new or grown (+{change.added_hours:.1f} h, "
        f"+{change.added_interest:.2f} h a week), {len(change.removed)} paid (-{change.removed_hours:.1f} h)"
    )


def markdown(report: DebtReport, *, most_items: int) -> str:
    """The report for a pull request or a wiki."""
    lines = [f"## Integration debt: grade {report.score.grade.value}", "", f"{headline(report)} ({report.day})", ""]
    lines += _table(("sub-score", "items", "hours", "hours a week"), sub_scores(report))
    base = report.against_base
    if base is not None:
        lines += ["", f"**New** {change_line(base)}", ""]
        lines += _items(ordered(base.change.added), most_items) if base.change.added else ["Nothing new."]
        if not base.has_code:
            lines += ["", "Code was left out of the comparison: it lies in another repository."]
    if report.trend:
        lines += ["", f"Trend (files only): {trend_line(report.trend)}"]
    lines += ["", "### Items", "", *_items(ordered(report.items), most_items)]
    if report.not_evaluated:
        lines += ["", "### Not evaluated", ""]
        lines += [f"- {one.what}: {one.why}" for one in report.not_evaluated[:most_items]]
    return "\n".join(lines) + "\n"


def _items(items: Sequence[DebtItem], most: int) -> list[str]:
    rows = [
        (KIND_NAMES[item.kind], f"{item.remediation_hours:.1f}", f"`{item.place}`", in_words(item))
        for item in items[:most]
    ]
    more = [f"\n… and {len(items) - most} more"] if len(items) > most else []
    return [*_table(("kind", "hours", "where", "what"), rows), *more]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in ([*columns], ["---"] * len(columns), *cells)]


def picture(points: Sequence[TrendPoint]) -> str:
    """The trend as SVG: principal by commit, and the day and grade of each point in its tooltip."""
    hours = [point.score.principal_hours for point in points]
    top = max([*hours, 1.0])
    step = (_WIDTH - _LEFT - 16) / max(len(points) - 1, 1)
    places = [
        (_LEFT + index * step, (_HEIGHT - _BOTTOM) - number / top * (_HEIGHT - _BOTTOM - 28))
        for index, number in enumerate(hours)
    ]
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#0072b2"><title>{escape(point.day)} {escape(point.commit)}: '
        f"{point.score.principal_hours:.1f} h, grade {point.score.grade.value}</title></circle>"
        for (x, y), point in zip(places, points, strict=True)
    )
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    first, last = (points[0].day, points[-1].day) if points else ("", "")
    floor = _HEIGHT - _BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>Integration debt over time, in hours</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
        f'<line x1="{_LEFT}" y1="{floor}" x2="{_WIDTH - 16}" y2="{floor}" stroke="#999999"/>'
        f'<text x="{_LEFT - 8}" y="32" text-anchor="end">{top:.0f} h</text>'
        f'<text x="{_LEFT - 8}" y="{floor + 4}" text-anchor="end">0 h</text>'
        f'<polyline points="{path}" fill="none" stroke="#0072b2" stroke-width="2"/>{dots}'
        f'<text x="{_LEFT}" y="{_HEIGHT - 12}">{escape(first)}</text>'
        f'<text x="{_WIDTH - 16}" y="{_HEIGHT - 12}" text-anchor="end">{escape(last)}</text></svg>\n'
    )
