"""The pictures of a triage as files of their own: SVG for pages and slides, PNG for where that is not shown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.assemble.triage_pictures import draw_alone, rasterize, require_drawing
from paceline.decision.charts import Spec, backlog_chart, charts
from paceline.decision.picture_words import describe_backlog, describe_pictures
from paceline.decision.triage import Triage

MOST_PICTURED = 40
"""For how many requests, in order of priority, pictures are drawn."""


class PictureFile(msgspec.Struct, frozen=True, kw_only=True):
    """One picture: `name` is that of its files without their ends."""

    name: str
    svg: str
    png: bytes


def draw_pictures(triage: Triage) -> Iterator[PictureFile]:
    """Every picture of the page: that of the backlog, and up to four a request, named `REQUEST.PICTURE`.

    Raises MissingExtraError when the library that draws is not there.
    """
    require_drawing()
    if any(ticket.cost is not None for ticket in triage.tickets):
        yield _file("backlog", backlog_chart(triage), describe_backlog(triage).title)
    decided = [triage.reports[ticket.request] for ticket in triage.tickets if ticket.request in triage.reports]
    for report in decided[:MOST_PICTURED]:
        words = describe_pictures(report)
        for picture, specification in charts(report).items():
            if picture != "tornado" or report.tornado:
                yield _file(f"{report.request}.{picture}", specification, f"{report.request}: {words[picture].title}")


def _file(name: str, specification: Spec, title: str) -> PictureFile:
    svg = draw_alone(specification, title=title)
    return PictureFile(name=name, svg=svg, png=rasterize(svg))
