"""Drafts a mapping from a contract and a vendor's action: what is obvious is filled in, what is not stays open.

Every proposal is held against the contract and the vendor's schema before it counts, by the same check as the finished
file. So a draft is right as far as it goes, and what it leaves open `paceline check` refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from paceline.errors import MappingSyntaxError
from paceline.mapping import kinds as k
from paceline.mapping.check import check_versions
from paceline.mapping.faults import MappingFault
from paceline.mapping.generate.program import Plan
from paceline.mapping.plan import plan_mapping
from paceline.mapping.schemas import (
    Schema,
    described,
    field_names,
    field_of,
    inlined,
    items_of,
    limit_of,
    parts_of,
    personal_data,
    required_names,
    schema_kinds,
)
from paceline.model.event import EventType
from paceline.model.finding import Severity
from paceline.model.mapping import FieldRule, MappingFile
from paceline.workspace.scaffold_sources import Source, declared_sources, item_sources, likely_sources, words

MAX_DEPTH = 4
MAX_COPIED = 40
_BAGS = frozenset({"properties", "attributes", "params", "data", "traits", "fields", "metadata"})
"""Last words of the names of open objects that take an event's own properties."""


_PII = re.compile(r"pii: \[([a-z_, *]+)\]")
_PEOPLE = frozenset({"user", "person", "profile", "customer", "contact", "device"})


Likely: TypeAlias = Callable[[Sequence[str], Sequence[Source]], list[Source]]
"""The sources that could be a target's, the likeliest first; the target by the keys that lead to it."""


class OpenField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that a person has to decide: why, and what could stand there (empty without an idea).

    `is_required` when the mapping cannot do without the decision; otherwise the field is left out.
    `pii` are the kinds of personal data that would flow with the idea.
    """

    target: str
    is_required: bool
    reason: str
    idea: str = ""
    pii: frozenset[str] = frozenset()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a mapping that are sure, and those that are open."""

    fields: Mapping[str, FieldRule | str]
    open_fields: Sequence[OpenField]


def draft_mapping(spec: MappingFile, contract: Schema, action: Schema, *, likely: Likely = likely_sources) -> Draft:
    """The draft for a mapping that so far only has its head (`from`, `to`); its fields are ignored.

    Fields that the vendor needs come first. Personal data only flows where the vendor's field is made for it. `likely`
    gives the sources that are tried for a field, the likeliest first.
    """
    return _Drafting(spec, inlined(contract), inlined(action), likely).draft()


def kept_fields(spec: MappingFile, contract: Schema, action: Schema) -> Draft:
    """A ready-made mapping cut down to what fits this contract: fields with a fault are left out, and named."""
    return _Drafting(spec, inlined(contract), inlined(action)).without_faults(dict(spec.fields), [])


class _Proposal(msgspec.Struct, frozen=True):
    """A rule for one target, or why there is none."""

    rule: FieldRule | str | None = None
    reason: str = ""
    idea: str = ""
    pii: frozenset[str] = frozenset()


class _Drafting:
    def __init__(self, spec: MappingFile, contract: Schema, action: Schema, likely: Likely = likely_sources) -> None:
        self._spec = spec
        self._likely = likely
        self._contract = contract
        self._action = action
        self._sources = list(declared_sources(contract))
        self._used: set[str] = set()

    def draft(self) -> Draft:
        fields: dict[str, FieldRule | str] = {}
        open_fields: list[OpenField] = []
        for keys, schema, is_required in self._targets((), self._action, is_required=True, depth=0):
            target = ".".join(_escaped(key) for key in keys)
            proposal = self._propose(keys, target, schema, is_required=is_required)
            if proposal.rule is not None:
                fields[target] = proposal.rule
            elif is_required or proposal.idea:
                open_fields.append(
                    OpenField(
                        target=target,
                        is_required=is_required,
                        reason=proposal.reason,
                        idea=proposal.idea,
                        pii=proposal.pii,
                    )
                )
        self._add_copies(fields, open_fields)
        return self.without_faults(fields, open_fields)

    def without_faults(self, fields: Mapping[str, FieldRule | str], open_fields: list[OpenField]) -> Draft:
        """The fields without those that do not fit when all are looked at together.

        A field that is not missed by others goes. Where another fault would follow, it stays, to be decided.
        """
        left = list(open_fields)
        faults = self._errors(fields)
        undecided: set[str] = set()
        while fault := next((one for one in faults if ".".join(one.path) not in undecided), None):
            smaller, target, idea = _without(fields, fault.path[1:]) if fault.path[1:] else (fields, "", "")
            after = self._errors(smaller) if smaller else faults
            # What personal data a ready-made mapping sends on purpose is for a person to allow.
            can_go = len(after) < len(faults) and fault.code != "personal_data"
            if can_go:
                fields, faults = smaller, after
            else:
                undecided.add(".".join(fault.path))
            if target:
                reason = fault.message + (f" ({fault.hint})" if fault.hint else "")
                found = _PII.search(fault.hint) if fault.code == "personal_data" else None
                pii = frozenset(found[1].split(", ")) if found else frozenset[str]()
                idea = idea if can_go else ""
                left.append(OpenField(target=target, is_required=not can_go, reason=reason, idea=idea, pii=pii))
        objects = {target[: position.start()] for target in fields for position in re.finditer(r"\.", target)}
        shown = [one for one in left if one.is_required or one.target not in objects]
        return Draft(fields=fields, open_fields=shown)

    def _errors(self, fields: Mapping[str, FieldRule | str]) -> list[MappingFault]:
        return [fault for fault in self._faults(fields) if fault.code != "unproven"]

    # -- which fields the vendor has

    def _targets(
        self, keys: tuple[str, ...], schema: Schema, *, is_required: bool, depth: int
    ) -> Iterator[tuple[tuple[str, ...], Schema, bool]]:
        """The vendor's declared fields, those that it needs first."""
        names = field_names(schema)
        chosen = self._chosen(keys, schema)
        needed = {*required_names(schema), *chosen}
        if chosen and limit_of(schema, "maxProperties", min) == 1:
            names = chosen
        for name in sorted(names, key=lambda name: (name not in needed, names.index(name))):
            inner = field_of(schema, name).schema
            is_needed = is_required and name in needed
            if schema_kinds(inner) == k.OBJECT and field_names(inner) and depth < MAX_DEPTH:
                yield from self._targets((*keys, name), inner, is_required=is_needed, depth=depth + 1)
            else:
                yield (*keys, name), inner, is_needed

    def _chosen(self, keys: Sequence[str], schema: Schema) -> list[str]:
        """Of fields between which the vendor lets one choose, those to fill: the first that have a source."""
        choices = list(_choices(schema))
        if not choices and (limit_of(schema, "minProperties", max) or 0) > 0 and not required_names(schema):
            choices = [[name] for name in field_names(schema)]
        for names in choices:
            if all(self._likely((*keys, name), self._sources) for name in names):
                return names
        return choices[0] if choices else []

    # -- what could stand there

    def _propose(self, keys: Sequence[str], target: str, schema: Schema, *, is_required: bool) -> _Proposal:
        if schema_kinds(schema) == k.LIST:
            listed = self._propose_list(keys, target, schema)
            if listed is not None:
                return listed
        doubtful = ""
        best: tuple[tuple[bool, int], _Proposal] | None = None
        sources = self._likely(keys, self._sources)
        expressions: list[tuple[Source | None, str]] = [
            (source, one) for source in sources for one in _expressions(source, schema, is_required=is_required)
        ]
        expressions += [(None, one) for one in self._constants(keys, schema)]
        for source, expression in expressions:
            faults = self._faults_of(target, expression)
            if not faults:
                self._used |= {source.path} if source else set()
                return _Proposal(expression)
            if all(fault.code == "unproven" for fault in faults):
                doubtful = doubtful or expression
            # An idea that only lacks a person's word on personal data is the best one to show.
            rank = any(fault.code != "personal_data" for fault in faults), len(faults)
            if source is not None and (best is None or rank < best[0]):
                pii = personal_data(source.schema) if faults[0].code == "personal_data" else frozenset()
                best = rank, _Proposal(None, faults[0].message, expression, pii)
        if doubtful:
            return _Proposal(doubtful)
        if best is not None:
            return best[1]
        about = described(schema) or (str(schema.get("description", "")) if isinstance(schema, dict) else "")
        reason = f"nothing in the contract is an obvious source{f'; it is: {about}' if about else ''}"
        return _Proposal(None, reason if is_required else "")

    def _constants(self, keys: Sequence[str], schema: Schema) -> Iterator[str]:
        """What an event's name, or the only value that the vendor takes, gives."""
        if isinstance(schema, dict) and isinstance(schema.get("const"), str):
            yield f"= {schema['const']}"
        own = " ".join(words(keys[-1]))
        if own in {"name", "event", "event name", "event type"} and schema_kinds(schema) & k.TEXT:
            name = self._spec.from_.event or str(self._spec.from_.type)
            yield f"= {re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')}"

    def _propose_list(self, keys: Sequence[str], target: str, schema: Schema) -> _Proposal | None:
        """`each` over a list of the event whose items have what the vendor's items have."""
        for source in self._likely(keys, self._sources):
            inner = item_sources(source)
            items = items_of(schema)
            if not inner:
                continue
            fields: dict[str, FieldRule | str] = {}
            declared = field_names(items) or [name for names in _choices(items) for name in names]
            used: set[str] = set()
            for name in [*declared, *(one.name for one in inner)]:
                takes = field_of(items, name).schema
                likely = self._likely((name,), inner) if name in declared else [_named(name, inner)]
                free = [one for one in likely if one.path not in used]
                found = next(self._item_expressions(target, source.path, name, free, takes), None)
                if found is not None and name not in fields:
                    used.add(found[0])
                    fields[_escaped(name)] = found[1]
            rule = FieldRule(each=source.path, fields=fields)
            if fields and not self._faults_of(target, rule):
                self._used.add(source.path)
                return _Proposal(rule)
        return None

    def _item_expressions(
        self, target: str, each: str, name: str, sources: Sequence[Source], takes: Schema
    ) -> Iterator[tuple[str, str]]:
        """Path and expression of what fits one field of an item."""
        for source in sources:
            for expression in _expressions(source, takes, is_required=False):
                rule = FieldRule(each=each, fields={_escaped(name): expression})
                if not any(_escaped(name) in fault.path for fault in self._faults_of(target, rule)):
                    yield source.path, expression

    def _add_copies(self, fields: dict[str, FieldRule | str], open_fields: list[OpenField]) -> None:
        """Each property of the event under its own name, where the vendor has an open object for them."""
        names = field_names(self._action)
        is_about_person = self._spec.from_.type in {EventType.IDENTIFY, EventType.GROUP}
        bags = (name for name in names if _is_bag(name, self._action, is_about_person=is_about_person))
        bag = next(bags, "" if not names else None)
        if bag is None or bag in fields:
            return
        home = "$.traits." if is_about_person else "$.properties."
        copied = [one for one in self._sources if one.path.startswith(home) and "." not in one.path[len(home) :]]
        if not bag:
            copied = [*(one for one in self._sources if one.path in {"$.userId", "$.timestamp"}), *copied]
        for source in copied[:MAX_COPIED]:
            target = f"{_escaped(bag)}.{_escaped(source.name)}" if bag else _escaped(source.name)
            if source.path in self._used or target in fields:
                continue
            takes = field_of(field_of(self._action, bag).schema if bag else self._action, source.name).schema
            rules: list[FieldRule | str] = [*_expressions(source, takes, is_required=False)]
            if inner := item_sources(source):
                rules.insert(0, FieldRule(each=source.path, fields={_escaped(one.name): one.path for one in inner}))
            faults = {position: self._faults_of(target, rule) for position, rule in enumerate(rules)}
            fitting = next((position for position, found in faults.items() if not found), None)
            doubtful = next((one for one, found in faults.items() if all(f.code == "unproven" for f in found)), None)
            if fitting is not None or doubtful is not None:
                fields[target] = rules[fitting if fitting is not None else doubtful or 0]
            else:
                reason, pii = faults[0][0].message, personal_data(source.schema)
                open_fields.append(
                    OpenField(target=target, is_required=False, reason=reason, idea=source.path, pii=pii)
                )

    # -- whether it fits

    def _faults_of(self, target: str, rule: FieldRule | str) -> list[MappingFault]:
        """What speaks against one field, doubts included; what the other fields lack is not its fault."""
        faults = self._faults({target: rule})
        return [fault for fault in faults if fault.code != "no_source" and fault.path[:2] == ("fields", target)]

    def _faults(self, fields: Mapping[str, FieldRule | str]) -> list[MappingFault]:
        spec = msgspec.structs.replace(self._spec, fields=dict(fields))
        try:
            plan = plan_mapping(spec)
        except MappingSyntaxError:
            return []
        if not isinstance(plan, Plan):
            return plan
        report = check_versions(spec, plan, {"": self._contract}, self._action)
        return [*(fault for fault in report.faults if fault.severity is Severity.ERROR), *report.unproven]


def _without(fields: Mapping[str, FieldRule | str], path: Sequence[str]) -> tuple[dict[str, FieldRule | str], str, str]:
    """Fields without the innermost one that a path leads to; that one's name, and its expression.

    A field of which nothing would be left goes with it.
    """
    target, rule = path[0], fields[path[0]]
    others = {name: one for name, one in fields.items() if name != target}
    if isinstance(rule, FieldRule) and rule.fields and path[1:2] == ("fields",) and len(path) > 2:
        inner, name, idea = _without(rule.fields, path[2:])
        changed = {
            name: one if name != target else msgspec.structs.replace(rule, fields=inner) for name, one in fields.items()
        }
        return (changed if inner else others), f"{target}[].{name}", idea
    return others, target, rule if isinstance(rule, str) else rule.value or rule.each or ""


def _is_bag(name: str, action: Schema, *, is_about_person: bool) -> bool:
    """Whether a field is an open object made for an event's properties, or a person's traits."""
    schema = field_of(action, name).schema
    is_closed = isinstance(schema, dict) and schema.get("additionalProperties") is False
    own = words(name) or [""]
    fits = own[-1] in _BAGS and (is_about_person or not _PEOPLE & set(own))
    return fits and bool(schema_kinds(schema) & k.OBJECT) and not is_closed


def _named(name: str, sources: Sequence[Source]) -> Source:
    return next(source for source in sources if source.name == name)


def _choices(schema: Schema) -> Iterator[list[str]]:
    """The sets of fields between which an `anyOf` or `oneOf` of nothing but `required` lets one choose."""
    for part in parts_of(schema):
        for keyword in ("oneOf", "anyOf"):
            branches = [branch for branch in part.get(keyword, ()) if isinstance(branch, dict)]
            yield from (list(branch["required"]) for branch in branches if set(branch) == {"required"})


def _expressions(source: Source, target: Schema, *, is_required: bool) -> Iterator[str]:
    """Ways to write a source for a target, the plainest first; most will not fit.

    A required value refuses the event when it is not there, another one is left out; null is not passed on.
    """
    takes, gives = schema_kinds(target), schema_kinds(source.schema)
    plain = source.path
    pipes = [""]
    if source.name == "timestamp" or words(source.name)[-1:] == ["at"]:
        if takes & k.NUMBER and not takes & k.TEXT:
            pipes = [" | unix_secs", " | unix_ms", " | unix_ms) * 1000"]
        elif takes & k.TEXT:
            pipes = ["", " | iso8601"]
    elif gives & k.TEXT and takes & k.NUMBER and not takes & k.TEXT:
        pipes = [" | number"]
    elif gives & k.NUMBER and takes & k.TEXT and not takes & k.NUMBER:
        pipes = [" | string"]
    longest = limit_of(target, "maxLength", min)
    if longest is not None and gives & k.TEXT:
        pipes += [f"{pipe} | truncate({longest})" for pipe in pipes]
    for pipe in pipes:
        opening = "(" if ")" in pipe and "(" not in pipe else ""
        yield f"{opening}{plain}{pipe}"
        yield f"{opening}{plain}!{pipe}" if is_required else f"{opening}{plain}{pipe} ?? missing()"


def _escaped(key: str) -> str:
    return re.sub(r"([\\.\[\]*])", r"\\\1", key)
