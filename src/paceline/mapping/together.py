"""What a vendor says about the keys of one object together: how many there are, and which go with which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from paceline.mapping.analysis import shorten
from paceline.mapping.conditionals import about
from paceline.mapping.faults import FaultCode, FilePath, MappingFault
from paceline.mapping.fitting import misfit, violation
from paceline.mapping.notes import Notes
from paceline.mapping.schemas import Schema, chosen, described, field_of, parts_of
from paceline.mapping.sources import Group, is_sure, leaves
from paceline.mapping.types import Presence

_JOINT: Final = (
    *("anyOf", "oneOf", "not", "if", "then", "else"),
    *("minProperties", "maxProperties", "dependentRequired", "propertyNames"),
)
_Choices = Sequence[Sequence[str]]


def check_together(group: Group, target: Schema, path: FilePath, notes: Notes, *, is_root: bool) -> None:
    """Hold the fields of one object against what the vendor says about their keys together."""
    rules: list[dict[str, Any]] = []
    told = len(notes.faults)
    for part in parts_of(target):
        rule = chosen(part, _JOINT)
        for keyword in ("anyOf", "oneOf"):
            choices = _choices_of_keys(rule.get(keyword))
            if choices:
                del rule[keyword]
                _one_of_them(group, choices, path, notes, is_root=is_root)
            if choices and keyword == "oneOf":
                _not_both(group, choices, notes)
        if not group.spreads:
            _named(group, rule.pop("propertyNames", True), notes)
            _counted(group, rule.pop("minProperties", 0), rule.pop("maxProperties", None), target, path, notes)
        if rule:
            rules.append(rule)
    if rules and len(notes.faults) == told:
        _fitting(group, {"allOf": rules, "description": described(target)}, path, notes, is_root=is_root)


def _named(group: Group, names: Schema, notes: Notes) -> None:
    """The vendor's rule for every key by itself."""
    for name, child in group.children.items():
        found = violation(names, name)
        if found:
            source = next(leaves(child)).as_entry()
            notes.fault(source, "unknown_target", f"the vendor takes no key {name!r} here: {found}")


def _counted(group: Group, least: int, most: int | None, target: Schema, path: FilePath, notes: Notes) -> None:
    """How many keys the vendor wants. An object is only made when it has one."""
    given = len(group.children)
    sure = max(sum(map(is_sure, group.children.values())), 1 if path != ("fields",) else 0)
    entry, listed, hint = _entry(group, path), ", ".join(group.children), described(target)
    if most is not None and given > most:
        message = f"the vendor takes at most {_fields(most)} here, and there may be {given}: {listed}"
        notes.is_presence_open = True
        fault = MappingFault(path=entry, code="does_not_fit", message=message, hint=hint)
        notes.note(fault, is_fault=sure > most)
    if sure < least:
        message = f"the vendor needs at least {_fields(least)} here, and there may be fewer: {listed or 'none'}"
        notes.is_presence_open = True
        fault = MappingFault(path=entry, code="does_not_fit", message=message, hint=hint)
        notes.note(fault, is_fault=given < least)


def _fields(count: int) -> str:
    return f"{count} field{'' if count == 1 else 's'}"


def _choices_of_keys(branches: object) -> _Choices:
    """The sets of keys to choose from, where alternatives are of nothing else."""
    if not isinstance(branches, list) or not all(isinstance(branch, dict) for branch in branches):
        return []
    is_plain = all(branch.keys() == {"required"} for branch in branches)
    return [branch["required"] for branch in branches] if is_plain else []


def _one_of_them(group: Group, choices: _Choices, path: FilePath, notes: Notes, *, is_root: bool) -> None:
    """One of several keys, or sets of keys, must be there, such as a user's id or an anonymous one."""
    situations = [source.type.needs for source in leaves(group)]
    if is_root:
        situations.append(frozenset())
    if all(any(_is_met(group, names, needs) for names in choices) for needs in situations):
        return
    notes.is_presence_open = True
    wanted = " or ".join(" and ".join(map(repr, names)) for names in choices)
    if group.spreads:
        notes.doubt(group.spreads[0], f"nothing proves that {wanted}, which the vendor needs, is in the spread")
    elif not any(all(name in group.children for name in names) for names in choices):
        message = f"the vendor needs {wanted} here, and no field gives it"
        entry = _entry(group, path)
        notes.note(
            MappingFault(path=entry, code="no_source", message=message, hint="add a field for one of them"),
            is_fault=True,
        )
    else:
        children = [group.children[name] for names in choices for name in names if name in group.children]
        sources = [source for child in children for source in leaves(child)]
        named = " and ".join(shorten(source.tree) for source in sources)
        both = {1: "", 2: " both"}.get(len(sources), " all")
        message = f"{named} may{both} be missing, but the vendor needs {wanted}"
        hint = "let `when` ask for it, or add `!` to refuse such events"
        notes.fault(sources[0], "may_be_missing", message, hint)


def _is_met(group: Group, names: Sequence[str], needs: frozenset[Presence]) -> bool:
    """Whether all these keys are there in every object for which what is needed is there."""
    return all(
        any(source.type.needs <= needs for source in leaves(group.children.get(name, Group())))
        or any(
            field_of(spread.type.schema, name).is_required and spread.type.needs <= needs for spread in group.spreads
        )
        for name in names
    )


def _not_both(group: Group, choices: _Choices, notes: Notes) -> None:
    """Of several keys, or sets of keys, the vendor takes no more than one."""
    given = [names for names in choices if all(name in group.children for name in names)]
    if len(given) < 2:
        return
    notes.is_presence_open = True
    second = next(leaves(group.children[given[1][0]]))
    listed = " and ".join(repr(name) for names in given for name in names)
    if sum(all(is_sure(group.children[name]) for name in names) for names in given) > 1:
        message = f"the vendor takes only one of {listed}, and these are always there"
        notes.fault(second.as_entry(), "does_not_fit", message, "remove the others")
    else:
        notes.doubt(second, f"the vendor takes only one of {listed}, and nothing proves that only one is there")


def _fitting(group: Group, rules: dict[str, Any], path: FilePath, notes: Notes, *, is_root: bool) -> None:
    """All else: an object of these keys, whatever their values, against the vendor's rules."""
    if group.spreads:
        notes.doubt(group.spreads[0], "the vendor limits which keys go together, and a spread may have any")
        return
    made = about(group.schema(), rules)
    if not is_root and len(made["properties"]) == len(group.children):
        # An object is only made when it has a field.
        made["minProperties"] = 1
    found = misfit(made, rules)
    if found is None:
        return
    notes.is_presence_open = True
    sure = set(made["required"])
    is_known = all(source.type.is_known for source in leaves(group))
    is_fault = is_known and isinstance(found.example, dict) and set(found.example) == sure
    given = ", ".join(found.example) if isinstance(found.example, dict) and found.example else "nothing"
    where = f"at {found.pointer} " if found.pointer else ""
    message = f"the fields do not fit together: {where}{found.message}, when what is there is {given}"
    code: FaultCode = "does_not_fit" if is_fault else "unproven"
    hint = described(rules)
    notes.note(MappingFault(path=_entry(group, path), code=code, message=message, hint=hint), is_fault=is_fault)


def _entry(group: Group, path: FilePath) -> FilePath:
    """Where to say something of the object as a whole: at its first field, or at the mapping's `fields`."""
    first = next(leaves(group), None)
    return path if first is None or path == ("fields",) else first.entry
