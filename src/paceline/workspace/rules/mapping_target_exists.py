"""PL503."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.mapping_fields import LocatedField
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.schema_places import SchemaPlace


class MappingTargetExists(Rule):
    """A mapping fills a field that the vendor's action does not have."""

    code = "PL503"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, mapping, document in scope.mappings():
            action, fields = scope.action(mapping.to), scope.fields(name)
            if action is None or fields is None:
                continue
            for field, key, place in _unknown(SchemaPlace(action.payload, [action.payload]), fields):
                message = f"the action {mapping.to.action} has no field {key!r} here"
                hint = nearest_name_hint(key, sorted(place.fields), most=20)
                yield self.finding(document, field.path, message, hint=hint, of_key=True)


def _unknown(top: SchemaPlace, fields: Sequence[LocatedField]) -> Iterator[tuple[LocatedField, str, SchemaPlace]]:
    """Fields with a key that is not declared where nothing else is allowed; the key, and the place that has it not."""
    for field in fields:
        place: SchemaPlace | None = top
        for key in field.planned.target.keys:
            assert place is not None
            declared = place.fields
            if key not in declared and place.refuses_other_fields:
                yield field, key, place
            place = declared.get(key)
            if place is None:
                break
        if place is not None and field.fields is not None:
            yield from _unknown(place.items, field.fields)
