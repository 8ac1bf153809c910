"""Check a mapping file by itself, and lay out what the generator needs. Collects all faults, not the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from paceline.errors import MappingSyntaxError
from paceline.mapping import kinds as k
from paceline.mapping.analysis import Analysis
from paceline.mapping.faults import FaultCode, FilePath, MappingFault, syntax_fault
from paceline.mapping.generate.program import Plan, PlannedField
from paceline.mapping.kinds import Kinds
from paceline.mapping.parser import parse_tree
from paceline.mapping.targets import BadTarget, Target, parse_target, show_target
from paceline.model.mapping import FieldRule, MappingFile

MAX_EACH: Final = 4
Rules: TypeAlias = Mapping[str, FieldRule | str]


def plan_mapping(spec: MappingFile) -> Plan | list[MappingFault]:
    """The layout of a mapping that is right, or everything that is wrong with it, in the order of the file."""
    planner = _Planner()
    when = planner.expression(("when",), spec.when, k.BOOLEAN, "`when` takes") if spec.when is not None else None
    fields = planner.fields(("fields",), spec.fields, each_depth=0)
    if planner.faults:
        return planner.faults
    event = spec.from_.event_name
    title = f"{spec.mapping}, version {spec.version}: {event} -> {spec.to.connector} {spec.to.action}"
    return Plan(title=title, when=when, fields=fields)


def mapping_faults(spec: MappingFile) -> list[MappingFault]:
    """Everything that is wrong with a mapping by itself; empty when it compiles. Cheaper than compiling it."""
    plan = plan_mapping(spec)
    return plan if isinstance(plan, list) else []


class _Planner:
    def __init__(self) -> None:
        self.faults: list[MappingFault] = []

    def expression(
        self, path: FilePath, text: str, wanted: Kinds, by: str, *, in_each: bool = False
    ) -> Analysis | None:
        try:
            tree = parse_tree(text)
        except MappingSyntaxError as error:
            self.faults.append(syntax_fault(path, error))
            return None
        analysis = Analysis(tree, in_each=in_each)
        if wanted != k.ANYTHING:
            analysis.expect(tree, wanted, by)
        elif analysis.kinds(tree) == k.MISSING and not analysis.refuses:
            self._fault(path, "always_missing", "this field is never there", "remove it")
        for flaw in sorted(analysis.flaws, key=lambda flaw: flaw.column):
            self.faults.append(
                MappingFault(path=path, column=flaw.column, code=flaw.code, message=flaw.message, hint=flaw.hint)
            )
        return analysis

    def fields(self, path: FilePath, rules: Rules, *, each_depth: int) -> tuple[PlannedField, ...]:
        if not rules:
            self._fault(path, "no_fields", "a mapping without fields gives an empty payload", "add a field")
        targets = _Targets()
        planned: list[PlannedField] = []
        for text, rule in rules.items():
            target = parse_target(text)
            if isinstance(target, BadTarget):
                self._fault((*path, text), "bad_target", target.message, target.hint)
                target = Target((text,))
            elif other := targets.clash(target, text):
                self._fault(
                    (*path, text),
                    "target_clash",
                    f"{text!r} and {other!r} want the same place",
                    "a place holds either a value or fields of its own",
                )
            field = self._field((*path, text), target, rule, each_depth=each_depth)
            if field is not None:
                planned.append(field)
        return tuple(planned)

    def _field(self, path: FilePath, target: Target, rule: FieldRule | str, *, each_depth: int) -> PlannedField | None:
        if isinstance(rule, str):
            return self._value(path, target, rule, each_depth=each_depth)
        if rule.value is not None and rule.each is not None:
            self._fault(path, "rule_shape", "a field has either `value` or `each`, not both", "remove one of them")
        elif rule.value is None and rule.each is None:
            self._fault(path, "rule_shape", "a field needs `value` or `each`", "add `value: <expression>`")
        elif rule.each is not None and rule.fields is None:
            self._fault(path, "rule_shape", "`each` needs `fields`", "add `fields:` with what each item becomes")
        elif rule.value is not None and rule.fields is not None:
            self._fault(path, "rule_shape", "`fields` goes with `each`, not with `value`", "write `each` for `value`")
        planned = None
        if rule.value is not None:
            planned = self._value((*path, "value"), target, rule.value, each_depth=each_depth)
        if rule.each is not None:
            planned = self._each(path, target, rule.each, rule.fields, each_depth=each_depth)
        return planned

    def _value(self, path: FilePath, target: Target, text: str, *, each_depth: int) -> PlannedField | None:
        wanted, by = (k.OBJECT, "* takes") if target.is_spread else (k.ANYTHING, "")
        value = self.expression(path, text, wanted, by, in_each=each_depth > 0)
        return None if value is None else PlannedField(target=target, value=value)

    def _each(
        self,
        path: FilePath,
        target: Target,
        text: str,
        rules: Rules | None,
        *,
        each_depth: int,
    ) -> PlannedField | None:
        if target.is_spread:
            self._fault(
                path, "bad_target", "`each` makes a list, which cannot be spread", f"name the field: {_named(target)}"
            )
        if each_depth == MAX_EACH:
            self._fault(path, "loops", f"`each` stands in more than {MAX_EACH - 1} others", "map the inner list flat")
            return None
        value = self.expression((*path, "each"), text, k.LIST, "each takes", in_each=each_depth > 0)
        fields = self.fields((*path, "fields"), rules, each_depth=each_depth + 1) if rules is not None else ()
        return None if value is None else PlannedField(target=target, value=value, fields=fields)

    def _fault(self, path: FilePath, code: FaultCode, message: str, hint: str = "") -> None:
        self.faults.append(MappingFault(path=path, code=code, message=message, hint=hint))


def _named(target: Target) -> str:
    return show_target(Target((*target.keys, "items")))


class _Targets:
    """The targets so far, to see whether two want the same place."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, ...], str] = {}
        self._objects: dict[tuple[str, ...], str] = {}
        self._spreads: dict[tuple[str, ...], str] = {}

    def clash(self, target: Target, text: str) -> str:
        """Note a target; the text of one that it clashes with, or nothing."""
        around = [target.keys[:length] for length in range(len(target.keys) + target.is_spread)]
        other = next((self._values[keys] for keys in around if keys in self._values), "")
        if target.is_spread:
            other = other or self._spreads.get(target.keys, "")
            self._spreads.setdefault(target.keys, text)
        else:
            other = other or self._values.get(target.keys, "") or self._objects.get(target.keys, "")
            self._values.setdefault(target.keys, text)
        for keys in around[1:]:
            self._objects.setdefault(keys, text)
        return other
