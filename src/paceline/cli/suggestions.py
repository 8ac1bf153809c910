"""What `paceline map suggest` answers and prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from paceline.errors import UsageError

if TYPE_CHECKING:
    from paceline.assemble.suggested_mapping import SuggestedMapping
    from paceline.cli.json_lines import Row


class TargetRow(msgspec.Struct, frozen=True):
    """A vendor's field, as a row names it."""

    field: str
    type: str | list[str] | None = None
    description: str | None = None
    vendor: str | None = None


class ChoiceRow(msgspec.Struct, frozen=True):
    """What another mapping chose."""

    field: str
    paths: list[str]


class SuggestRow(msgspec.Struct, frozen=True):
    """One question: which of the candidates fits the target."""

    target: TargetRow
    candidates: list[str]
    chosen: list[ChoiceRow] = []


def answer_suggestion(row: Row) -> Mapping[str, Sequence[Mapping[str, object]]]:
    """`{"ranked": [{"path", "score"}]}`, every candidate once, best first. Raises UsageError for another form."""
    from paceline.mapping.suggestion.ranking import Choice, Target, rank

    try:
        asked = msgspec.convert(dict(row), SuggestRow)
    except msgspec.ValidationError as error:
        expected = '{"target": {"field", "type"?, "description"?, "vendor"?}, "candidates": [paths]}'
        raise UsageError(str(error), expected=expected) from None
    kind = asked.target.type
    target = Target(
        field=asked.target.field,
        type=(kind[0] if kind else "") if isinstance(kind, list) else kind or "",
        description=asked.target.description or "",
        vendor=asked.target.vendor or "",
    )
    choices = [Choice(choice.field, tuple(choice.paths)) for choice in asked.chosen]
    candidates = list(dict.fromkeys(asked.candidates))
    return {"ranked": [{"path": each.path, "score": each.score} for each in rank(target, candidates, choices=choices)]}


def show_suggestion(made: SuggestedMapping, *, is_written: bool, as_json: bool) -> None:
    """The draft on standard output when it was not written, the ranking behind it, and what to do next."""
    from paceline.cli.output import print_json

    draft = made.draft
    if as_json:
        print_json({"files": sorted(draft.files), "open": draft.open_fields, "suggestions": made.suggestions})
    else:
        for file, content in draft.files.items():
            click.echo(f"wrote {draft.root / file}" if is_written else f"--- {file}\n{content.decode()}")
        for one in made.suggestions:
            click.echo(one.target, err=True)
            for ranked in one.ranked:
                click.echo(f"    {ranked.score:5.2f}  {ranked.path}  ({', '.join(ranked.reasons) or 'weak'})", err=True)
        for field in draft.open_fields:
            click.echo(f"{'to decide' if field.is_required else 'left out'}: {field.target}: {field.reason}", err=True)
    file = f"mappings/{draft.mapping}.yaml"
    click.echo(
        f"{len(made.suggestions)} fields ranked, {len(draft.open_fields)} left open; "
        f"review {file}, then run: paceline map accept {file}",
        err=True,
    )
