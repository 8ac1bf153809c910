"""A draft mapping by suggestion: the ranking over what the contract declares, with what the workspace knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from paceline.assemble.new_mapping import NewMapping, new_mapping
from paceline.errors import MissingExtraError, UnknownNameError, UsageError
from paceline.exchange.inference.personal import kind_by_form, kind_by_name
from paceline.mapping import kinds as k
from paceline.mapping.expression import Expression, Key, children, show
from paceline.mapping.expression import Path as ExpressionPath
from paceline.mapping.parser import parse_tree
from paceline.mapping.schemas import Schema, field_of, parts_of, schema_kinds
from paceline.mapping.suggestion.ranking import Choice, Known, Ranked, Target, rank
from paceline.mapping.suggestion.sources import Kind, steps_of
from paceline.model.contract import ContractFile
from paceline.model.mapping import FieldRule, MappingFile
from paceline.ports.suggester import OfferedSource, Suggester
from paceline.workspace.samples import sample_event
from paceline.workspace.scaffold_mapping import Likely
from paceline.workspace.scaffold_sources import Source
from paceline.workspace.workspace import Workspace, event_key

ENTRY_POINT_GROUP: Final = "paceline.suggesters"
GOOD_ENOUGH: Final = 0.8
"""The least score of a source that is written into a draft; about a name of which most words agree."""
MOST_TRIED: Final = 3
MOST_EXAMPLES: Final = 3
SUGGESTER_WEIGHT: Final = 0.5
_JSON_TYPES: Final = (
    (k.OBJECT, "object"), (k.LIST, "array"), (k.TEXT, "string"), (k.FRACTION, "number"), (k.INTEGER, "integer"),
    (k.BOOLEAN, "boolean"),
)  # fmt: skip
_KINDS: Final[Mapping[str, Kind]] = {
    "object": "object", "array": "list", "string": "text", "number": "number", "integer": "number",
    "boolean": "boolean",
}  # fmt: skip


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """What was ranked for one field of the vendor: the best few, whether or not one is good enough for the draft."""

    target: str
    ranked: tuple[Ranked, ...]


class SuggestedMapping(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a draft, which is marked as proposed, and the ranking behind each field."""

    draft: NewMapping
    suggestions: tuple[Suggestion, ...]


def suggest_mapping(path: Path, event: str, to: str, *, name: str = "", suggester: str = "") -> SuggestedMapping:
    """Work out a draft of a mapping from an event to `connector.action`. Nothing is written.

    `suggester` names an installed one that has a say. Raises UnknownNameError and UsageError for what does not exist.
    """
    rankings: list[_Ranking] = []
    helper = load_suggester(suggester) if suggester else None

    def ranks(workspace: Workspace, contract: ContractFile, connector: str, payload: Schema) -> Likely:
        rankings.append(_Ranking(workspace, contract, connector, payload, helper))
        return rankings[-1].likely

    draft = new_mapping(path, event, to, name=name, ranks=ranks)
    told = {target: one for ranking in rankings for target, one in ranking.told.items()}
    return SuggestedMapping(draft=draft, suggestions=tuple(told.values()))


def load_suggester(name: str) -> Suggester:
    """An installed suggester by the name of its entry point. Raises UnknownNameError, MissingExtraError, UsageError."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, and seldom needed

    found = {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in found:
        raise UnknownNameError("suggester", name, found, where=f"the entry points {ENTRY_POINT_GROUP}")
    try:
        made: Suggester = found[name].load()()
    except ImportError as error:
        raise MissingExtraError(f"the suggester {name!r} cannot be loaded: {error}", name) from None
    return made


class _Ranking:
    """Ranks the sources of one contract for the fields of one action, and remembers what it told."""

    def __init__(
        self,
        workspace: Workspace,
        contract: ContractFile,
        connector: str,
        payload: Schema,
        suggester: Suggester | None,
    ) -> None:
        self._contract = contract
        self._connector = connector
        self._payload = payload
        self._suggester = suggester
        self._choices = [choice for mapping in workspace.mappings.values() for choice in choices_of(mapping)]
        self._samples = [sample for sample in workspace.samples.values() if sample_event(sample) == event_key(contract)]
        self.told: dict[str, Suggestion] = {}

    def likely(self, keys: Sequence[str], sources: Sequence[Source]) -> list[Source]:
        """The sources that are good enough for a target, the best first."""
        schema = self._payload
        for key in keys:
            schema = field_of(schema, key).schema
        target = Target(
            field=".".join(keys), type=_json_type(schema), description=_description(schema), vendor=self._connector
        )
        by_path = {source.path: source for source in sources}
        known = {path: _known(source.schema) for path, source in by_path.items()}
        ranked = rank(target, list(by_path), choices=self._choices, known=known)
        if self._suggester is not None:
            ranked = self._with_help(self._suggester, target, ranked, by_path)
        self.told.setdefault(target.field, Suggestion(target=target.field, ranked=tuple(ranked[:MOST_TRIED])))
        return [by_path[one.path] for one in ranked[:MOST_TRIED] if one.score >= GOOD_ENOUGH]

    def _with_help(
        self, suggester: Suggester, target: Target, ranked: Sequence[Ranked], sources: Mapping[str, Source]
    ) -> list[Ranked]:
        offered = [self.offered(sources[one.path]) for one in ranked]
        scores = suggester.score(target, offered)
        if len(scores) != len(offered):
            raise UsageError(
                f"the suggester gave {len(scores)} scores for {len(offered)} sources", expected="one for each"
            )
        helped = [
            msgspec.structs.replace(
                one,
                score=round(one.score + SUGGESTER_WEIGHT * min(max(score, 0.0), 1.0), 4),
                reasons=(*one.reasons, f"the suggester gives it {score:.2f}") if score > 0 else one.reasons,
            )
            for one, score in zip(ranked, scores, strict=True)
        ]
        return sorted(helped, key=lambda one: -one.score)

    def offered(self, source: Source) -> OfferedSource:
        """A source as a suggester sees it: without values of anything that is or may be personal."""
        examples = () if source.is_inner or self._is_personal(source.path) else tuple(self._examples(source.path))
        return OfferedSource(
            path=source.path,
            type=_json_type(source.schema),
            description=_description(source.schema),
            examples=examples,
        )

    def _is_personal(self, path: str) -> bool:
        schema: Schema = self._contract.schema
        steps = steps_of(path)
        for step in steps:
            field = field_of(schema, step)
            if not field.is_declared or _has_pii(field.schema) or kind_by_name(step) is not None:
                return True
            schema = field.schema
        return steps[0] not in {"properties", "traits"}

    def _examples(self, path: str) -> Iterator[str]:
        shown: set[str] = set()
        for sample in self._samples:
            value: Any = sample
            for step in steps_of(path):
                value = value.get(step) if isinstance(value, dict) else None
            if not isinstance(value, str | int | float) or len(shown) == MOST_EXAMPLES:
                continue
            text = str(value)
            if text not in shown and "@" not in text and kind_by_form(text, None) is None:
                shown.add(text)
                yield text


def choices_of(mapping: MappingFile) -> Iterator[Choice]:
    """What a mapping chose: for each of its fields the paths that its expression reads."""
    yield from _choices_in(mapping.fields, "")


def _choices_in(fields: Mapping[str, FieldRule | str], before: str) -> Iterator[Choice]:
    for target, rule in fields.items():
        if isinstance(rule, FieldRule) and rule.fields is not None:
            yield from _choices_in(rule.fields, f"{before}{target}[].")
        expression = rule if isinstance(rule, str) else rule.value or rule.each
        if isinstance(expression, str) and not expression.startswith("="):
            try:
                paths = tuple(dict.fromkeys(_paths(parse_tree(expression))))
            except UsageError:
                continue
            if paths:
                yield Choice(f"{before}{target}", paths)


def _paths(tree: Expression) -> Iterator[str]:
    if isinstance(tree, ExpressionPath) and tree.steps and all(isinstance(step, Key) for step in tree.steps):
        yield show(tree)
    for child in children(tree):
        yield from _paths(child)


def _known(schema: Schema) -> Known:
    is_time = any(part.get("format") in {"date-time", "date"} for part in parts_of(schema))
    kind = _KINDS.get(_json_type(schema), "")
    return Known(kind="time" if is_time else kind, description=_description(schema))


def _json_type(schema: Schema) -> str:
    kinds = schema_kinds(schema) & k.SOMETHING
    if kinds == k.SOMETHING or not kinds:
        return ""
    return next(name for kind, name in _JSON_TYPES if kinds & kind)


def _description(schema: Schema) -> str:
    return next((text for part in parts_of(schema) if isinstance(text := part.get("description"), str)), "")


def _has_pii(schema: Schema) -> bool:
    return any("x-pii" in part for part in parts_of(schema))
