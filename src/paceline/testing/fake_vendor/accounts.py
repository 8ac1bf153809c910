"""Tells the fake vendors whose credentials are good: those of a workspace's integrations."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from paceline.assemble.lanes import resolved_settings
from paceline.assemble.opening import open_workspace
from paceline.errors import PacelineError
from paceline.testing.fake_vendor.credentials import Account


def read_accounts(workspace: Path) -> Mapping[str, Sequence[Account]]:
    """By connector, the accounts of the workspace's integrations.

    An integration whose secrets are missing here makes its vendor take every well-formed credential: whoever runs the
    worker says what is wrong with it, and says it better.
    """
    opened = open_workspace(workspace, os.environ)
    accounts: dict[str, list[Account]] = {}
    unknown: set[str] = set()
    for integration in opened.workspace.integrations.values():
        try:
            settings = resolved_settings(opened, integration)
        except PacelineError:
            unknown.add(integration.connector)
        else:
            account = Account(settings=settings, integration=integration.integration)
            accounts.setdefault(integration.connector, []).append(account)
    return {connector: known for connector, known in accounts.items() if connector not in unknown}
