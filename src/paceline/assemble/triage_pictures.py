"""Draws charts without a browser: as SVG inside a page with its colors and fonts, or as files. Asks no host."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from paceline.decision import charts
from paceline.errors import MissingExtraError

WIDTH = 380
"""Units across: a phone shows them a little smaller than they are, a column on a desktop a little larger."""
_TITLE_WIDTH = 52
"""Letters of a title on one line."""
_TEXT, _GRID, _AXIS = "#0a0b0c", "#d1d2d3", "#818283"
"""Colors that stand for the page's own until the picture is drawn."""
_PAGE_COLORS = {
    _TEXT: "currentColor",
    _GRID: "var(--grid)",
    _AXIS: "var(--axis)",
    charts.ZERO_COLOR: "currentColor",
    charts.HORIZON_COLOR: "var(--axis)",
    charts.RANGE_COLOR: "var(--range)",
    charts.LOW_COLOR: "var(--low)",
    charts.HIGH_COLOR: "var(--high)",
    **{color: f"var(--{option})" for option, color in charts.OPTION_COLORS.items()},
}
_CONFIG: Mapping[str, object] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "title": {"color": _TEXT, "fontSize": 14, "anchor": "start", "fontWeight": 600, "offset": 10},
    "axis": {
        "labelColor": _TEXT,
        "titleColor": _TEXT,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "gridColor": _GRID,
        "domainColor": _AXIS,
        "tickColor": _AXIS,
    },
    "legend": {"labelColor": _TEXT, "titleColor": _TEXT, "labelFontSize": 13, "titleFontSize": 13, "orient": "top"},
    "header": {"labelColor": _TEXT, "labelFontSize": 13},
    "text": {"fontSize": 13},
}
_IDENTITY = re.compile(r'(?<=\bid=")[^"]+(?=")')
_SIZE = re.compile(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>')


def require_drawing() -> None:
    """Raise MissingExtraError when the library that draws is not there."""
    if find_spec("vl_convert") is None:
        raise MissingExtraError("drawing needs vl-convert, which is not installed", "report")


def draw_alone(specification: Mapping[str, object], *, title: str) -> str:
    """A Vega-Lite specification as an SVG file of its own, with a title and on white."""
    import vl_convert  # noqa: PLC0415 - optional, and starts a JavaScript engine

    config = {**_CONFIG, "background": "white"}
    lines = textwrap.wrap(title, _TITLE_WIDTH)
    svg: str = vl_convert.vegalite_to_svg(
        {**_sized(specification), "title": lines}, config=config, allowed_base_urls=[]
    )
    return svg


def rasterize(svg: str) -> bytes:
    """An SVG file as PNG, with two points for each unit."""
    import vl_convert  # noqa: PLC0415

    png: bytes = vl_convert.svg_to_png(svg, scale=2)
    return png


def draw(specification: Mapping[str, object], *, name: str, alternative: str) -> str:
    """A Vega-Lite specification as an SVG element.

    `name` makes its inner identities unique on the page, `alternative` is what it shows in words, already escaped.
    """
    require_drawing()
    import vl_convert  # noqa: PLC0415 - optional, and starts a JavaScript engine

    svg: str = vl_convert.vegalite_to_svg(_sized(specification), config=dict(_CONFIG), allowed_base_urls=[])
    for color, instead in _PAGE_COLORS.items():
        svg = svg.replace(f'"{color}"', f'"{instead}"')
    for identity in set(_IDENTITY.findall(svg)):
        svg = svg.replace(f'id="{identity}"', f'id="{name}-{identity}"').replace(
            f"#{identity})", f"#{name}-{identity})"
        )
    # The words around it say what it shows, so nothing inside is read out.
    svg = re.sub(r' (?:role|aria-[a-z]+|pointer-events)="[^"]*"', "", svg)
    return _SIZE.sub(
        rf'<svg xmlns="http://www.w3.org/2000/svg" viewBox="\1" role="img" aria-label="{alternative}">', svg, count=1
    )


def _sized(specification: Mapping[str, object]) -> dict[str, Any]:
    sized = {key: part for key, part in specification.items() if key not in ("width", "title")}
    if "facet" in sized:
        inner = dict(sized["spec"])  # type: ignore[call-overload]
        return {
            **sized,
            "spec": {**inner, "width": WIDTH - 120},
            "padding": {"left": 24, "right": 12, "top": 8, "bottom": 4},
        }
    # Texts beside points do not count for the fit, and axes are a little wider than the library thinks.
    has_names = "'type': 'text'" in str(sized["layer"])
    return {
        **sized,
        "width": WIDTH,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": {"left": 16, "right": 80 if has_names else 16, "top": 4, "bottom": 4},
    }
