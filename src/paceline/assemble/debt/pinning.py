"""Which transforms of a mapping its contract tests would miss: each is altered, and the cases are run again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from paceline.assemble.contract_tests.bench import Bench
from paceline.assemble.contract_tests.coverage import mapping_coverage
from paceline.assemble.contract_tests.suite import MappingUnderTest, Suite
from paceline.decision.debt.facts import TransformKind
from paceline.errors import PacelineError
from paceline.mapping.mutation import mapping_rules
from paceline.model.case import Case

_FUNCTIONS: Mapping[str, TransformKind] = {
    **dict.fromkeys(("string", "number", "integer", "boolean", "json", "from_json", "to_list"), TransformKind.CAST),
    **dict.fromkeys(("minor_units", "from_minor_units"), TransformKind.UNIT),
    **dict.fromkeys(
        ("unix_secs", "unix_ms", "from_unix_secs", "from_unix_ms", "iso8601", "date", "format_time", "add_secs"),
        TransformKind.TIME,
    ),
    **dict.fromkeys(("concat", "join"), TransformKind.JOINED),
    "switch": TransformKind.COLLAPSE,
}
_RULES: Mapping[str, TransformKind] = {
    "fallback": TransformKind.DEFAULT,
    "arithmetic": TransformKind.UNIT,
    "choice": TransformKind.COLLAPSE,
    "constant": TransformKind.CONSTANT,
}
_WHAT = re.compile(r"the (?P<sort>function|fallback|arithmetic|choice|constant) (?P<name>\S+)")
_MOST_REMEMBERED = 20_000


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What the contract tests of one mapping show.

    `passing` counts the cases that pass, `negative` those of them that expect an event to be stopped. `unpinned` are
    the transforms that can be altered without any passing case noticing, by field (`total`, `items[].price`); a
    constant counts here wherever it stands.
    """

    passing: int = 0
    negative: int = 0
    unpinned: Mapping[str, frozenset[TransformKind]] = {}


class Trials:
    """Tries mappings on their cases. Remembers what it tried by content, so that a history repeats no work."""

    def __init__(self) -> None:
        self._remembered: dict[bytes, Tested] = {}

    def tested(self, suite: Suite, name: str) -> Tested:
        """What the tests of a mapping show. One that does not compile passes nothing."""
        mapping = suite.mappings[name]
        samples = {one: suite.samples.get(one) for case in mapping.cases for one in _sample_names(case)}
        key = msgspec.msgpack.encode((mapping.spec, mapping.cases, sorted(samples.items())))
        known = self._remembered.get(key)
        if known is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            known = self._remembered[key] = _try(suite, mapping)
        return known


def _try(suite: Suite, mapping: MappingUnderTest) -> Tested:
    passing = _passing(suite, mapping)
    if passing:
        survivors = mapping_coverage(suite, msgspec.structs.replace(mapping, cases=passing)).survivors
        unnoticed = [one.rule for one in survivors]
    else:
        unnoticed = [one.what for one in mapping_rules(mapping.spec)]
    unpinned: dict[str, set[TransformKind]] = {}
    for rule in unnoticed:
        found = _transform(rule)
        if found is not None:
            unpinned.setdefault(found[0], set()).add(found[1])
    return Tested(
        passing=len(passing),
        negative=sum(case.filtered or case.refused is not None for case in passing),
        unpinned={field: frozenset(kinds) for field, kinds in unpinned.items()},
    )


def _passing(suite: Suite, mapping: MappingUnderTest) -> Sequence[Case]:
    """The cases that pass; none of a mapping that does not compile or has no connector."""
    if not mapping.cases:
        return ()
    try:
        results = Bench(suite, mapping).run()
    except PacelineError:
        return ()
    return [case for case, one in zip(mapping.cases, results, strict=True) if one.has_passed]


def _transform(rule: str) -> tuple[str, TransformKind] | None:
    """The field and the transform that a rule of a mapping is, by the name that `mapping_rules` gives it.

    None for other rules, those of the condition `when` among them.

    >>> _transform("the function number of params.items[].price")
    ('params.items[].price', <TransformKind.CAST: 'cast'>)
    """
    what, of, field = rule.rpartition(" of ")
    match = _WHAT.match(what)
    if not of or field == "`when`" or match is None or match["name"] == "missing()":
        return None
    kind = _FUNCTIONS.get(match["name"]) if match["sort"] == "function" else _RULES[match["sort"]]
    return None if kind is None else (field, kind)


def _sample_names(case: Case) -> list[str]:
    given = case.events if case.events is not None else [case.event]
    return [one for one in given if isinstance(one, str)]
