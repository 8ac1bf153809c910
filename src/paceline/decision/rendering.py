"""Reports for people, as text and as Markdown: pure functions of the report."""

from __future__ import annotations

import html
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from paceline.decision.report import Report
from paceline.decision.sections import Section, Table, headline
from paceline.decision.triage import Ticket, Triage
from paceline.decision.triage_sections import TAG_WORDS, overview_sections, ticket_sections, triage_headline

TEXT_WIDTH = 100
_WIDEST_CELL = 44
_NARROWEST_CELL = 18
"""Where a table is too wide, its widest columns become narrower, down to this."""


def render_text(report: Report, parts: Sequence[Section]) -> str:
    """Sections of a report as plain text for a terminal, at most 100 columns where its tables allow it."""
    head = headline(report)
    lines = [head, "=" * len(head), *_wrapped(report.outcome, ""), "", *_wrapped(report.summary, "")]
    for section in parts:
        lines += ["", section.title, *text_of_section(section)]
    return "\n".join(lines) + "\n"


def render_markdown(report: Report, parts: Sequence[Section]) -> str:
    """Sections of a report as Markdown (tables as GitHub reads them), to be put on a ticket or into an RFC.

    Example: `render_markdown(report, full_sections(report))`
    """
    lines = [f"# {_escaped(headline(report))}", "", _escaped(report.outcome), "", f"**{_escaped(report.summary)}**"]
    for section in parts:
        lines += ["", f"## {section.title}", *markdown_of_section(section)]
    return "\n".join(lines) + "\n"


def render_triage_text(triage: Triage) -> str:
    """A whole backlog as plain text for a terminal."""
    head = triage_headline(triage)
    lines = [head, "=" * len(head)]
    for section in overview_sections(triage):
        lines += ["", section.title, *text_of_section(section)]
    return "\n".join(lines) + "\n"


def render_triage_markdown(triage: Triage) -> str:
    """A whole backlog as Markdown: the overview, and then every ticket with its plan and its contract tests."""
    lines = [f"# {_escaped(triage_headline(triage))}"]
    for section in overview_sections(triage):
        lines += ["", f"## {section.title}", *markdown_of_section(section)]
    for ticket in triage.tickets:
        lines += [
            "",
            f"## {_escaped(ticket.request)}: {TAG_WORDS[ticket.tag]}",
            "",
            render_ticket_markdown(ticket).rstrip(),
        ]
    return "\n".join(lines) + "\n"


def render_ticket_markdown(ticket: Ticket) -> str:
    """One ticket as the description of an issue."""
    lines = [_escaped(ticket.outcome), "", f"**{_escaped(ticket.summary)}**"]
    for section in ticket_sections(ticket):
        lines += ["", f"### {section.title}", *markdown_of_section(section)]
    return "\n".join(lines) + "\n"


def printable(text: str) -> str:
    """Text without what moves a terminal's cursor, changes its colors or turns the direction of writing.

    >>> printable("a\\x1b[31mb")
    'a[31mb'
    """
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cf"))


def text_of_section(section: Section) -> Iterator[str]:
    """The lines of a section, without its title."""
    for sentence in section.sentences:
        yield from _wrapped(sentence, "  ")
    for point in section.points:
        yield from _wrapped(point, "  [ ] " if section.is_checklist else "  - ")
    if section.table is not None:
        yield from _text_table(section.table)
    if section.remark:
        yield from _wrapped(section.remark, "  ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(printable(text), TEXT_WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent))


def _text_table(table: Table) -> Iterator[str]:
    rows = [tuple(map(printable, row)) for row in (table.head, *table.rows)]
    widths = [min(max(1, *(len(row[column]) for row in rows)), _WIDEST_CELL) for column in range(len(table.head))]
    _narrow(widths, rows)
    for row in rows:
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        for line in range(max(map(len, cells))):
            parts = (cell[line] if line < len(cell) else "" for cell in cells)
            yield "  " + "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()


def _narrow(widths: list[int], rows: Sequence[Sequence[str]]) -> None:
    """Make the widest columns of a table narrower where it is too wide, without breaking words."""
    words = [
        min(max((len(word) for row in rows for word in row[column].split()), default=1), _WIDEST_CELL)
        for column in range(len(widths))
    ]
    while sum(widths) + 2 * len(widths) > TEXT_WIDTH:
        room = [width - max(least, _NARROWEST_CELL) for width, least in zip(widths, words, strict=True)]
        if max(room) <= 0:
            return
        wide = max(range(len(widths)), key=lambda column: (room[column] > 0, widths[column]))
        widths[wide] -= 1


def markdown_of_section(section: Section) -> Iterator[str]:
    """The Markdown lines of a section, without its title; the first one is empty."""
    yield ""
    for sentence in section.sentences:
        yield from (_escaped(sentence), "")
    for point in section.points:
        yield f"- {'[ ] ' if section.is_checklist else ''}{_escaped(point)}"
    if section.table is not None:
        yield from _markdown_table(section.table)
    if section.remark:
        yield from ("", _escaped(section.remark))


def _markdown_table(table: Table) -> Iterator[str]:
    yield _markdown_row(table.head)
    yield _markdown_row(["---"] * len(table.head))
    for row in table.rows:
        yield _markdown_row([_escaped(cell) for cell in row])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no HTML, one line."""
    plain = " ".join(printable(text).split())
    for sign in "\\`*_[]|#":
        plain = plain.replace(sign, f"\\{sign}")
    return html.escape(plain, quote=False)
