"""Pictures of a report as Vega-Lite specifications: plain values, drawn elsewhere.

Each specification carries its own data and names no other host than its schema, which no renderer fetches.
https://vega.github.io/vega-lite/docs/spec.html (read 2026-11-23).
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from paceline.decision.report import OptionReport, Report, Spread, Verdict
from paceline.decision.triage import Triage
from paceline.decision.wording import quantity

Spec = dict[str, object]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MOST_BARS = 8
MOST_NAMED = 25
"""How many requests a picture can name before the names hide each other."""
_LABEL_WIDTH = 24
_BAR_HEIGHT = 46
OPTION_COLORS = {"sprint": "#d55e00", "hybrid": "#0072b2", "marathon": "#009e73"}
RANGE_COLOR, LOW_COLOR, HIGH_COLOR = "#9ecae1", "#56b4e9", "#08519c"
ZERO_COLOR, HORIZON_COLOR = "#333333", "#777777"
_OTHER_COLOR = "#8a8a8a"
"""Told apart by people who see colors differently (Okabe and Ito)."""
_METRICS = {
    "time_to_value_days": "time to value, days",
    "rework_factor": "rework factor",
    "debt_hours": "debt, hours",
    "ops_hours_per_week": "operational load, hours a week",
    "risk_multiplier": "risk multiplier, 1 to 5",
}


def charts(report: Report) -> Mapping[str, Spec]:
    """Every chart of a report, by name: matrix, metrics, months and tornado."""
    return {
        "matrix": matrix_chart(report),
        "metrics": metrics_chart(report),
        "months": months_chart(report),
        "tornado": tornado_chart(report),
    }


def backlog_chart(triage: Triage) -> Spec:
    """Every request that was decided by time to value and cost, a cross from its 10th to its 90th percentile."""
    rows = [
        {
            "request": ticket.request,
            "tag": ticket.tag.value if ticket.tag is not Verdict.NOT_READY else "not ready",
            **_place(ticket.time_to_value_days, ticket.cost),
        }
        for ticket in triage.tickets
        if ticket.time_to_value_days is not None and ticket.cost is not None
    ]
    currencies = sorted({ticket.currency for ticket in triage.tickets if ticket.currency})
    tags = [tag for tag in (*OPTION_COLORS, "not ready") if any(row["tag"] == tag for row in rows)]
    color: Spec = {
        "field": "tag",
        "type": "nominal",
        "title": None,
        "scale": {"domain": tags, "range": [OPTION_COLORS.get(tag, _OTHER_COLOR) for tag in tags]},
    }
    layers = _crosses(f"cost, {' and '.join(currencies)}", color)
    layers.append(
        {
            "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
            "encoding": {**_at_mean(f"cost, {' and '.join(currencies)}"), "color": color},
        }
    )
    if len(rows) <= MOST_NAMED:
        layers.append(_names("request", color, f"cost, {' and '.join(currencies)}"))
    return _chart("Time to value and cost of what is recommended", rows, layer=layers)


def matrix_chart(report: Report) -> Spec:
    """Time to value against total cost, each option a cross from its 10th to its 90th percentile."""
    rows = [_matrix_row(option, str(report.horizon_months)) for option in report.options]
    cost = f"cost over {report.horizon_months} months, {report.currency}"
    color = _option_color(report)
    point: Spec = {
        "mark": {"type": "point", "filled": True, "size": 140, "opacity": 1},
        "encoding": {**_at_mean(cost), "color": color, "tooltip": _tooltip("option", "days", "cost", "state")},
    }
    layers = [*_crosses(cost, color), point, _names("name", color, cost)]
    return _chart("Time to value and cost", rows, layer=layers)


def metrics_chart(report: Report) -> Spec:
    """The five metrics of the options side by side, each on its own scale; shorter is better in all of them."""
    rows = [
        {"option": option.option.value, "metric": title, "value": getattr(option.metrics, name)}
        for name, title in _METRICS.items()
        for option in report.options
    ]
    bars: Spec = {
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 4, "format": ".2~f"}},
            "y": {"field": "option", "type": "nominal", "title": None, "sort": None},
            "color": {**_option_color(report), "legend": None},
            "tooltip": _tooltip("option", "metric", "value"),
        },
        "height": {"step": 16},
    }
    facet = {
        "row": {
            "field": "metric",
            "type": "nominal",
            "title": None,
            "sort": list(_METRICS.values()),
            "header": _HEADER,
        }
    }
    return _chart("Five metrics", rows, facet=facet, spec=bars, spacing=6, resolve={"scale": {"x": "independent"}})


def months_chart(report: Report) -> Spec:
    """Expected cost of each option after each month; where the lines cross is where another one breaks even."""
    rows = [
        {"option": option, "month": month, "cost": cost}
        for option, costs in report.cumulative_cost.items()
        for month, cost in enumerate(costs)
    ]
    lines: Spec = {
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {
            "x": {
                "field": "month",
                "type": "quantitative",
                "title": "months of service",
                "scale": {"nice": False},
                "axis": {"values": _HALF_YEARS},
            },
            "y": {
                "field": "cost",
                "type": "quantitative",
                "title": f"expected cost so far, {report.currency}",
                "axis": {"format": "~s"},
            },
            "color": _option_color(report),
            "tooltip": _tooltip("option", "month", "cost"),
        },
    }
    horizon: Spec = {
        "data": {"values": [{"month": report.horizon_months}]},
        "mark": {"type": "rule", "strokeDash": [4, 4], "color": HORIZON_COLOR},
        "encoding": {"x": {"field": "month", "type": "quantitative"}},
    }
    return _chart("Cost by month", rows, layer=[lines, horizon])


def tornado_chart(report: Report) -> Spec:
    """How far each input alone moves the winner's lead, from its 10th to its 90th percentile; left of 0 it loses."""
    rows = []
    for bar in report.tornado[:MOST_BARS]:
        given = report.inputs[bar.input]
        for end, number, lead_there in (("low", bar.low, bar.lead_at_low), ("high", bar.high, bar.lead_at_high)):
            shown = quantity(number, given.unit, report.currency)
            rows.append({"input": _in_lines(given.title), "end": end, "lead": lead_there, "value": shown})
    order = [_in_lines(report.inputs[bar.input].title) for bar in report.tornado[:MOST_BARS]]
    name = report.leaning.value if report.leaning is not None else "the winner"
    inputs = {"field": "input", "type": "nominal", "title": None, "sort": order, "axis": _LINES}
    title = f"how much cheaper {name} is, {report.currency}"
    lead: Spec = {"field": "lead", "type": "quantitative", "title": title, "axis": {"format": "~s"}}
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "strokeWidth": 10, "color": RANGE_COLOR},
            "encoding": {"x": lead, "y": inputs, "detail": {"field": "input", "type": "nominal"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
            "encoding": {
                "x": lead,
                "y": inputs,
                "color": {
                    "field": "end",
                    "type": "nominal",
                    "title": "the input is",
                    "scale": {"domain": ["low", "high"], "range": [LOW_COLOR, HIGH_COLOR]},
                },
                "tooltip": _tooltip("input", "end", "value", "lead"),
            },
        },
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "color": ZERO_COLOR},
            "encoding": {"x": {"field": "zero", "type": "quantitative"}},
        },
    ]
    height = _BAR_HEIGHT * max(len(order), 2)
    return {**_chart("What moves the decision", rows, layer=layers), "height": height}


_HALF_YEARS = [0, 6, 12, 18, 24, 30, 36]
_LINES = {"labelLimit": 320, "labelExpr": "split(datum.label, '\\n')"}
_HEADER = {"labelAngle": 0, "labelAlign": "left", "labelOrient": "top", "labelAnchor": "start", "labelPadding": 2}


def _chart(title: str, rows: Sequence[Mapping[str, object]], **parts: object) -> Spec:
    size = {} if "facet" in parts else {"width": "container", "height": 260}
    return {"$schema": SCHEMA, "title": title, "data": {"values": list(rows)}, **size, **parts}


def _days_axis() -> Spec:
    axis = {"labelOverlap": "greedy", "labelSeparation": 8}
    return {
        "type": "quantitative",
        "title": "days until it works",
        "scale": {"type": "log", "nice": True},
        "axis": axis,
    }


def _cost_axis(title: str) -> Spec:
    return {"type": "quantitative", "title": title, "scale": {"zero": True}, "axis": {"format": "~s"}}


def _at_mean(cost: str) -> Spec:
    return {"x": {"field": "days", **_days_axis()}, "y": {"field": "cost", **_cost_axis(cost)}}


def _crosses(cost: str, color: Spec) -> list[Spec]:
    """Two lines a row, from the 10th to the 90th percentile in both directions."""
    mark = {"type": "rule", "strokeWidth": 2}
    across = {"x": {"field": "days_low", **_days_axis()}, "x2": {"field": "days_high"}}
    upright = {"y": {"field": "cost_low", **_cost_axis(cost)}, "y2": {"field": "cost_high"}}
    at = _at_mean(cost)
    return [
        {"mark": mark, "encoding": {**across, "y": at["y"], "color": color}},
        {"mark": mark, "encoding": {"x": at["x"], **upright, "color": color}},
    ]


def _names(field: str, color: Spec, cost: str) -> Spec:
    return {
        "mark": {"type": "text", "align": "left", "dx": 10, "dy": -10},
        "encoding": {**_at_mean(cost), "text": {"field": field, "type": "nominal"}, "color": color},
    }


def _matrix_row(option: OptionReport, months: str) -> Mapping[str, object]:
    return {
        "option": option.option.value,
        "name": option.option.value if option.is_open else f"{option.option.value} (closed)",
        "state": "open" if option.is_open else "closed by a gate",
        **_place(option.time_to_value_days, option.total[months]),
    }


def _place(days: Spread, cost: Spread) -> Mapping[str, float]:
    return {
        "days": days.mean,
        "days_low": days.p10,
        "days_high": days.p90,
        "cost": cost.mean,
        "cost_low": cost.p10,
        "cost_high": cost.p90,
    }


def _in_lines(title: str) -> str:
    """A title on several short lines, as `_LINES` takes it apart."""
    return "\n".join(textwrap.wrap(title, _LABEL_WIDTH))


def _option_color(report: Report) -> Spec:
    names = [option.option.value for option in report.options]
    scale = {"domain": names, "range": [OPTION_COLORS[name] for name in names]}
    return {"field": "option", "type": "nominal", "title": None, "scale": scale}


def _tooltip(*fields: str) -> list[Spec]:
    numbers = ("days", "cost", "lead", "month")
    return [
        {"field": field, "type": "quantitative", "format": ".3~s"} if field in numbers else {"field": field}
        for field in fields
    ]
