"""PL504."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paceline.errors import nearest_name_hint
from paceline.mapping.expression import Every, Expression, Index, Key, Path, Where, children
from paceline.model.finding import Finding, Severity
from paceline.workspace.document import Document, ValuePath
from paceline.workspace.mapping_fields import LocatedField
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.schema_places import SchemaPlace

Places = Sequence[SchemaPlace]
ENVELOPE = frozenset(
    {
        "anonymousId", "category", "channel", "context", "event", "groupId", "integrations", "messageId", "name",
        "originalTimestamp", "previousId", "properties", "receivedAt", "sentAt", "timestamp", "traits", "type",
        "userId", "version",
    }
)  # fmt: skip
"""Fields that SDKs send by themselves, whether a contract speaks of them or not.

https://segment.com/docs/connections/spec/common/, read 2026-11-23.
"""


class MappingReadsDeclaredFields(Rule):
    """A mapping reads a field that no version of the contract declares. Probably a slip: it will often be missing."""

    code = "PL504"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        tops: dict[tuple[str, str], SchemaPlace] = {}
        for name, mapping, document in scope.mappings():
            fields, plan = scope.fields(name), scope.plan(name)
            contracts = scope.contracts_taken(mapping)
            if fields is None or plan is None or not contracts:
                continue
            for contract in contracts:
                key = (contract.contract, contract.version)
                tops.setdefault(key, SchemaPlace(contract.schema, [contract.schema]))
            event = [tops[contract.contract, contract.version] for contract in contracts]
            if plan.when is not None:
                yield from self._undeclared(document, ("when",), plan.when.tree, event, event)
            yield from self._of_fields(document, fields, event, event)

    def _of_fields(
        self, document: Document, fields: Sequence[LocatedField], event: Places, item: Places
    ) -> Iterator[Finding]:
        for field in fields:
            tree = field.value.tree
            yield from self._undeclared(document, field.expression_path, tree, event, item)
            if field.fields is not None:
                inner = _items(_follow(tree, event, item)) if isinstance(tree, Path) else []
                yield from self._of_fields(document, field.fields, event, inner)

    def _undeclared(
        self, document: Document, path: ValuePath, tree: Expression, event: Places, item: Places
    ) -> Iterator[Finding]:
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            waiting += children(node)
            if not isinstance(node, Path) or node.root == "@":
                continue
            places = event if node.root == "$$" else item
            for step in node.steps:
                if isinstance(step, Key) and (known := _known_if_missing(step.name, places, is_event=places is event)):
                    hint = nearest_name_hint(step.name, sorted(known), most=12)
                    line, column = document.place_inside(path, step.column - 1)
                    yield Finding(
                        code=self.code,
                        file=document.file,
                        line=line,
                        column=column,
                        message=f"the contract does not declare the field {step.name!r} here",
                        hint=hint,
                        severity=self.severity,
                    )
                    break
                places = _step(places, step)


def _known_if_missing(name: str, places: Places, *, is_event: bool) -> set[str]:
    """The declared names, where some are declared and this is none of them; otherwise nothing."""
    if any(place.takes_other_fields for place in places) or (is_event and name in ENVELOPE):
        return set()
    known = {declared for place in places for declared in place.fields}
    return set() if name in known else known


def _follow(path: Path, event: Places, item: Places) -> Places:
    places = event if path.root == "$$" else item if path.root == "$" else []
    for step in path.steps:
        places = _step(places, step)
    return places


def _step(places: Places, step: Key | Index | Every | Where) -> Places:
    if isinstance(step, Key):
        return [place.fields[step.name] for place in places if step.name in place.fields]
    return _items(places)


def _items(places: Places) -> Places:
    return [place.items for place in places]
