"""In which order a backlog is worth doing, and how long requests wait for their teams."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.decision.calendar import day_after, days_between
from paceline.decision.report import Report
from paceline.model.integration import Stage
from paceline.model.request import Request

DAYS_PER_WEEK = 7.0
ORDER_RULE = "F23"
QUEUE_RULE = "F24"


class Priority(msgspec.Struct, frozen=True, kw_only=True):
    """What waiting for a request costs against how long it takes (rule F23).

    `cost_of_delay_per_week` is the mean, `weeks` the work until the first delivery, `value` one divided by the other.
    `is_assumed` when the cost of delay is a default and not the requester's word.
    """

    cost_of_delay_per_week: float
    weeks: float
    value: float
    is_assumed: bool
    rule: str = ORDER_RULE


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Work that a team does: the first delivery of a request, or (`is_platform`) the platform piece of a hybrid.

    `due` is the day on which it must be done, empty when there is none.
    """

    request: str
    team: str
    days: float
    due: str = ""
    is_platform: bool = False


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """When a team gets to a job: it starts so many days after the queue's first day, and is done on a day."""

    job: Job
    starts_after_days: float
    done: str
    rule: str = QUEUE_RULE


def prioritize(report: Report) -> Priority:
    """The priority of a decided request; what waits for nothing has the value 0."""
    delay = report.inputs.get("cost_of_delay")
    per_week = delay.mean if delay is not None else 0.0
    weeks = first_delivery_days(report) / DAYS_PER_WEEK
    assumed = delay is not None and delay.source == "default"
    return Priority(cost_of_delay_per_week=per_week, weeks=weeks, value=per_week / weeks, is_assumed=assumed)


def first_delivery_days(report: Report) -> float:
    """Days of work until what the verdict (or what it leans to) delivers first, without waiting for anybody."""
    inputs = report.inputs
    match report.leaning:
        case Stage.MARATHON:
            return inputs["marathon_days"].mean
        case Stage.HYBRID:
            return inputs["sprint_days"].mean * (1.0 + inputs["overhead"].mean)
        case _:
            return inputs["sprint_days"].mean


def jobs_of(request: Request, report: Report) -> Iterator[Job]:
    """What the teams have to do for a decided request."""
    owner = request.owner.team if request.owner is not None else ""
    platform = request.platform_owner or owner
    builder = platform if report.leaning is Stage.MARATHON else owner
    days = first_delivery_days(report)
    yield Job(request=request.request, team=builder, days=days, due=request.deadline or "")
    if report.leaning is Stage.HYBRID and report.expiry is not None:
        days = report.inputs["marathon_days"].mean
        yield Job(request=request.request, team=platform, days=days, due=report.expiry.date, is_platform=True)


def queue(jobs: Sequence[Job], *, first_day: str, at_once: int) -> tuple[Turn, ...]:
    """The turns of one team's jobs, in the order given.

    >>> [turn.done for turn in queue([Job(request="a", team="t", days=3)], first_day="2026-11-23", at_once=1)]
    ['2026-11-26']
    """
    free = [0.0] * at_once
    turns = []
    for job in jobs:
        start = heapq.heappop(free)
        heapq.heappush(free, start + job.days)
        done = day_after(first_day, round(start + job.days))
        turns.append(Turn(job=job, starts_after_days=start, done=done))
    return tuple(turns)


def days_late(turn: Turn) -> int:
    """How many days after its due day a job is done; 0 when it is in time or has none."""
    return max(days_between(turn.job.due, turn.done), 0) if turn.job.due else 0


def queues(ordered: Sequence[tuple[Request, Report]], at_once: Mapping[str, int]) -> Mapping[str, tuple[Turn, ...]]:
    """The queue of every team that has more to do than it does at once, by team. `ordered` is in order of priority.

    A queue begins on the day of the team's newest request.
    """
    by_team: dict[str, list[Job]] = {}
    newest: dict[str, str] = {}
    for request, report in ordered:
        for job in jobs_of(request, report):
            by_team.setdefault(job.team, []).append(job)
            newest[job.team] = max(newest.get(job.team, ""), request.asked)
    return {
        team: queue(by_team[team], first_day=newest[team], at_once=at_once.get(team, 1))
        for team in sorted(by_team)
        if team and len(by_team[team]) > at_once.get(team, 1)
    }
