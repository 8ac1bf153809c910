"""The ranking: how well each candidate fits a target, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from paceline.mapping.suggestion.sources import Kind, Name, Source, place_of, sources_of
from paceline.mapping.suggestion.words import STOP_WORDS, agreement, likeness, raw_words, weight, words

# How much each observation counts. Chosen so that a name decides, and the rest only between names.
NAME: Final = 1.0
DESCRIPTION: Final = 0.3
LIST: Final = 0.22
KIND: Final = 0.25
CHOICE: Final = 0.1
_SCOPE: Final[Mapping[str, Mapping[str, float]]] = {
    "person": {"traits": 0.045, "context.traits": 0.035, "properties": 0.025},
    "other": {"properties": 0.04, "context": 0.04, "root": 0.03, "traits": 0.02, "context.traits": 0.01},
}
ALONE: Final = 0.9
SPELLED_ALIKE: Final = 0.04
_BOX_WORDS: Final = frozenset(
    {"property", "attribute", "trait", "custom", "data", "field", "event", "set", "once", "always", "param",
     "parameter", "payload", "body", "info", "context", "input", "options", "option"}
)  # fmt: skip
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
SAME_FIELD: Final = 0.95
_ARTICLES: Final = frozenset({"a", "an", "the", "of", "s", "this", "their", "your"})
SPECIFIC: Final = 0.9
MOST_WORDS_OF_A_PHRASE: Final = 5
PHRASE: Final = 0.95
VAGUE: Final = 0.15
_JSON_NUMBERS: Final = frozenset({"number", "integer", "float", "double"})
# Conversions say what is wanted, too, but are no types: a field that has one is not declared in a schema.
_NUMBERS: Final = _JSON_NUMBERS | {"tonumber", "tofloat", "tointeger"}
_TIMES: Final = frozenset({"datetime", "date", "timestamp", "date-time"})


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's field: its place in the payload (`items[].price`), JSON type and description, as far as known."""

    field: str
    type: str = ""
    description: str = ""
    vendor: str = ""


class Choice(msgspec.Struct, frozen=True):
    """What another mapping chose for a field: an input, never something that ships with us."""

    field: str
    paths: tuple[str, ...]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract or samples say about the value at a path: its kind and its description."""

    kind: Kind = ""
    description: str = ""


class Ranked(msgspec.Struct, frozen=True):
    """One candidate with its score (the higher the better; 1 is an agreeing name) and the reasons, for people."""

    path: str
    score: float
    reasons: tuple[str, ...] = ()


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    spelled: str
    leaf: tuple[str, ...]
    whole: tuple[str, ...]
    phrase: tuple[str, ...]
    vagueness: float
    description: Mapping[str, float]
    type: str
    is_inside_list: bool
    is_declared: bool


def rank(
    target: Target,
    candidates: Sequence[str],
    *,
    choices: Iterable[Choice] = (),
    known: Mapping[str, Known] | None = None,
) -> list[Ranked]:
    """All candidates, best first; ties stay in the order given. The same input always gives the same ranking.

    `known` has what is known of the values, by candidate. Nothing is read but the arguments.

    >>> rank(Target(field="email"), ["$.properties.total", "$.traits.email"])[0].path
    '$.traits.email'
    """
    asked = _asked(target)
    chosen = _chosen(asked, choices)
    told = known or {}
    scored = [(_score(asked, source, chosen, told.get(source.spelled)), source) for source in sources_of(candidates)]
    scored.sort(key=lambda pair: (-round(pair[0][0], 6), _spelling(asked, pair[1])))
    return [Ranked(source.spelled, round(score, 4), reasons) for (score, reasons), source in scored]


@lru_cache(maxsize=4096)
def _asked(target: Target) -> _Asked:
    parts = [part for part in target.field.replace("[]", "").split(".") if part]
    leaf = words(parts[-1]) if parts else ()
    parents = words(" ".join(parts[:-1]))
    kind = target.type.lower().replace("_", "")
    description = target.description.strip()
    phrase = _phrase(description) if sum(map(weight, leaf)) < SPECIFIC else ()
    return _Asked(
        spelled=parts[-1] if parts else "",
        leaf=leaf,
        whole=(*(word for word in parents if word not in _BOX_WORDS), *leaf),
        phrase=phrase,
        vagueness=VAGUE if set(leaf) < set(phrase) else 0.0,
        description=_said(description),
        type=kind,
        is_inside_list="[]" in target.field.rpartition(".")[0] or "[*]" in target.field.rpartition(".")[0],
        is_declared=bool(target.description)
        or kind in {"string", "object", "boolean", "array", *_JSON_NUMBERS, *_TIMES},
    )


def _phrase(description: str) -> tuple[str, ...]:
    """A description that is hardly more than a longer name, such as `The event name`."""
    first = words(" ".join(word for word in raw_words(_SENTENCE.split(description)[0]) if word not in _ARTICLES))
    return first if 1 < len(first) <= MOST_WORDS_OF_A_PHRASE else ()


def _said(description: str) -> Mapping[str, float]:
    """The words of a description; those of the first sentence count more."""
    said: dict[str, float] = {}
    first, *rest = _SENTENCE.split(description)[:3]
    for text, how_much in ((first, 1.0), (" ".join(rest), 0.4)):
        for word in words(" ".join(word for word in raw_words(text) if word not in STOP_WORDS)):
            said.setdefault(word, how_much)
    return said


def _score(
    asked: _Asked, source: Source, chosen: Mapping[str, float], known: Known | None
) -> tuple[float, tuple[str, ...]]:
    reasons: list[str] = []
    name, best = _name_score(asked, source)
    score = NAME * name
    if best is not None and name >= 0.5:
        reasons.append(("known as " if best.is_known else "named ") + " ".join(best.words))
    described = _description_score(asked, source)
    if described:
        score += DESCRIPTION * described * (1 - 0.5 * name)
        reasons.append("the description says so")
    if asked.is_inside_list == source.is_inside_list:
        score += LIST if asked.is_inside_list else 0.0
    else:
        score -= LIST
    score += _kind_score(asked.type, known.kind if known and known.kind else source.kind)
    if known and known.description and asked.description:
        alike = _shared(asked.description, _said(known.description))
        score += DESCRIPTION * alike
        if alike >= 0.5:
            reasons.append("the descriptions agree")
    person = source.table in {"person", "address"}
    score += _SCOPE["person" if person else "other"].get(source.scope, 0.0)
    score += source.standing
    if source.leaf == asked.spelled:
        score += SPELLED_ALIKE
    before = chosen.get(source.place, 0.0)
    if before:
        score += CHOICE * before
        reasons.append("chosen in another mapping")
    return score, tuple(reasons)


def _name_score(asked: _Asked, source: Source) -> tuple[float, Name | None]:
    best, found = 0.0, None
    for name in source.names:
        fit = name.fit * agreement(asked.leaf, name.words)
        if asked.whole != asked.leaf:
            fit = max(name.fit * agreement(asked.whole, name.words), fit * ALONE)
        if asked.phrase:
            fit = max(fit * (1 - asked.vagueness), name.fit * PHRASE * agreement(asked.phrase, name.words))
        if fit > best:
            best, found = fit, name
    return best, found


def _description_score(asked: _Asked, source: Source) -> float:
    if not asked.description:
        return 0.0
    best = 0.0
    for name in source.names:
        total = found = 0.0
        for word in name.words:
            total += weight(word)
            found += weight(word) * max(
                (how_much * likeness(word, said) for said, how_much in asked.description.items()), default=0.0
            )
        if total:
            # One word says less than two that are both there.
            best = max(best, name.fit * found / (total + 0.35))
    return best


def _shared(here: Mapping[str, float], there: Mapping[str, float]) -> float:
    """How much two descriptions have in common, from 0 to 1."""
    both = sum(weight(word) for word in here if word in there)
    return 2 * both / (sum(map(weight, here)) + sum(map(weight, there))) if both else 0.0


def _kind_score(wanted: str, kind: Kind) -> float:
    is_box = kind in {"object", "list"}
    if wanted in {"object", "array"}:
        return KIND * 0.5 if is_box else -KIND * 0.6
    if wanted and is_box:
        return -KIND
    if is_box and not wanted:
        return -0.02
    if wanted in _NUMBERS:
        return {"number": 0.06, "text": -0.08, "time": -0.06, "boolean": -0.1}.get(kind, 0.0)
    if wanted in _TIMES:
        return {"time": 0.12, "number": -0.06, "boolean": -0.15}.get(kind, 0.0)
    if wanted == "boolean":
        return {"boolean": 0.1, "number": -0.08, "text": -0.05, "time": -0.1}.get(kind, 0.0)
    return -0.02 if kind == "boolean" else 0.0


def _chosen(asked: _Asked, choices: Iterable[Choice]) -> Mapping[str, float]:
    """For each place that other mappings chose for a field of the same name: the share of them that did."""
    counts: dict[str, int] = {}
    mappings = 0
    for choice in choices:
        if _is_same_field(asked, choice.field):
            mappings += 1
            for place in {place_of(path) for path in choice.paths}:
                counts[place] = counts.get(place, 0) + 1
    return {place: count / (mappings + 1) for place, count in counts.items()}


def _is_same_field(asked: _Asked, field: str) -> bool:
    other = _asked(Target(field=field))
    return other.is_inside_list == asked.is_inside_list and agreement(asked.whole, other.whole) >= SAME_FIELD


def _spelling(asked: _Asked, source: Source) -> int:
    """Of two spellings of one path, `$.a` goes with a declared field, and `a` with a bare name."""
    return 0 if source.spelled.startswith("$") is asked.is_declared else 1
