"""Pictures of a report as Vega-Lite specifications: plain values, drawn elsewhere.

Each specification carries its own data and names no other host than its schema, which no renderer fetches.
https://vega.github.io/vega-lite/docs/spec.html (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paceline.decision.report import OptionReport, Report
from paceline.decision.wording import quantity

Spec = dict[str, object]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MOST_BARS = 8
_COLORS = {"sprint": "#d55e00", "hybrid": "#0072b2", "marathon": "#009e73"}
"""Told apart by people who see colors differently (Okabe and Ito)."""
_METRICS = {
    "time_to_value_days": "time to value, days",
    "rework_factor": "rework factor",
    "debt_hours": "debt, hours",
    "ops_hours_per_week": "running work, hours a week",
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


def matrix_chart(report: Report) -> Spec:
    """Time to value against total cost, each option a cross from its 10th to its 90th percentile."""
    rows = [_matrix_row(option, str(report.horizon_months)) for option in report.options]
    days = {"type": "quantitative", "title": "days until it works", "scale": {"type": "log", "nice": True}}
    cost = {
        "type": "quantitative",
        "title": f"cost over {report.horizon_months} months, {report.currency}",
        "scale": {"zero": True},
        "axis": {"format": "~s"},
    }
    color = _option_color(report)
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {
                "x": {"field": "days_low", **days},
                "x2": {"field": "days_high"},
                "y": {"field": "cost", **cost},
                "color": color,
            },
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {
                "x": {"field": "days", **days},
                "y": {"field": "cost_low", **cost},
                "y2": {"field": "cost_high"},
                "color": color,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 140, "opacity": 1},
            "encoding": {
                "x": {"field": "days", **days},
                "y": {"field": "cost", **cost},
                "color": color,
                "shape": {
                    "field": "state",
                    "type": "nominal",
                    "title": None,
                    "scale": {"domain": ["open", "closed by a gate"], "range": ["circle", "cross"]},
                },
                "tooltip": _tooltip("option", "days", "cost", "state"),
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 10, "dy": -10},
            "encoding": {
                "x": {"field": "days", **days},
                "y": {"field": "cost", **cost},
                "text": {"field": "option", "type": "nominal"},
                "color": color,
            },
        },
    ]
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
            "x": {"field": "value", "type": "quantitative", "title": None, "axis": {"tickCount": 4, "format": "~g"}},
            "y": {"field": "option", "type": "nominal", "title": None, "sort": None},
            "color": {**_option_color(report), "legend": None},
            "tooltip": _tooltip("option", "metric", "value"),
        },
        "height": {"step": 18},
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
    return _chart("Five metrics", rows, facet=facet, spec=bars, resolve={"scale": {"x": "independent"}})


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
        "mark": {"type": "rule", "strokeDash": [4, 4], "color": "#777777"},
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
            rows.append({"input": given.title, "end": end, "lead": lead_there, "value": shown})
    order = [report.inputs[bar.input].title for bar in report.tornado[:MOST_BARS]]
    name = report.leaning.value if report.leaning is not None else "the winner"
    inputs = {"field": "input", "type": "nominal", "title": None, "sort": order, "axis": {"labelLimit": 320}}
    title = f"lead of {name} over the next option, {report.currency}"
    lead: Spec = {"field": "lead", "type": "quantitative", "title": title, "axis": {"format": "~s"}}
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "strokeWidth": 10, "color": "#9ecae1"},
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
                    "scale": {"domain": ["low", "high"], "range": ["#56b4e9", "#08519c"]},
                },
                "tooltip": _tooltip("input", "end", "value", "lead"),
            },
        },
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "color": "#333333"},
            "encoding": {"x": {"field": "zero", "type": "quantitative"}},
        },
    ]
    return _chart("What moves the decision", rows, layer=layers)


_HALF_YEARS = [0, 6, 12, 18, 24, 30, 36]
_HEADER = {"labelAngle": 0, "labelAlign": "left", "labelOrient": "top", "labelAnchor": "start"}


def _chart(title: str, rows: Sequence[Mapping[str, object]], **parts: object) -> Spec:
    size = {} if "facet" in parts else {"width": "container", "height": 260}
    return {"$schema": SCHEMA, "title": title, "data": {"values": list(rows)}, **size, **parts}


def _matrix_row(option: OptionReport, months: str) -> Mapping[str, object]:
    days, cost = option.time_to_value_days, option.total[months]
    return {
        "option": option.option.value,
        "state": "open" if option.is_open else "closed by a gate",
        "days": days.mean,
        "days_low": days.p10,
        "days_high": days.p90,
        "cost": cost.mean,
        "cost_low": cost.p10,
        "cost_high": cost.p90,
    }


def _option_color(report: Report) -> Spec:
    names = [option.option.value for option in report.options]
    scale = {"domain": names, "range": [_COLORS[name] for name in names]}
    return {"field": "option", "type": "nominal", "title": None, "scale": scale}


def _tooltip(*fields: str) -> list[Spec]:
    numbers = ("days", "cost", "lead", "month")
    return [
        {"field": field, "type": "quantitative", "format": ".3~s"} if field in numbers else {"field": field}
        for field in fields
    ]
