"""The fields of a mapping with the places of their rules in the file: what rules about mappings walk over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.mapping.analysis import Analysis
from paceline.mapping.generate.program import Plan, PlannedField
from paceline.model.mapping import FieldRule, MappingFile
from paceline.workspace.document import ValuePath

Rules = Mapping[str, FieldRule | str]


class LocatedField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a plan. `path` leads to its key in the file, `expression_path` to its expression.

    `fields` are those of an item where the field is made by `each`, None otherwise.
    """

    planned: PlannedField
    path: ValuePath
    expression_path: ValuePath
    fields: Sequence[LocatedField] | None

    @property
    def value(self) -> Analysis:
        """The analyzed expression."""
        return self.planned.value


def located_fields(spec: MappingFile, plan: Plan) -> list[LocatedField]:
    """The fields of a mapping, in the order of the file."""
    return list(_located(spec.fields, plan.fields, ("fields",)))


def _located(rules: Rules, planned: Sequence[PlannedField], path: ValuePath) -> Iterator[LocatedField]:
    for (text, rule), field in zip(rules.items(), planned, strict=True):
        own_path = (*path, text)
        if isinstance(rule, str):
            yield LocatedField(planned=field, path=own_path, expression_path=own_path, fields=None)
            continue
        inner = None
        if field.fields is not None and rule.fields is not None:
            inner = list(_located(rule.fields, field.fields, (*own_path, "fields")))
        keyword = "value" if rule.each is None else "each"
        yield LocatedField(planned=field, path=own_path, expression_path=(*own_path, keyword), fields=inner)
