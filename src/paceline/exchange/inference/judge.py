"""Turns a profile into a JSON Schema, with the reason and the confidence of every decision."""

from __future__ import annotations

import msgspec

from paceline.contracts.pointers import pointer
from paceline.exchange.inference.personal import kind_by_name
from paceline.exchange.inference.profile import Profile
from paceline.exchange.loss import Schema


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """From when on the data says something.

    `required_after`: a field is required when it was in every one of at least so many objects. `enum_after`: texts are
    an enumeration when there are at least so many of them, each value was seen `enum_repeats` times or more, and there
    are at most `enum_values` of them. `map_after`: an object is a map (free names, one kind of value) when it has at
    least so many names and no name is in more than `map_share` of the objects.
    """

    required_after: int = 30
    enum_after: int = 30
    enum_repeats: int = 3
    enum_values: int = 12
    map_after: int = 40
    map_share: float = 0.1


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about one place. `pointer` is the place in the schema.

    `confidence` is 0 to 1: the chance, at 95 % certainty, that the next event agrees. It is the rule of three (1 - 3/n
    when n of n agreed), and the Good-Turing estimate of unseen values for enumerations.
    """

    pointer: str
    message: str
    confidence: float
    hint: str = ""


def schema_of(profile: Profile, thresholds: Thresholds) -> tuple[Schema, list[Judgement]]:
    """The JSON Schema (2020-12) of what was profiled."""
    judge = _Judge(thresholds)
    return judge.schema(profile, (), name=""), judge.judgements


def rule_of_three(seen: int) -> float:
    """The share that is right with 95 % certainty when all of `seen` were.

    >>> rule_of_three(30)
    0.9
    """
    return max(0.0, round(1 - 3 / seen, 3)) if seen else 0.0


class _Judge:
    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self.judgements: list[Judgement] = []

    def schema(self, profile: Profile, steps: tuple[str, ...], *, name: str) -> Schema:
        types = _types(profile)
        schema: Schema = {}
        if types:
            schema["type"] = types[0] if len(types) == 1 else types
        self._mixed_types(profile, steps)
        if profile.texts:
            self._texts(profile, steps, schema, types)
        self._personal(profile, steps, schema, name)
        if profile.types["array"] and profile.items is not None and profile.items.total:
            schema["items"] = self.schema(profile.items, (*steps, "items"), name=name)
        if profile.objects:
            self._object(profile, steps, schema)
        return schema

    def _object(self, profile: Profile, steps: tuple[str, ...], schema: Schema) -> None:
        if self._is_map(profile):
            merged = Profile()
            for child in profile.fields.values():
                _merge(merged, child)
            schema["additionalProperties"] = self.schema(merged, (*steps, "additionalProperties"), name="")
            self._say(steps, f"{len(profile.fields)} different names, none common: taken as a map", 0.9)
            return
        required = []
        properties: Schema = {}
        for name, child in profile.fields.items():
            at = (*steps, "properties", name)
            properties[name] = self.schema(child, at, name=name)
            if child.total == profile.objects:
                if profile.objects >= self._thresholds.required_after:
                    required.append(name)
                else:
                    self._say(
                        at,
                        f"optional: it is in all of the {profile.objects} samples, but that is too few to require it",
                        rule_of_three(profile.objects),
                        hint=f"give {self._thresholds.required_after} samples or more, or add it to `required`",
                    )
            else:
                share = child.total / profile.objects
                self._say(at, f"optional: it is in {share:.0%} of {profile.objects} samples", 1.0)
        if required:
            schema["required"] = required
            confidence = rule_of_three(profile.objects)
            self._say(
                (*steps, "required"), f"{len(required)} fields are in all of {profile.objects} samples", confidence
            )
        if properties:
            schema["properties"] = properties

    def _is_map(self, profile: Profile) -> bool:
        if len(profile.fields) < self._thresholds.map_after:
            return False
        most = max(child.total for child in profile.fields.values())
        return most <= profile.objects * self._thresholds.map_share

    def _texts(self, profile: Profile, steps: tuple[str, ...], schema: Schema, types: list[str]) -> None:
        name, count = profile.formats.most_common(1)[0]
        if name is not None and count == profile.texts:
            schema["format"] = name
            self._say((*steps, "format"), f"all {count} texts are a {name}", rule_of_three(count))
        elif name is not None and count >= 0.9 * profile.texts:
            self._say(
                steps, f"{count} of {profile.texts} texts are a {name}, so no format is asked for", 1.0,
                hint=f"look at the others, and add `format: {name}` once they are repaired",
            )  # fmt: skip
        elif types in (["string"], ["string", "null"]):
            self._enumeration(profile, steps, schema, types)
        if profile.numeric_texts == profile.texts and "enum" not in schema:
            self._say(
                steps, "every text is a number in quotes", rule_of_three(profile.texts), hint="meant as a number?"
            )

    def _enumeration(self, profile: Profile, steps: tuple[str, ...], schema: Schema, types: list[str]) -> None:
        limits = self._thresholds
        if profile.is_open or profile.texts < limits.enum_after or len(profile.distinct) > limits.enum_values:
            return
        if min(profile.distinct.values()) < limits.enum_repeats:
            return
        values: list[object] = [*sorted(str(value) for value in profile.distinct)]
        schema["enum"] = [*values, None] if "null" in types else values
        # Good-Turing: the chance of an unseen value is about the share of values seen once, here none; so the rule of
        # three over all texts is what remains.
        self._say(
            (*steps, "enum"),
            f"{len(values)} values in {profile.texts} texts, each at least {limits.enum_repeats} times",
            rule_of_three(profile.texts),
            hint="remove it if new values may come without a new version",
        )

    def _personal(self, profile: Profile, steps: tuple[str, ...], schema: Schema, name: str) -> None:
        if profile.objects or profile.types["array"] or profile.types["boolean"]:
            return
        by_name = kind_by_name(name) if name else None
        by_form = next((form for form, count in profile.personal_forms.items() if count == profile.texts), None)
        kind = by_form or by_name
        if kind is None:
            return
        schema["x-pii"] = kind
        schema.pop("enum", None)
        why = "its name and its values" if by_name and by_form else "its values" if by_form else "its name"
        self._say((*steps, "x-pii"), f"{why} speak of {kind}", 0.95 if by_form else 0.7, hint="confirm or remove it")

    def _mixed_types(self, profile: Profile, steps: tuple[str, ...]) -> None:
        kinds = {"number" if kind == "integer" else kind for kind in profile.types if profile.types[kind]} - {"null"}
        if len(kinds) < 2:
            return
        shown = ", ".join(f"{kind} {count / profile.total:.1%}" for kind, count in profile.types.most_common())
        self._say(steps, f"several types: {shown}", 1.0, hint="one producer is probably wrong; keep one type")

    def _say(self, steps: tuple[str, ...], message: str, confidence: float, *, hint: str = "") -> None:
        self.judgements.append(Judgement(pointer=pointer(steps), message=message, confidence=confidence, hint=hint))


def _types(profile: Profile) -> list[str]:
    """JSON Schema's names for what was seen, in one order; whole numbers among fractions are numbers."""
    seen = [
        kind for kind in ("string", "integer", "number", "boolean", "object", "array", "null") if profile.types[kind]
    ]
    if "number" in seen and "integer" in seen:
        seen.remove("integer")
    return seen


def _merge(into: Profile, other: Profile) -> None:
    """Add another profile's counts."""
    into.total += other.total
    into.types.update(other.types)
    into.formats.update(other.formats)
    into.personal_forms.update(other.personal_forms)
    into.numeric_texts += other.numeric_texts
    into.is_open = True  # values under different names are no enumeration
    for name, child in other.fields.items():
        _merge(into.fields.setdefault(name, Profile()), child)
    if other.items is not None:
        into.items = into.items or Profile()
        _merge(into.items, other.items)
