"""Asks before something large is done by hand."""

from __future__ import annotations

import sys

import click

LARGE = 1000
"""More than this is asked about on a terminal, and needs --yes elsewhere."""


def confirm(question: str, number: int, *, yes: bool) -> None:
    """Go on when it is small, when `yes` was said, or when somebody at the terminal says so now.

    Raises click.Abort when they do not, UsageError where there is nobody to ask.
    """
    from paceline.errors import UsageError

    if yes or number <= LARGE:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this is about {number:,}, and there is nobody to ask", remedy="add --yes, or narrow it down")
    click.confirm(question, abort=True, err=True)
