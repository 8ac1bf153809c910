"""Tickets as rows of a CSV file that Jira and Linear can import.

Jira needs a column `Summary` and maps the others when it imports; text over several lines stands in quotes:
https://confluence.atlassian.com/adminjiracloud/importing-data-from-csv-776636762.html (read 2026-11-23). `Title` says
the same for Linear.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from paceline.decision.rendering import render_ticket_markdown
from paceline.decision.triage import Ticket, Triage
from paceline.decision.triage_sections import TAG_WORDS, ask_words, check_words, step_words

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "Summary",
    "Title",
    "Issue Type",
    "Description",
    "Labels",
    "Due Date",
    "Request",
    "Rank",
    "Tag",
    "Confidence",
    "Team",
    "Vendor",
    "Works after (days)",
    "Cost (mean)",
    "Cost (P10)",
    "Cost (P90)",
    "Currency",
    "Cost of delay per week",
    "Ends",
    "Migration plan",
    "Contract tests",
    "Six questions",
    "Still to be answered",
)


def render_csv(triage: Triage) -> str:
    """The tickets of a triage, one a row under a head, as RFC 4180 text.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for ticket in triage.tickets:
        row = _row(ticket)
        writer.writerow([_harmless(row[column]) for column in COLUMNS])
    return out.getvalue()


def _row(ticket: Ticket) -> Mapping[str, str]:
    title = f"{ticket.request}: {ticket.outcome}" if ticket.outcome else ticket.request
    cost, days, priority = ticket.cost, ticket.time_to_value_days, ticket.priority
    return {
        "Summary": " ".join(title.split())[:250],
        "Title": " ".join(title.split())[:250],
        "Issue Type": "Task",
        "Description": render_ticket_markdown(ticket),
        "Labels": f"paceline-{TAG_WORDS[ticket.tag].replace(' ', '-')}",
        "Due Date": ticket.deadline or ticket.ends,
        "Request": ticket.request,
        "Rank": str(ticket.rank or ""),
        "Tag": TAG_WORDS[ticket.tag],
        "Confidence": ticket.confidence.value if ticket.confidence is not None else "",
        "Team": ticket.team,
        "Vendor": ticket.vendor,
        "Works after (days)": f"{days.mean:.3g}" if days is not None else "",
        "Cost (mean)": f"{cost.mean:.0f}" if cost is not None else "",
        "Cost (P10)": f"{cost.p10:.0f}" if cost is not None else "",
        "Cost (P90)": f"{cost.p90:.0f}" if cost is not None else "",
        "Currency": ticket.currency,
        "Cost of delay per week": f"{priority.cost_of_delay_per_week:.0f}" if priority is not None else "",
        "Ends": ticket.ends,
        "Migration plan": "\n".join(map(step_words, ticket.plan)),
        "Contract tests": "\n".join(f"[ ] {line}" for line in ticket.contract_tests),
        "Six questions": "\n".join(map(check_words, ticket.checks)),
        "Still to be answered": "\n".join(map(ask_words, ticket.asks)),
    }


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
