"""A triage as one HTML page to present at a meeting: no script, no other file, no request to any host."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from paceline.assemble.triage_pictures import draw, require_drawing
from paceline.decision.charts import backlog_chart, matrix_chart, metrics_chart, months_chart, tornado_chart
from paceline.decision.picture_words import PictureWords, describe_backlog, describe_pictures
from paceline.decision.rendering import printable
from paceline.decision.report import Report, Verdict
from paceline.decision.sections import Section, Table, full_sections
from paceline.decision.triage import Ticket, Triage
from paceline.decision.triage_sections import TAG_WORDS, overview_sections, ticket_sections, triage_headline

MOST_PICTURED = 40
"""For how many requests, in order of priority, pictures are drawn; the others have their tables."""
_STYLE = Path(__file__).with_name("triage_page.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_FOOT = (
    "<footer><p class=soft>Every number follows from an input, a default with its source, or a rule with its id; the "
    "tables under “Evidence” name them. Made by paceline triage.</p></footer>"
)
_CHARTS = {"matrix": matrix_chart, "metrics": metrics_chart, "months": months_chart, "tornado": tornado_chart}
_EVIDENCE = ("Gates", "Known from the workspace", "Inputs", "Formulas")


def render_page(triage: Triage, *, title: str = "Which integrations, in which order, and how") -> str:
    """The whole page as text. Raises MissingExtraError when the library that draws is not there.

    The same triage always gives the same bytes.
    """
    require_drawing()
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{_text(triage_headline(triage))}</title>",
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>",
        *_head(triage, title),
        "<main>",
        *_overview(triage),
    ]
    pictured = 0
    for ticket in triage.tickets:
        report = triage.reports.get(ticket.request)
        is_pictured = report is not None and pictured < MOST_PICTURED
        pictured += is_pictured
        parts += _article(ticket, report, number=pictured if is_pictured else 0)
    return "\n".join([*parts, "</main>", _FOOT, "</body></html>\n"])


def _head(triage: Triage, title: str) -> Iterator[str]:
    yield f"<header><p class=soft>{_text(title)}</p><h1>{_text(triage_headline(triage))}</h1>"
    if len(triage.tickets) == 1:
        yield f"<p class=lead>{_text(triage.tickets[0].summary)}</p>"
    else:
        chosen = [
            ticket for ticket in triage.tickets if ticket.rank is not None and ticket.tag is not Verdict.NOT_READY
        ]
        if chosen:
            yield f"<p class=lead>First {_text(chosen[0].request)}: {_text(chosen[0].summary)}</p>"
        tags = [(tag, triage.counts[tag.value]) for tag in TAG_WORDS if triage.counts[tag.value]]
        items = "".join(f'<li class="tag {tag.value}">{count} {TAG_WORDS[tag]}</li>' for tag, count in tags)
        yield f"<ul class=counts>{items}</ul>"
    yield "</header>"


def _overview(triage: Triage) -> Iterator[str]:
    first, *rest = overview_sections(triage)
    yield "<section>"
    if first.table is not None and len(triage.tickets) > 1:
        if any(ticket.cost is not None for ticket in triage.tickets):
            words = describe_backlog(triage)
            yield f"<div class=wide>{_figure(backlog_chart(triage), words, name='backlog')}</div>"
        yield f"<h2>{_text(first.title)}</h2>"
        yield _order_table(triage, first.table)
        yield f"<p class=soft>{_text(first.remark)}</p>"
    for section in rest:
        yield f"<h2>{_text(section.title)}</h2>"
        yield from _section(section)
    yield "</section>"


def _order_table(triage: Triage, table: Table) -> str:
    """The overview, whose rows become cards where there is no room for columns."""
    head = "".join(f"<th scope=col>{_text(cell)}</th>" for cell in table.head)
    rows = []
    for ticket, row in zip(triage.tickets, table.rows, strict=True):
        cells = []
        for name, cell in zip(table.head, row, strict=True):
            shown = _text(cell)
            if name == "request":
                shown = f'<a href="#{_anchor(ticket.request)}">{shown}</a>'
            elif name == "tag":
                shown = f'<span class="tag {ticket.tag.value}">{shown}</span>'
            label = f' data-label="{_text(name)}"' if name not in ("", "request", "tag") and cell else ""
            cells.append(f"<td{label}>{shown}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table class=cards><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _article(ticket: Ticket, report: Report | None, *, number: int) -> Iterator[str]:
    yield f'<article id="{_anchor(ticket.request)}">'
    tag = f'<span class="tag {ticket.tag.value}">{TAG_WORDS[ticket.tag]}</span>'
    yield f"<h2>{_text(ticket.request)} {tag}</h2><p>{_text(ticket.outcome)}</p>"
    yield f"<p class=lead>{_text(ticket.summary)}</p>"
    sections = full_sections(report) if report is not None else ()
    for section in sections:
        if section.title == "Why":
            yield from _titled(section)
    if report is not None:
        yield from _pictures(report, number=number)
    for section in sections:
        if section.title in ("Doubts", "Find out first", "Expiry"):
            yield from _titled(section)
    for section in ticket_sections(ticket):
        yield from _titled(section)
    evidence = [section for section in sections if section.title in _EVIDENCE]
    if evidence:
        yield "<details><summary>Evidence: gates, inputs with their sources, formulas</summary>"
        for section in evidence:
            yield from _titled(section)
        yield "</details>"
    yield "</article>"


def _pictures(report: Report, *, number: int) -> Iterator[str]:
    words = describe_pictures(report)
    yield "<div class=pictures>"
    for name, made in words.items():
        if name == "tornado" and not report.tornado:
            continue
        specification = _CHARTS[name](report) if number else None
        yield _figure(specification, made, name=f"p{number}-{name}")
    yield "</div>"


def _figure(specification: dict[str, object] | None, words: PictureWords, *, name: str) -> str:
    """A picture with its title, what it shows in a sentence, and its numbers as a table behind it."""
    sentence = _text(words.sentence)
    picture = draw(specification, name=name, alternative=sentence) if specification is not None else ""
    opened = "" if specification is not None else " open"
    table = f"<details{opened}><summary>The numbers</summary>{_table(words.table)}</details>"
    head = f"<figure class={name.rpartition('-')[2]}><h4>{_text(words.title)}</h4>"
    return f"{head}{picture}<figcaption>{sentence}</figcaption>{table}</figure>"


def _titled(section: Section) -> Iterator[str]:
    yield f"<h3>{_text(section.title)}</h3>"
    yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    for sentence in section.sentences:
        yield f"<p>{_text(sentence)}</p>"
    if section.points:
        kind = " class=todo" if section.is_checklist else ""
        yield f"<ul{kind}>{''.join(f'<li>{_text(point)}</li>' for point in section.points)}</ul>"
    if section.table is not None:
        yield _table(section.table)
    if section.remark:
        yield f"<p class=soft>{_text(section.remark)}</p>"


def _table(table: Table) -> str:
    head = "".join(f"<th scope=col>{_text(cell)}</th>" for cell in table.head)
    rows = "".join(f"<tr>{_cells(row)}</tr>" for row in table.rows)
    return f"<div class=scroll tabindex=0><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _cells(row: Sequence[str]) -> str:
    return "".join(f"<td>{_text(cell)}</td>" for cell in row)


def _anchor(name: str) -> str:
    return "r-" + re.sub(r"[^A-Za-z0-9_.-]", "-", name)


def _text(text: str) -> str:
    return html.escape(printable(text), quote=True)
