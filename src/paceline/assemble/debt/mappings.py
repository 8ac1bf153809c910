"""Facts about mappings and contracts: what each field is made from, and what describes and tests it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from paceline.assemble.contract_tests.suite import Suite
from paceline.assemble.debt.pinning import Tested, Trials
from paceline.contracts.declared_fields import PAYLOAD_FIELDS, Applying, DeclaredFields
from paceline.contracts.versions import Version
from paceline.decision.debt.facts import AdapterFacts, ContractFacts, FieldFacts, Safeguard, TransformKind
from paceline.decision.debt.notes import says_something
from paceline.mapping.expression import Call, Expression, Key, Literal, Path, Required, Step, children, show
from paceline.mapping.faults import FilePath
from paceline.mapping.generate.program import PlannedField
from paceline.model.contract import ContractFile
from paceline.model.event import EventType
from paceline.model.mapping import EVERY_EVENT, FieldRule, MappingFile
from paceline.workspace.document import Document
from paceline.workspace.rule import Scope
from paceline.workspace.workspace import Workspace, event_key

_PAYLOAD = frozenset({*PAYLOAD_FIELDS, "context"})
"""What senders fill; the other fields of an event are the same in every one, and most mappings read some of them."""
_SPEC_FIELDS = frozenset(
    {
        *(
            "anonymousId",
            "category",
            "channel",
            "context",
            "event",
            "groupId",
            "messageId",
            "name",
            "originalTimestamp",
        ),
        *("previousId", "receivedAt", "sentAt", "timestamp", "type", "userId", "version"),
    }
)
"""Fields with a public description: https://segment.com/docs/connections/spec/common/, read 2026-11-23."""
_SPEC = "one of the fields that the Segment spec describes"
_MOST_DEPTH = 12
Places = tuple[Applying, ...]
"""The schemas at one place, by version of the contract."""


def family_of(workspace: Workspace, described: ContractFile | EventType | None, event: str = "") -> str:
    """The family of an event: its contract's name, or else the event's own."""
    if isinstance(described, ContractFile):
        return described.contract
    kind = described or EventType.TRACK
    name = workspace.contract_for((kind, event if kind is EventType.TRACK else ""))
    return name or (event if kind is EventType.TRACK else kind.value)


def contract_facts(workspace: Workspace) -> Iterator[ContractFacts]:
    """One fact a contract, from its newest version."""
    for name, versions in sorted(workspace.contracts.items()):
        if versions:
            newest = versions[max(versions, key=Version.parse)]
            yield ContractFacts(family=name, described_fields=_described_fields(newest))


def _described_fields(contract: ContractFile) -> int:
    declared = DeclaredFields(contract.schema)
    found = 0
    for part in PAYLOAD_FIELDS:
        schemas = declared.field(declared.root, part)
        if schemas:
            found += _count_described(declared, schemas, depth=0)
    return found


def _count_described(declared: DeclaredFields, schemas: Applying, *, depth: int) -> int:
    if depth > _MOST_DEPTH:
        return 0
    found = 0
    names = {str(name) for schema in schemas for name in _properties(schema)}
    for name in names:
        inner = declared.field(schemas, name) or ()
        found += says_something(_described(inner), [name])
        found += _count_described(declared, inner, depth=depth + 1) if inner else 0
    items = declared.item(schemas, 0) if any("items" in schema for schema in schemas) else ()
    return found + (_count_described(declared, items, depth=depth + 1) if items else 0)


def _properties(schema: Mapping[str, object]) -> Iterable[object]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else ()


def _described(schemas: Applying) -> str:
    return next((text for schema in schemas if isinstance(text := schema.get("description"), str) and text), "")


def adapter_facts(scope: Scope, suite: Suite, trials: Trials) -> Iterator[AdapterFacts]:
    """One fact a mapping that can be read."""
    users: dict[str, set[str]] = {}
    for _, integration, _ in scope.integrations():
        for mapping in integration.events:
            users.setdefault(mapping, set()).add(integration.owner.team)
    for name, spec, document in scope.mappings():
        tested = trials.tested(suite, name)
        yield _Mapping(scope, tested, name, spec, document).facts(tuple(sorted(users.get(name, ()))))


class _Mapping:
    """One mapping with what it is held against."""

    def __init__(self, scope: Scope, tested: Tested, name: str, spec: MappingFile, document: Document) -> None:
        self._scope = scope
        self._tested = tested
        self._name = name
        self._spec = spec
        self._document = document
        self._contracts = scope.contracts_taken(spec)
        self._declared = [DeclaredFields(contract.schema) for contract in self._contracts]
        self._events = tuple(declared.root for declared in self._declared)

    def facts(self, teams: tuple[str, ...]) -> AdapterFacts:
        plan, spec = self._scope.plan(self._name), self._spec
        planned = plan.fields if plan is not None else ()
        fields = tuple(self._fields(spec.fields, planned, ("fields",), self._events)) if planned else ()
        line, _ = self._document.place(("mapping",), of_key=True)
        return AdapterFacts(
            teams=teams,
            family=family_of(self._scope.workspace, spec.from_.type, spec.from_.event),
            vendor=spec.to.connector,
            place=f"{self._document.file}:{line}",
            one_off=self._one_off(fields),
            fields=fields,
            missing=tuple(self._missing(planned, has_condition=plan is not None and plan.when is not None)),
        )

    def _one_off(self, fields: Sequence[FieldFacts]) -> str:
        """Why the mapping's source is no canonical contract; empty when it is one."""
        spec, workspace = self._spec, self._scope.workspace
        event = spec.from_.event_name
        if event == EVERY_EVENT:
            return "" if workspace.contracts else "it takes every event, and none has a contract"
        if not self._contracts:
            is_known = workspace.contract_for(event_key(spec.from_)) is not None
            return f"no version of the contract fits {spec.from_.contract}" if is_known else f"no contract for {event}"
        read = {path for field in fields for path in field.sources if path.startswith(("$$.properties.", "$$.traits."))}
        is_declared = any(_is_declared(one, path) for path in read for one in self._declared)
        return (
            f"the contract declares none of the fields that are read from {event}" if read and not is_declared else ""
        )

    def _missing(self, planned: Sequence[PlannedField], *, has_condition: bool) -> Iterator[Safeguard]:
        if self._tested.passing == self._tested.negative:
            yield Safeguard.CONTRACT_TEST
        elif not self._tested.negative and (has_condition or any(_can_refuse(field) for field in planned)):
            yield Safeguard.NEGATIVE_SAMPLE

    def _fields(
        self, rules: Mapping[str, FieldRule | str], planned: Sequence[PlannedField], at: FilePath, item: Places
    ) -> Iterator[FieldFacts]:
        for (name, rule), field in zip(rules.items(), planned, strict=True):
            here = (*at, name)
            yield self._field(here, rule, field, item)
            if field.fields is not None and isinstance(rule, FieldRule) and rule.fields is not None:
                source = _copied(field.value.tree)
                lists = self._follow(source, item) if source is not None else []
                inner = tuple(
                    declared.item(found, 0) if found else ()
                    for declared, found in zip(self._declared, lists, strict=False)
                )
                yield from self._fields(rule.fields, field.fields, (*here, "fields"), inner)

    def _field(self, at: FilePath, rule: FieldRule | str, field: PlannedField, item: Places) -> FieldFacts:
        tree = field.value.tree
        unpinned = self._tested.unpinned.get("[].".join(_names(at)), frozenset())
        if not isinstance(tree, Literal):
            unpinned -= {TransformKind.CONSTANT}
        copied = _copied(tree)
        line, _ = self._document.place(at, of_key=True)
        return FieldFacts(
            target=self._target(at),
            place=f"{self._document.file}:{line}",
            sources=tuple(sorted(_sources(tree, is_event=item is self._events))),
            note="" if isinstance(rule, str) else rule.note,
            copied_description="" if copied is None else self._description(copied, item),
            unpinned=tuple(sorted(unpinned)),
        )

    def _target(self, at: FilePath) -> str:
        own = ".".join(_names(at))
        connector = self._scope.connector(self._spec.to.connector)
        is_only = connector is None or len(connector.actions) < 2
        return own if is_only else f"{self._spec.to.action} {own}"

    def _description(self, path: Path, item: Places) -> str:
        """What the contract, or the Segment spec for fields that every event has, says about a place."""
        first = path.steps[0] if path.steps else None
        is_event = path.root == "$$" or (path.root == "$" and item is self._events)
        if isinstance(first, Key) and is_event and first.name in _SPEC_FIELDS:
            return _SPEC
        return next((text for found in self._follow(path, item) if (text := _described(found))), "")

    def _follow(self, path: Path, item: Places) -> list[Applying]:
        """By contract version, the schemas at a place; none where it declares nothing there."""
        starts = self._events if path.root == "$$" else item
        return [_step_through(one, start, path.steps) for one, start in zip(self._declared, starts, strict=False)]


def _names(at: FilePath) -> list[str]:
    """The names of a field and of those that it lies in: every second step is the word `fields`."""
    return [str(name) for position, name in enumerate(at) if position % 2]


def _copied(tree: Expression) -> Path | None:
    """The path that a field copies as it is, required or not; None when the field does more."""
    inner = tree.operand if isinstance(tree, Required) else tree
    return inner if isinstance(inner, Path) else None


def _step_through(declared: DeclaredFields, start: Applying, steps: Sequence[Step]) -> Applying:
    here = start
    for step in steps:
        if not here:
            return ()
        here = (declared.field(here, step.name) or ()) if isinstance(step, Key) else declared.item(here, 0)
    return here


def _is_declared(declared: DeclaredFields, path: str) -> bool:
    here = declared.root
    for name in path.removeprefix("$$.").split("."):
        here = declared.field(here, name.partition("[")[0]) or ()
        if not here:
            return False
    return True


def _can_refuse(field: PlannedField) -> bool:
    return any(
        isinstance(node, Required) or (isinstance(node, Call) and node.function in {"required", "refuse"})
        for node in _nodes(field.value.tree)
    )


def _sources(tree: Expression, *, is_event: bool) -> set[str]:
    """The places in the event that a field reads, without those that every event has."""
    found: set[str] = set()
    for node in _nodes(tree):
        if isinstance(node, Path) and node.root != "@" and node.steps:
            first = node.steps[0]
            root = "$$" if is_event or node.root == "$$" else "$"
            if root == "$" or (isinstance(first, Key) and first.name in _PAYLOAD):
                found.add(root + show(node)[len(node.root) :])
    return found


def _nodes(tree: Expression) -> Iterator[Expression]:
    yield tree
    for child in children(tree):
        yield from _nodes(child)
