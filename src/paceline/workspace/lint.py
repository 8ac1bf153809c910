"""Runs every rule of `paceline.workspace.rules` over a workspace. Rules are found by looking into that package."""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Sequence

from paceline.model.finding import Finding
from paceline.workspace import rules
from paceline.workspace.rule import ConnectorCatalog, Rule, Scope
from paceline.workspace.workspace import Workspace, place_order


@functools.cache
def all_rules() -> Sequence[Rule]:
    """One object of every rule, by code."""
    found: list[Rule] = []
    for entry in pkgutil.iter_modules(rules.__path__, f"{rules.__name__}."):
        module = importlib.import_module(entry.name)
        classes = (value for value in vars(module).values() if inspect.isclass(value))
        found.extend(value() for value in classes if value.__module__ == entry.name and issubclass(value, Rule))
    return sorted(found, key=lambda rule: rule.code)


def lint(workspace: Workspace, connectors: ConnectorCatalog, *, today: dt.date | None = None) -> tuple[Finding, ...]:
    """How the files of a workspace fit together: the findings of all rules, sorted by place.

    Without `today`, rules that depend on the calendar stay silent: a process that starts must not be stopped by an end
    date that has passed since; `paceline check` in CI is where that is said.
    """
    scope = Scope(workspace=workspace, connectors=connectors, today=today)
    findings = [
        finding for rule in all_rules() if today is not None or not rule.needs_today for finding in rule.check(scope)
    ]
    return tuple(sorted(dict.fromkeys(findings), key=place_order))


def check_workspace(
    workspace: Workspace, connectors: ConnectorCatalog, *, today: dt.date | None = None
) -> tuple[Finding, ...]:
    """Everything that is wrong with a workspace: the findings of reading it and those of the rules, by place."""
    return tuple(sorted((*workspace.findings, *lint(workspace, connectors, today=today)), key=place_order))
