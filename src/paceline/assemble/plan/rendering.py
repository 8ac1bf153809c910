"""A plan for people: as text for a terminal, and as Markdown to present at a roadmap meeting."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paceline.assemble.plan.plan import PartState, Plan
from paceline.decision.calendar import days_between
from paceline.decision.rendering import markdown_of_section, text_of_section
from paceline.decision.report import Verdict
from paceline.decision.sections import Section, Table
from paceline.decision.tickets import Step

_STATES = {PartState.THERE: "there", PartState.TO_WRITE: "--write makes it", PartState.OPEN: "open"}


def headline(plan: Plan) -> str:
    """The plan in one line."""
    match plan.verdict:
        case Verdict.NOT_READY:
            return f"{plan.request}: not ready, so there is no plan"
        case Verdict.BLOCKED:
            return f"{plan.request}: blocked, so there is no plan"
        case verdict:
            assert plan.confidence is not None
            provisional = ", provisional" if plan.is_provisional else ""
            until = f", until {plan.ends}" if plan.ends else ""
            return (
                f"{plan.request}: plan for a {verdict.value}{provisional}{until} (confidence {plan.confidence.value})"
            )


def render_text(plan: Plan) -> str:
    """The plan as text, at most 100 columns where its tables allow it."""
    head = headline(plan)
    lines = [head, "=" * len(head)]
    for section in (_opening(plan), *_sections(plan)):
        lines += ["", *([section.title] if section.title else []), *text_of_section(section)]
    return "\n".join(lines) + "\n"


def render_markdown(plan: Plan) -> str:
    """The plan as Markdown, with a Gantt chart that GitHub and GitLab draw."""
    lines = [f"# {headline(plan)}", "", *markdown_of_section(_opening(plan))]
    for section in _sections(plan):
        lines += ["", f"## {section.title}", *markdown_of_section(section)]
        if section.title == "Steps" and plan.gantt:
            lines += ["", "```mermaid", plan.gantt, "```"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _opening(plan: Plan) -> Section:
    platform = f" Platform piece: {plan.platform_team}." if plan.platform_team else ""
    owner = (f"Owner: {plan.team}.{platform}",) if plan.team else ()
    return Section(title="", sentences=(plan.outcome, plan.summary, *owner))


def _sections(plan: Plan) -> Iterator[Section]:
    if plan.decide:
        yield Section(title="To decide", points=plan.decide, is_checklist=True)
    if not plan.is_ready:
        return
    rows = tuple((number.what, number.value, number.source) for number in plan.numbers)
    yield Section(title="Numbers", table=Table(head=("", "", "from"), rows=rows))
    yield Section(title="Why", points=plan.why)
    steps = tuple((step.by, _day(plan, step), step.who, step.do, step.measure) for step in plan.steps)
    head = ("by", "day", "who", "what is true then", "seen by")
    yield Section(title="Steps", table=Table(head=head, rows=steps))
    if plan.weeks:
        weeks = tuple((f"{week.number}", week.by, week.who, week.do, week.measure) for week in plan.weeks)
        yield Section(title="Week by week", table=Table(head=("week", *head[:1], *head[2:]), rows=weeks))
    parts = tuple((part.what, _STATES[part.state], "; ".join(filter(None, (part.where, part.because))))
                  for part in plan.parts)  # fmt: skip
    yield Section(title="Parts", table=Table(head=("what", "state", "where"), rows=parts))
    yield Section(title="Contract tests and alerts", points=plan.contract_tests)
    yield Section(title="What would change it", sentences=(plan.change,))
    if plan.doubts:
        yield Section(title="Doubts", points=plan.doubts)


def _day(plan: Plan, step: Step) -> str:
    """How many days after the plan's beginning a step is due."""
    return str(days_between(plan.starts, step.by))
