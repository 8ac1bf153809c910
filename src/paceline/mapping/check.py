"""Hold a mapping against the contract of its event on one side and the vendor's schema of its payload on the other.

Two sorts of result:

- **faults**: what the files contradict. The contract (or the mapping) states something that the vendor's schema does
  not allow, so there is an event that the contract accepts and that becomes a wrong payload. A few of them are
  warnings: parts of the mapping that the contract makes pointless, and values that would refuse the event.
- **unproven** places: nothing contradicts, but nothing proves it either, because the contract is silent: it does not
  declare the field, or does not limit a text that the vendor limits.

The guarantee: a mapping without errors and without unproven places makes, of every event that the contract accepts,
either a payload that the vendor's schema accepts, or a refusal or a filtering. docs/mapping.md states its limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from paceline.errors import nearest_name_hint
from paceline.mapping import kinds as k
from paceline.mapping.analysis import shorten
from paceline.mapping.assumptions import alternatives
from paceline.mapping.conditionals import decided
from paceline.mapping.expression import Expression
from paceline.mapping.faults import FaultCode, FilePath, MappingFault
from paceline.mapping.fitting import misfit
from paceline.mapping.generate.program import Plan
from paceline.mapping.inference import Inference, all_personal_data
from paceline.mapping.kinds import describe
from paceline.mapping.misfits import misfit_fault
from paceline.mapping.notes import Notes
from paceline.mapping.schemas import (
    Schema,
    chosen,
    described,
    field_names,
    field_of,
    inlined,
    items_of,
    limit_of,
    own_personal_data,
    parts_of,
    required_names,
    schema_kinds,
    without_null,
)
from paceline.mapping.sources import Group, Source, collected, leaves
from paceline.mapping.suspicions import suspected, suspicious_constant
from paceline.mapping.together import check_together
from paceline.model.finding import Severity
from paceline.model.mapping import MappingFile

MAX_CASES: Final = 6
_ANY_EVENT: Final[Schema] = {"type": "object"}
# Codes of faults that say that a part never counts or is never there: they must be so in every case.
_NEEDS_ALL_CASES: Final[frozenset[FaultCode]] = frozenset(
    {"unreachable", "pointless", "unknown_path", "undeclared_path", "always_missing"}
)
# Of each of these, one a place is told: another version or case of the contract only gives another example.
_TOLD_ONCE: Final[frozenset[FaultCode]] = frozenset(
    {"does_not_fit", "wrong_type", "unknown_value", "may_be_null", "may_refuse"}
)
# Keywords about each key of an object by itself.
_ABOUT_LISTS: Final = ("minItems", "maxItems", "uniqueItems", "contains")
_ABOUT_KEYS: Final = ("properties", "patternProperties", "additionalProperties")


_FALLBACK_HINT: Final = "add `?? …` with another value, or `!` to refuse such events"


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of checking one mapping: contradictions, and what could not be proved."""

    faults: tuple[MappingFault, ...] = ()
    unproven: tuple[MappingFault, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Whether every payload that the mapping makes is sure to be accepted."""
        return not self.unproven and not any(fault.severity is Severity.ERROR for fault in self.faults)


def check_mapping(spec: MappingFile, plan: Plan, contract: Schema, action: Schema) -> CheckReport:
    """Everything that contract and vendor say against a mapping.

    `plan` is the mapping's own (`plan_mapping(spec)`), `contract` the JSON Schema of the event and `action` the JSON
    Schema of the payload. Both must be usable schemas; references inside them are followed, nothing is fetched.
    """
    return check_versions(spec, plan, {"": contract}, action)


def check_versions(spec: MappingFile, plan: Plan, contracts: Mapping[str, Schema], action: Schema) -> CheckReport:
    """The same for a mapping that takes several versions of a contract (version -> JSON Schema of the event).

    What only some versions contradict names them. Without any version nothing is known of the event: only what the
    mapping itself states is held against the vendor.
    """
    payload = inlined(action)
    checks = {version: _checks(spec, plan, inlined(contract), payload) for version, contract in contracts.items()}
    every = [check for cases in checks.values() for check in cases]
    if not contracts:
        every = [_Check(_ANY_EVENT, payload, None)]
        every[0].run(spec, plan)
    faults: dict[MappingFault, None] = dict.fromkeys(suspected(spec, plan))
    for version, cases in (checks or {"": every}).items():
        for check in cases:
            for fault in check.faults:
                if fault.code not in _NEEDS_ALL_CASES:
                    is_everywhere = all(any(fault in case.faults for case in others) for others in checks.values())
                    faults[fault if is_everywhere else _only_in(fault, version)] = None
                elif all(fault in other.faults for other in every):
                    faults[fault] = None
    told = list(_told_once([*faults, *(fault for check in every if contracts for fault in check.unproven)]))
    return CheckReport(
        faults=tuple(fault for fault in told if fault.code != "unproven"),
        unproven=tuple(fault for fault in told if fault.code == "unproven"),
    )


def _checks(spec: MappingFile, plan: Plan, contract: Schema, payload: Schema) -> list[_Check]:
    """The mapping with one version of its contract, and case by case where that leaves a doubt."""
    when = None if plan.when is None else plan.when.tree
    whole = _Check(contract, payload, when)
    whole.run(spec, plan)
    if _is_about_presence(contract) and not whole.is_presence_open:
        return [whole]
    ways = [None] if when is None else alternatives(when)
    cases = [_Check(case, payload, way) for case in _cases(contract) for way in ways]
    if len(cases) == 1:
        return [whole]
    for case in cases:
        case.run(spec, plan)
    return cases


def _is_about_presence(contract: Schema) -> bool:
    """Whether the alternatives of a contract, if it has any, are of nothing but keys that must be there."""
    branches = contract.get("anyOf", ()) if isinstance(contract, dict) else ()
    return all(isinstance(branch, dict) and branch.keys() == {"required"} for branch in branches)


def _only_in(fault: MappingFault, version: str) -> MappingFault:
    return msgspec.structs.replace(fault, message=f"{fault.message} (in version {version} of the contract)")


def _told_once(faults: Iterable[MappingFault]) -> Iterator[MappingFault]:
    """Without further examples of what was told of a place already."""
    places: set[tuple[FilePath, int, FaultCode]] = set()
    for fault in faults:
        place = (fault.path, fault.column, fault.code)
        if fault.code not in _TOLD_ONCE or place not in places:
            yield fault
            places.add(place)


def _cases(contract: Schema) -> Iterator[Schema]:
    """The contract for each of its alternatives, such as `anyOf: [{required: [userId]}, {required: [anonymousId]}]`."""
    branches = contract.get("anyOf") if isinstance(contract, dict) else None
    if not isinstance(contract, dict) or not branches or len(branches) > MAX_CASES:
        yield contract
        return
    rest = {keyword: value for keyword, value in contract.items() if keyword != "anyOf"}
    for branch in branches:
        if isinstance(branch, dict) and branch.keys() == {"required"}:
            yield {**rest, "required": [*rest.get("required", ()), *branch["required"]]}
        else:
            yield {**rest, "allOf": [*rest.get("allOf", ()), branch]}


class _Check(Notes):
    """One mapping in one case of its contract, and one way in which `when` holds."""

    def __init__(self, contract: Schema, payload: Schema, way: Expression | None) -> None:
        super().__init__()
        self._contract = contract
        self._way = way
        self._payload = payload

    def run(self, spec: MappingFile, plan: Plan) -> None:
        inference = Inference(self._contract)
        if plan.when is not None:
            inference.strict(plan.when.tree, k.BOOLEAN, "`when` takes")
            self._take(inference, ("when",))
        with inference.assuming(self._way):
            group = collected(inference, spec.fields, plan.fields, ("fields",), self._take)
        self._object(group, self._payload, ("fields",), frozenset())

    def _take(self, inference: Inference, path: FilePath) -> None:
        """Move what the inference found in one expression to the faults of its place in the file."""
        for flaw in inference.flaws:
            self.faults.append(
                MappingFault(
                    path=path,
                    column=flaw.column,
                    code=flaw.code,
                    message=flaw.message,
                    hint=flaw.hint,
                    severity=flaw.severity,
                )
            )
        inference.flaws.clear()

    # -- objects

    def _object(
        self, group: Group, target: Schema, path: FilePath, allowed: frozenset[str], *, is_root: bool = True
    ) -> None:
        """The fields of one object of the payload against the vendor's schema of it."""
        sources = list(leaves(group))
        if not schema_kinds(target) & k.OBJECT:
            wanted = describe(schema_kinds(target) & k.SOMETHING)
            for source in sources[:1]:
                self.fault(source, "wrong_type", f"the vendor takes {wanted} here, not an object with fields")
            return
        target = decided(target, group)
        allowed |= own_personal_data(target)
        for name, child in group.children.items():
            self._child(group, name, child, target, allowed)
        for spread in group.spreads:
            self._personal_data(spread, allowed)
            self._spread(spread, target)
        self._required(group, target, path, is_root=is_root)
        check_together(group, target, path, self, is_root=is_root)

    def _child(self, group: Group, name: str, child: Group | Source, target: Schema, allowed: frozenset[str]) -> None:
        field = field_of(target, name)
        first = next(iter(leaves(child))) if isinstance(child, Group) else child
        if field.is_forbidden:
            hint = nearest_name_hint(name, [known for known in field_names(target) if known not in group.children])
            self.fault(first.as_entry(), "unknown_target", f"the vendor has no {name!r} here", hint)
        elif isinstance(child, Group):
            self._object(child, field.schema, first.entry, allowed, is_root=False)
        else:
            self._value(child, field.schema, allowed | own_personal_data(field.schema))

    def _spread(self, spread: Source, target: Schema) -> None:
        """Keys that come with an object: nobody says which, unless the contract closes it."""
        for part in parts_of(target):
            rules = chosen(part, _ABOUT_KEYS)
            found = misfit(spread.type.schema, rules) if spread.type.is_known and rules else None
            if found is not None:
                self.note(misfit_fault(spread, found, rules), is_fault=found.verdict == "contradicted")
            elif rules and not spread.type.is_known:
                self.doubt(spread, f"the contract does not say what is in {shorten(spread.tree)}")

    def _required(self, group: Group, target: Schema, path: FilePath, *, is_root: bool) -> None:
        for name in required_names(target):
            child = group.children.get(name)
            if child is None:
                self._without_source(group, target, name, path)
                continue
            others = [source for key, other in group.children.items() if key != name for source in leaves(other)]
            given = [source.type.needs for source in [*others, *group.spreads]]
            if is_root:
                given.append(frozenset())
            own = list(leaves(child))
            if any(not any(source.type.needs <= needs for source in own) for needs in given):
                self._may_be_missing(own[0], name)

    def _without_source(self, group: Group, target: Schema, name: str, path: FilePath) -> None:
        for spread in group.spreads:
            if field_of(spread.type.schema, name).is_required and not spread.type.may_be_missing:
                return
        if group.spreads:
            self.doubt(group.spreads[0], f"nothing proves that {name!r}, which the vendor needs, is in the spread")
            return
        first = next(iter(leaves(group)), None)
        entry = path if first is None or path == ("fields",) else first.entry
        message = f"the vendor needs {name!r} here, and no field gives it"
        meant = described(field_of(target, name).schema)
        hint = f"add a field for {name!r}" + (f": {meant}" if meant else "")
        self.faults.append(MappingFault(path=entry, code="no_source", message=message, hint=hint))

    def _may_be_missing(self, source: Source, name: str) -> None:
        self.is_presence_open = True
        message = f"{shorten(source.tree)} may be missing, but the vendor needs {name!r}"
        self.fault(source, "may_be_missing", message, _FALLBACK_HINT)

    # -- values

    def _value(self, source: Source, target: Schema, allowed: frozenset[str]) -> None:
        if source.inner is not None:
            self._items(source, source.inner, target, allowed)
            return
        self._personal_data(source, allowed)
        found = source.type
        kinds = schema_kinds(found.schema)
        takes = schema_kinds(target)
        suspicion = suspicious_constant(source.path, source.tree, takes) if source.is_constant else None
        if suspicion is not None:
            self.faults.append(suspicion)
        if found.is_known and kinds & k.NULL and not takes & k.NULL:
            self.is_presence_open = True
            message = f"{shorten(source.tree)} may be null, which the vendor does not take"
            self.fault(source, "may_be_null", message, "add `?? missing()` to leave it out then")
        schema = without_null(found.schema)
        if found.is_known:
            misfitting = misfit(schema, target)
            if misfitting is not None:
                told = misfit_fault(source, misfitting, target)
                self.note(told, is_fault=misfitting.verdict == "contradicted")
        elif not kinds & k.SOMETHING & takes and kinds:
            message = f"the vendor takes {describe(takes)}, but {shorten(source.tree)} is {describe(kinds)}"
            self.fault(source, "wrong_type", message)
        elif misfit(True, target) is not None:
            self.doubt(source, f"the contract does not say what {shorten(source.tree)} is")

    def _items(self, source: Source, inner: Group, target: Schema, allowed: frozenset[str]) -> None:
        if not schema_kinds(target) & k.LIST:
            wanted = describe(schema_kinds(target) & k.SOMETHING)
            self.fault(source, "wrong_type", f"the vendor takes {wanted} here, but `each` makes a list")
            return
        self._object(inner, items_of(target), (*source.entry, "fields"), allowed)
        low, high = limit_of(source.type.schema, "minItems", max), limit_of(source.type.schema, "maxItems", min)
        made: dict[str, Any] = {"type": "array", **({} if low is None else {"minItems": low})}
        made |= {} if high is None else {"maxItems": high}
        for part in parts_of(target):
            limits = chosen(part, _ABOUT_LISTS)
            found = misfit(made, limits) if limits else None
            if found is not None:
                self.note(misfit_fault(source, found, limits), is_fault=found.verdict == "contradicted")

    def _personal_data(self, source: Source, allowed: frozenset[str]) -> None:
        kinds = all_personal_data([source.type]) - allowed - source.pii
        if kinds:
            names = ", ".join(sorted(kinds))
            message = f"{shorten(source.tree)} has personal data ({names}), and the field does not declare it"
            self.fault(source, "personal_data", message, f"add `pii: [{names}]`, or hash it")
