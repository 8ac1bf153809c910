"""`paceline compat`: whether readers with one schema understand what is written with another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from paceline.cli.json_lines import Row


class CompatRow(msgspec.Struct, frozen=True, kw_only=True):
    """One question. `policy` is `strict` or `lenient`; `mode` one of Confluent's, for the two schemas alone."""

    original_schema: dict[str, object] | bool
    update_schema: dict[str, object] | bool
    policy: str = "strict"
    mode: str = "BACKWARD"


@click.command()
def command() -> None:
    """Compare pairs of JSON Schemas, one JSON line in, one out.

    \b
    {"original_schema", "update_schema", "policy"?, "mode"?}
      -> {"verdict": "compatible" | "incompatible" | "unknown", "changes": […], "counterexample"?, "undecided"?}

    BACKWARD asks whether a reader with the update understands every event written with the original. A counterexample
    is an event that one side accepts and the other refuses, confirmed by the validator.

    \b
    Example:  echo '{"original_schema": {"type": "integer"}, "update_schema": {"type": "string"}}' | paceline compat
    """
    from paceline.cli.json_lines import answer_rows

    answer_rows(answer)


def answer(row: Row) -> object:
    """The comparison that one row asks for. Raises UsageError or msgspec.ValidationError for a row without sense."""
    from paceline.contracts.compatibility import Mode, Policy, compare
    from paceline.errors import UnknownNameError

    asked = msgspec.convert(row, CompatRow)
    policy, mode = asked.policy.lower(), asked.mode.upper()
    if policy not in set(Policy):
        raise UnknownNameError("policy", asked.policy, list(Policy))
    if mode not in set(Mode):
        raise UnknownNameError("mode", asked.mode, list(Mode))
    found = compare(asked.original_schema, asked.update_schema, policy=Policy(policy), mode=Mode(mode))
    shown: dict[str, object] = {"verdict": found.verdict, "changes": found.changes}
    if found.counterexample is not None:
        shown["counterexample"] = found.counterexample
    if found.undecided:
        shown["undecided"] = found.undecided
    return shown
