"""PL502."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.model.finding import Finding
from paceline.workspace.document import ValuePath
from paceline.workspace.mapping_fields import LocatedField
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.schema_places import SchemaPlace


class MappingFeedsRequiredFields(Rule):
    """A mapping leaves out a field that the vendor's action needs, so every event would be refused."""

    code = "PL502"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, mapping, document in scope.mappings():
            action, fields = scope.action(mapping.to), scope.fields(name)
            if action is None or fields is None:
                continue
            for missing, path, place in _missing(SchemaPlace(action.payload, [action.payload]), fields, ("fields",)):
                message = f"the action {mapping.to.action} needs the field {missing}"
                yield self.finding(document, path, message, hint=place.description, of_key=True)


def _missing(
    place: SchemaPlace, fields: Sequence[LocatedField], path: ValuePath, *, depth: int = 0
) -> Iterator[tuple[str, ValuePath, SchemaPlace]]:
    """What is missing at one place of the payload: its name, where to say so, and its schema.

    `fields` are those whose targets go through this place, `depth` how many keys of their targets lead to it.
    """
    if any(len(field.planned.target.keys) == depth for field in fields):
        return  # a value or a spread fills this place; what is in it is only known when an event comes
    given: dict[str, list[LocatedField]] = {}
    for field in fields:
        given.setdefault(field.planned.target.keys[depth], []).append(field)
    declared = place.fields
    for name in place.required:
        if name not in given:
            yield repr(name), path, declared.get(name, SchemaPlace({}, []))
    for choices in place.alternatives:
        if not any(set(names) <= set(given) for names in choices):
            wanted = " or ".join(" and ".join(map(repr, names)) for names in choices)
            yield wanted, path, SchemaPlace({}, [])
    for name, inside in given.items():
        if name not in declared:
            continue
        first = inside[0]
        if first.fields is not None and len(first.planned.target.keys) == depth + 1:
            yield from _missing(declared[name].items, first.fields, first.path)
        else:
            yield from _missing(declared[name], inside, first.path, depth=depth + 1)
