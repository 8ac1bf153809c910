"""Whether readers with one contract version understand events written with another, and which event shows it.

A verdict rests on a search, not on a list of rules: `compatible` means that a proof was found that no event breaks,
`incompatible` comes with an event that a validator has confirmed (or with a change that `strict` refuses on sight), and
`unknown` says what could not be decided and counts as incompatible. docs/compatibility.md defines modes and policies.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from paceline.contracts.differences.kinds import Change, Kind
from paceline.contracts.differences.walk import changes_between
from paceline.contracts.drafts import Draft, draft_of
from paceline.contracts.faults import schema_faults
from paceline.contracts.generation import Generator
from paceline.contracts.inclusion.answers import Answer, Empty, Found, Unknown
from paceline.contracts.inclusion.refuting import Pair
from paceline.contracts.references import Document
from paceline.contracts.validation import Validator, Violation, compile_schema
from paceline.errors import SchemaError

Schema = dict[str, object] | bool
_guesses = 100
"""How many generated events are tried when the search decides nothing."""


class Mode(enum.StrEnum):
    """Who must understand whom. BACKWARD: readers with the update read events written with the original."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_backward(self) -> bool:
        """Whether the update must read what was written with the original."""
        return self.name.startswith(("BACKWARD", "FULL"))

    @property
    def is_forward(self) -> bool:
        """Whether the original must read what is written with the update."""
        return self.name.startswith(("FORWARD", "FULL"))

    @property
    def is_transitive(self) -> bool:
        """Whether all earlier versions count, not only the last one."""
        return self.name.endswith("_TRANSITIVE")


class Policy(enum.StrEnum):
    """How much a writer is trusted. `strict`: with nothing that its schema does not promise; `lenient`: with names."""

    STRICT = "strict"
    LENIENT = "lenient"


class Verdict(enum.StrEnum):
    """The answer. `unknown` fails closed: whoever asks must treat it as incompatible."""

    COMPATIBLE = "compatible"
    INCOMPATIBLE = "incompatible"
    UNKNOWN = "unknown"


class Direction(enum.StrEnum):
    """Which of the two readings was tried."""

    BACKWARD = "backward"
    FORWARD = "forward"


class Counterexample(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the writer's schema accepts and the reader's refuses, confirmed by the validator of both.

    `violations` are what the reader's side says about it: for BACKWARD the update's, for FORWARD the original's.
    """

    event: object
    direction: Direction
    violations: tuple[Violation, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about two contract versions.

    `changes` are all differences, those that break first. `undecided` says what could not be decided; it is empty
    unless the verdict is unknown. `version` is the position of the compared version in a history (see
    `compare_history`).
    """

    verdict: Verdict
    changes: tuple[Change, ...] = ()
    counterexample: Counterexample | None = None
    undecided: tuple[str, ...] = ()
    version: int | None = None


def compare(
    original: Schema,
    update: Schema,
    *,
    policy: Policy = Policy.STRICT,
    mode: Mode = Mode.BACKWARD,
    draft: Draft | None = None,
) -> Comparison:
    """Compare a contract's schema with its update.

    `draft` is for schemas without `$schema`; left out, it is read off their keywords. Raises SchemaError when one of
    the two is no usable schema. Work is bounded in steps, so that the same pair always has the same answer.

    >>> compare({"type": "string"}, {"type": "string", "maxLength": 3}).counterexample.event
    'text'
    """
    first, second = _documents(original, update, draft)
    pair = Pair(first, second)
    changes = changes_between(pair)
    if mode is Mode.NONE:
        return Comparison(verdict=Verdict.COMPATIBLE, changes=changes)
    is_strict = policy is Policy.STRICT
    readings = []
    if mode.is_backward:
        answer = pair.refute() if is_strict else Pair(first, second, is_trusting=True).refute()
        readings.append(_confirmed(answer, first, second, Direction.BACKWARD, is_strict=is_strict))
    if mode.is_forward:
        answer = pair.refute_reversed() if is_strict else Pair(second, first, is_trusting=True).refute()
        readings.append(_confirmed(answer, second, first, Direction.FORWARD, is_strict=is_strict))
    counterexample = next((one for one in readings if isinstance(one, Counterexample)), None)
    undecided = tuple(one for one in readings if isinstance(one, str))
    refused = _refused_on_sight(first, second, changes, mode) if is_strict else frozenset[Change]()
    if counterexample is not None or refused:
        verdict = Verdict.INCOMPATIBLE
    else:
        verdict = Verdict.UNKNOWN if undecided else Verdict.COMPATIBLE
    return Comparison(
        verdict=verdict,
        changes=_judged(changes, mode, refused, is_broken=counterexample is not None),
        counterexample=counterexample,
        undecided=undecided if verdict is Verdict.UNKNOWN else (),
    )


def compare_history(
    versions: Sequence[Schema], update: Schema, mode: Mode, *, policy: Policy = Policy.STRICT
) -> Comparison:
    """Compare an update with the versions before it, oldest first: all of them in a transitive mode, else the last.

    The answer is the first one that is not compatible, starting at the newest version; `version` is its position.
    """
    if not versions:
        return Comparison(verdict=Verdict.COMPATIBLE)
    positions = range(len(versions) - 1, -1, -1) if mode.is_transitive else (len(versions) - 1,)
    newest: Comparison | None = None
    for position in positions:
        found = compare(versions[position], update, policy=policy, mode=mode)
        found = msgspec.structs.replace(found, version=position)
        if found.verdict is not Verdict.COMPATIBLE:
            return found
        newest = newest or found
    assert newest is not None
    return newest


def bump(
    original: Schema,
    update: Schema,
    *,
    policy: Policy = Policy.LENIENT,
    mode: Mode = Mode.BACKWARD,
    comparison: Comparison | None = None,
) -> str:
    """Which part of the version must rise: `major` breaks, `minor` adds, `patch` neither.

    A change breaks when the comparison under policy and mode finds an event that does, or cannot rule one out. A change
    that only `strict` refuses on sight breaks nobody's events, so it does not ask for a major version. `comparison` is
    the comparison of the two, if it is known already.

    >>> bump({"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"type": ["string", "null"]}}})
    'minor'
    """
    known = comparison or compare(original, update, policy=policy, mode=mode)
    if known.counterexample is not None or known.verdict is Verdict.UNKNOWN:
        return "major"
    if any(change.kind.name.startswith(_ADDING) for change in known.changes):
        return "minor"
    if all(change.kind in _NOTES for change in known.changes):
        return "patch"
    pair = Pair(*_documents(original, update, None))
    is_same = isinstance(pair.refute(), Empty) and isinstance(pair.refute_reversed(), Empty)
    return "patch" if is_same else "minor"


_NOTES = frozenset(
    {Kind.ID_CHANGED, Kind.TITLE_CHANGED, Kind.DESCRIPTION_CHANGED, Kind.DEFAULT_CHANGED, Kind.ANNOTATION_CHANGED}
)
_ADDING = ("PROPERTY_ADDED", "PROPERTY_WITH_EMPTY_SCHEMA_ADDED", "OPTIONAL_PROPERTY_ADDED", "REQUIRED_PROPERTY_ADDED")


def _documents(original: Schema, update: Schema, draft: Draft | None) -> tuple[Document, Document]:
    """Both schemas with their drafts. One that names none is read as its partner, or as the older of two guesses."""
    named = [draft_of(one) if _names_dialect(one) else None for one in (original, update)]
    guessed = min(draft_of(one) or Draft.DRAFT_2020_12 for one in (original, update))
    documents = []
    for schema, own, partner in zip((original, update), named, reversed(named), strict=True):
        chosen = own or draft or partner or guessed
        faults = schema_faults(schema, draft=None if _names_dialect(schema) else chosen)
        if faults:
            raise SchemaError(faults)
        documents.append(Document(schema, chosen))
    return documents[0], documents[1]


def _names_dialect(schema: Schema) -> bool:
    return isinstance(schema, dict) and "$schema" in schema


def _confirmed(
    answer: Answer, writer: Document, reader: Document, direction: Direction, *, is_strict: bool
) -> Counterexample | str | None:
    """An answer of the search as the event that breaks, what was undecided, or None for a proof."""
    if isinstance(answer, Empty):
        return None
    writing, reading = _validator(writer), _validator(reader)
    proposals: Iterator[object] = iter((answer.value,) if isinstance(answer, Found) else ())
    if is_strict:
        # Guessed events may use names that a lenient writer is trusted not to use.
        proposals = _chained(proposals, writing)
    for event in proposals:
        if writing.is_valid(event) and not reading.is_valid(event):
            return Counterexample(event=event, direction=direction, violations=tuple(reading.violations(event)))
    reason = answer.reason if isinstance(answer, Unknown) else "an event was found that the validator does not confirm"
    return f"{direction}: {reason}"


def _chained(proposals: Iterator[object], writing: Validator) -> Iterator[object]:
    """The proposals, and after them generated events of the writer. Seeded, so that answers repeat."""
    yield from proposals
    yield from Generator(writing).valid(Random(0), _guesses)  # noqa: S311 - guesses, not secrets


def _validator(document: Document) -> Validator:
    schema = document.root
    assert isinstance(schema, (dict, bool))
    return compile_schema(schema, draft=document.draft)


def _refused_on_sight(
    original: Document, update: Document, changes: tuple[Change, ...], mode: Mode
) -> frozenset[Change]:
    """The changes that registries refuse although no event breaks, in the directions of the mode."""
    refused = {change for change in changes if change.by_rule and mode.is_backward}
    if mode.is_forward:
        # Seen the other way round a change has another name, but it stands at the same place.
        places = {change.pointer for change in changes_between(Pair(update, original)) if change.by_rule}
        refused |= {change for change in changes if change.pointer in places}
    return frozenset(refused)


def _judged(
    changes: tuple[Change, ...], mode: Mode, refused: frozenset[Change], *, is_broken: bool
) -> tuple[Change, ...]:
    """Mark what breaks: nothing without a broken event or a rule, and something with one."""
    by_effect = [
        is_broken and change.effect.breaks(backward=mode.is_backward, forward=mode.is_forward) for change in changes
    ]
    if is_broken and not any(by_effect):
        by_effect = [change.kind not in _NOTES for change in changes]
    judged = [
        msgspec.structs.replace(change, breaks=is_breaking or change in refused, by_rule=change in refused)
        for change, is_breaking in zip(changes, by_effect, strict=True)
    ]
    return tuple(sorted(judged, key=lambda change: not change.breaks))
