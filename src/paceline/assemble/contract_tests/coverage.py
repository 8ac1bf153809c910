"""Which rules of a mapping no test would miss: each is altered, and then some case has to fail."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paceline.assemble.contract_tests.bench import Bench
from paceline.assemble.contract_tests.suite import MappingUnderTest, Suite
from paceline.assemble.lanes import compiled_mapping
from paceline.delivery.compare import compare
from paceline.mapping.compile import Apply, CompiledMapping, Payload, compile_mapping
from paceline.mapping.faults import FilePath
from paceline.mapping.mutation import MappingRule, mapping_rules
from paceline.mapping.targets import Target, parse_target
from paceline.model.mapping import MappingFile
from paceline.workspace.document import Place


class Survivor(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that no test would miss, and where it stands."""

    file: str
    line: int
    column: int
    rule: str
    change: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} no test would miss {self.rule} ({self.change})"


class MappingCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a mapping's rules its tests notice, and the others."""

    mapping: str
    file: str
    rules: int
    survivors: tuple[Survivor, ...]

    @property
    def covered(self) -> int:
        """How many rules a test would miss."""
        return self.rules - len(self.survivors)


def measure_coverage(suite: Suite) -> list[MappingCoverage]:
    """The coverage of every mapping of a suite whose cases all pass.

    Rules of which no variant compiles do not count: nobody can alter them unnoticed.
    """
    return [mapping_coverage(suite, tested) for tested in suite.mappings.values()]


def mapping_coverage(
    suite: Suite, tested: MappingUnderTest, *, before: MappingCoverage | None = None
) -> MappingCoverage:
    """The coverage of one mapping.

    With `before`, that of other cases, it is the coverage of those and the ones given here together: only what survived
    them is tried, as a rule that one case notices is noticed whatever cases there are besides.
    """
    trial = _Trial(Bench(suite, tested))
    left = {_identity(one) for one in before.survivors} if before is not None else None
    rules = 0
    survivors: list[Survivor] = []
    for rule in mapping_rules(tested.spec):
        line, column = _place(tested, rule)
        survivor = Survivor(file=tested.file.file, line=line, column=column, rule=rule.what, change=rule.change)
        if left is not None and _identity(survivor) not in left:
            continue
        parts = [(variant, part) for variant in rule.variants if (part := _compiled_part(variant, rule.path))]
        if not parts:
            continue
        rules += 1
        if not any(trial.notices(rule.path, variant, part) for variant, part in parts):
            survivors.append(survivor)
    return MappingCoverage(
        mapping=tested.spec.mapping,
        file=tested.file.file,
        rules=before.rules if before is not None else rules,
        survivors=tuple(survivors),
    )


def _identity(survivor: Survivor) -> tuple[int, int, str, str]:
    return survivor.line, survivor.column, survivor.rule, survivor.change


def share(coverages: Sequence[MappingCoverage]) -> float:
    """The covered share of all rules, from 0 to 1; 1 where there are none."""
    rules = sum(one.rules for one in coverages)
    return sum(one.covered for one in coverages) / rules if rules else 1.0


class _Trial:
    """Tries variants of one mapping on its cases.

    A variant differs in one entry of the file, so that entry alone is compiled and compared first, which is many times
    cheaper. Where it makes the same of all events of a case, the case cannot notice. Where it does not and the case
    expects a whole payload, it must: entries fill different places. Only what is left needs the whole mapping.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._results: dict[FilePath, list[list[object]]] = {}
        # What is spread may lie under a field of its own, and then a difference need not show.
        self._is_apart = not any(_is_spread(target) for target in bench.tested.spec.fields)

    def notices(self, path: FilePath, variant: MappingFile, part: Apply) -> bool:
        """Whether a case fails with a variant in place of the mapping; `part` is the entry at `path` in it."""
        entry = path[:2]
        if entry not in self._results:
            original = _compiled_part(self._bench.tested.spec, entry)
            assert original is not None
            self._results[entry] = self._made_by(original)
        changed = [
            index
            for index, (before, after) in enumerate(zip(self._results[entry], self._made_by(part), strict=True))
            if any(map(_differs, before, after))
        ]
        cases = self._bench.tested.cases
        if self._is_apart and any(cases[index].payload is not msgspec.UNSET for index in changed):
            return True
        return bool(changed) and self._bench.notices(compiled_mapping(variant), changed)

    def _made_by(self, part: Apply) -> list[list[object]]:
        """By case, what a part makes of each of its events."""
        return [
            [part(event.payload, now_ms=now_ms) for event in events] for events, now_ms in self._bench.events_by_case()
        ]


def _compiled_part(spec: MappingFile, path: FilePath) -> Apply | None:
    """One entry of a mapping as a mapping of its own: the condition, or a field; None when it does not compile."""
    match path[0], path[1:2]:
        case "when", _:
            part = msgspec.structs.replace(spec, fields={"passed": "null"})
        case _, (target,) if target in spec.fields:
            part = msgspec.structs.replace(spec, when=None, fields={target: spec.fields[target]})
        case _:
            return _apply_nothing
    compiled = compile_mapping(part)
    return compiled.apply if isinstance(compiled, CompiledMapping) else None


def _apply_nothing(event: dict[str, object], *, now_ms: int) -> Payload:
    """What a field makes that is gone."""
    return {}


def _is_spread(target: str) -> bool:
    parsed = parse_target(target)
    return isinstance(parsed, Target) and parsed.is_spread


def _differs(before: object, after: object) -> bool:
    return type(before) is not type(after) or next(compare(before, after), None) is not None


def _place(tested: MappingUnderTest, rule: MappingRule) -> Place:
    if rule.column == 0:
        return tested.file.place(rule.path, of_key=True)
    return tested.file.place_inside(rule.path, rule.column - 1)
