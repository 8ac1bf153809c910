"""The time line of a workspace: its integrations and those that are no more."""

from __future__ import annotations

import datetime as dt

from paceline.lifecycle.timeline import Dated, Span, in_order, span_of
from paceline.workspace.calendar import day_or_none
from paceline.workspace.commits import commits_of, is_in_git
from paceline.workspace.workspace import Workspace


def read_timeline(workspace: Workspace, *, today: dt.date) -> list[Span]:
    """Every integration, what needs somebody first at the top.

    Its stage began on the day in its file (`started`), or else on that of the commit that added the file.
    """
    has_history = is_in_git(workspace.path)
    dated: list[Dated] = []
    for name, one in workspace.integrations.items():
        first = day_or_none(one.started)
        if first is None and has_history:
            commits = commits_of(workspace.path, workspace.document("integration", integration=name).file)
            first = commits[-1].day if commits else None
        days = [day_or_none(text) for text in (one.migration.milestones if one.migration is not None else ())]
        dated.append(
            Dated(
                name=name,
                stage=one.stage,
                owner=one.owner.team,
                first=first,
                last=day_or_none(one.expires),
                milestones=[day for day in days if day is not None],
                extensions=len(one.extensions),
                to=str(one.migration.to) if one.migration is not None else "",
                plan=one.migration.plan if one.migration is not None else "",
                after_expiry=str(one.after_expiry),
            )
        )
    for name, tombstone in workspace.retired.items():
        dated.append(
            Dated(
                name=name,
                stage=tombstone.stage,
                owner=tombstone.owner.team,
                first=day_or_none(tombstone.since),
                last=day_or_none(tombstone.retired),
                plan=tombstone.plan,
                is_retired=True,
                replaced_by=tombstone.replaced_by,
            )
        )
    return in_order([span_of(one, today) for one in dated])
