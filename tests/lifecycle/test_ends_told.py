"""What workers log about ends, and to whom it is addressed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from governed_workspaces import copy_shop

from paceline.assemble.ends import facts_about_ends, require_not_expired
from paceline.errors import UsageError
from paceline.observe.facts import IntegrationEndsSoon, IntegrationExpired
from paceline.workspace.load import load_workspace
from paceline.workspace.workspace import Workspace

END = dt.date(2027, 2, 15)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    folder = copy_shop(tmp_path)
    (folder / "integrations/sales_alerts.yaml").unlink()
    return load_workspace(folder)


@pytest.mark.parametrize(("left", "notice"), [(31, None), (30, 30), (14, 14), (7, 7), (0, 7)])
def test_notice_is_logged_with_whom_it_concerns(shop: Workspace, left: int, notice: int | None):
    told = list(facts_about_ends(shop, END - dt.timedelta(days=left)))
    if notice is None:
        assert told == []
    else:
        [fact] = told
        assert isinstance(fact, IntegrationEndsSoon)
        assert (fact.integration, fact.notice_days, fact.owner) == ("customerio_onboarding", notice, "growth")
        assert fact.contact == "https://oncall.shop.example/growth"


def test_owner_and_councils_are_alerted_on_the_day_after(shop: Workspace):
    [fact] = facts_about_ends(shop, END + dt.timedelta(days=1))
    assert isinstance(fact, IntegrationExpired)
    assert (fact.level, fact.councils, fact.after_expiry) == ("error", ["data"], "flow")


@pytest.mark.parametrize(("days", "is_refused"), [(0, False), (1, True)])
def test_building_and_deploying_are_refused_on_the_day_after(shop: Workspace, days: int, is_refused: bool):
    integration = shop.integrations["customerio_onboarding"]
    today = END + dt.timedelta(days=days)
    if is_refused:
        with pytest.raises(UsageError, match="cannot be built"):
            require_not_expired("customerio_onboarding", integration, today=today, what="built")
    else:
        require_not_expired("customerio_onboarding", integration, today=today, what="built")
