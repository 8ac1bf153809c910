"""What each directive of Segment's mapping language is in ours.

The directives are those of the public documentation of mapping-kit (https://github.com/segmentio/action-destinations,
packages/core/src/mapping-kit/README.md, read 2026-11-23); what it leaves open was settled by asking the official
library, `@segment/actions-core` 3.170.0, what it gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from paceline.errors import UsageError
from paceline.exchange.segment_directives.paths import at_keys, path_keys, placeholder_keys
from paceline.exchange.segment_directives.templates import template_parts
from paceline.exchange.segment_directives.writing import (
    EACH_ITEM,
    ITEM,
    MISSING,
    Kind,
    Written,
    attempt,
    call,
    choice,
    comparison,
    constant,
    exists,
    fallback,
    kind_of,
    list_of,
    negated,
    object_of,
    piped,
)

Translate: TypeAlias = Callable[[object, Written, str], Written]
"""A part of a mapping, the payload that its paths start from, and where it stands (a JSON pointer)."""

MAX_PATTERN_CHARACTERS: Final = 10
_SPECIAL_REPLACEMENT: Final = re.compile(r"\$[&`']")


class NotCarriedError(UsageError):
    """A directive that has no counterpart in a paceline mapping."""


def directive_of(value: Mapping[str, object], where: str) -> str:
    """The directive that an object is, or nothing when it is a plain object. Raises UsageError when it is half one."""
    found = [key for key in value if key.startswith("@")]
    if not found:
        return ""
    if len(value) > 1:
        raise UsageError(
            f"a directive stands alone in its object, but {found[0]} has {len(value) - 1} keys beside it",
            where=where,
            remedy="put the other keys into an object of their own",
        )
    if found[0] not in DIRECTIVES:
        known = ", ".join(sorted(DIRECTIVES))
        raise UsageError(f"there is no directive {found[0]!r}", where=where, expected=f"one of {known}")
    return found[0]


def _path(value: object, payload: Written, where: str, translate: Translate) -> Written:
    return at_keys(payload, path_keys(_static_text(value, payload, where, translate)))


def _template(value: object, payload: Written, where: str, translate: Translate) -> Written:
    template = _static_text(value, payload, where, translate)
    parts = [
        _as_text(at_keys(payload, placeholder_keys(text))) if is_path else constant(text)
        for text, is_path in template_parts(template)
    ]
    if not parts:
        return constant("")
    if all(part.is_constant for part in parts):
        return constant("".join(str(part.constant) for part in parts))
    return parts[0] if len(parts) == 1 else call("concat", *parts, gives=Kind.TEXT)


def _as_text(value: Written) -> Written:
    """A value as a template writes it: nothing is empty text."""
    if value.is_never_there:
        return constant("")
    if value.is_constant and isinstance(value.constant, str):
        return value
    return fallback(piped(value, "as_text", gives=Kind.TEXT), constant(""))


def _if(value: object, payload: Written, where: str, translate: Translate) -> Written:
    options = _options(value, where)
    if _is_something(options.get("exists")):
        condition = exists(translate(options["exists"], payload, f"{where}/exists"))
    elif _is_something(options.get("blank")) and "exists" not in options:
        condition = _filled(translate(options["blank"], payload, f"{where}/blank"))
    else:
        raise UsageError("@if has neither `exists` nor `blank`", where=where, expected='a value under "exists"')
    then = translate(options["then"], payload, f"{where}/then") if "then" in options else MISSING
    other = options.get("else")
    otherwise = translate(other, payload, f"{where}/else") if _is_something(other) else MISSING
    return choice(condition, then, otherwise)


def _is_something(option: object) -> bool:
    """What the library does not take for left out: anything but null, false, 0 and empty text."""
    return isinstance(option, dict | list) or bool(option)


def _filled(value: Written) -> Written:
    """`blank` chooses `then` for what is not blank: nothing, or what JavaScript takes for the same as empty text."""
    if value.is_constant:
        return constant(value.constant is not None and value.constant not in ("", 0, []))
    blanks: tuple[object, ...] = ("", 0, False, [])
    empty = [each for each in blanks if value.kinds & kind_of(each)]
    if not empty or value.is_never_there:
        return exists(value)
    there = fallback(value, constant(empty[0]))
    if len(empty) == 1:
        return comparison(there, "!=", constant(empty[0]))
    return negated(comparison(there, "in", list_of([constant(each) for each in empty])))


def _case(value: object, payload: Written, where: str, translate: Translate) -> Written:
    options = _options(value, where)
    operator = _text(options, "operator", where)
    if operator not in {"lower", "upper"}:
        raise UsageError(f"@case has no operator {operator!r}", where=where, expected="lower or upper")
    if not _is_something(options.get("value")):
        return MISSING
    inner = _text_or_directive(options["value"], payload, f"{where}/value", translate)
    if inner.is_constant and isinstance(inner.constant, str):
        return constant(inner.constant.lower() if operator == "lower" else inner.constant.upper())
    if not inner.kinds & Kind.TEXT:
        return inner
    changed = piped(inner, operator, gives=Kind.TEXT)
    return changed if not inner.kinds & ~Kind.TEXT & ~Kind.MISSING else fallback(attempt(changed), inner)


def _replace(value: object, payload: Written, where: str, translate: Translate) -> Written:
    options = _options(value, where)
    if "value" not in options:
        raise UsageError("@replace has no value", where=where)
    is_global = _boolean(options, "global", where, default=True)
    function = "replace_any_case" if _boolean(options, "ignorecase", where, default=False) else "replace"
    pairs = [(_pattern(options, "pattern", where), _replacement(options, "replacement", where))]
    if options.get("pattern2"):
        pairs.append((_pattern(options, "pattern2", where), _replacement(options, "replacement2", where)))
    if not _is_something(options["value"]):
        return MISSING
    inner = _text_or_directive(options["value"], payload, f"{where}/value", translate)
    if not inner.kinds & Kind.SCALAR:
        return constant("")
    text = inner if not inner.kinds & Kind.SCALAR & ~Kind.TEXT else piped(inner, "string", gives=Kind.TEXT)
    for pattern, replacement in pairs:
        most = () if is_global else (constant(1),)
        text = piped(text, function, constant(pattern), constant(replacement), *most, gives=Kind.TEXT)
    can_refuse = inner.kinds & (Kind.LIST | Kind.OBJECT)
    return fallback(attempt(text) if can_refuse else text, constant(""))


def _pattern(options: Mapping[str, object], key: str, where: str) -> str:
    pattern = _text(options, key, where)
    if not 0 < len(pattern) <= MAX_PATTERN_CHARACTERS:
        raise UsageError(f"`{key}` has {len(pattern)} characters", where=where, expected="1 to 10")
    return pattern


def _replacement(options: Mapping[str, object], key: str, where: str) -> str:
    replacement = _text(options, key, where) if key in options else ""
    if len(replacement) > MAX_PATTERN_CHARACTERS:
        raise UsageError(f"`{key}` has {len(replacement)} characters", where=where, expected="at most 10")
    if _SPECIAL_REPLACEMENT.search(replacement):
        raise NotCarriedError(f"`{key}` puts in what was found ({replacement}), which no function does", where=where)
    return replacement.replace("$$", "$")


def _array_path(value: object, payload: Written, where: str, translate: Translate) -> Written:
    if not isinstance(value, list) or not value or not isinstance(value[0], str | dict):
        raise UsageError("@arrayPath takes a list", where=where, expected="a path and what each item becomes")
    first = {"@path": value[0]} if isinstance(value[0], str) else value[0]
    if not directive_of(first, where):
        raise UsageError("@arrayPath takes a path or a directive first", where=where)
    source = translate(first, payload, f"{where}/0")
    shape = value[1] if len(value) > 1 else None
    if not isinstance(shape, dict) or not shape or not source.kinds & (Kind.LIST | Kind.OBJECT):
        return source
    item = translate(shape, ITEM, f"{where}/1")
    if item.kinds & Kind.MISSING:
        item = fallback(item, constant(None))
    listed = source if source.kinds == Kind.LIST else piped(source, "to_list", gives=Kind.LIST)
    mapped = piped(listed, "map", item, gives=Kind.LIST)
    if source.kinds & (Kind.SCALAR | Kind.NULL):
        # Only a list or an object is mapped, anything else is passed on.
        kind = Written(text=f"type_of({source.text})", kinds=Kind.TEXT)
        mapped = choice(comparison(kind, "in", list_of([constant("list"), constant("object")])), mapped, source)
    return Written(
        text=mapped.text,
        grip=mapped.grip,
        kinds=mapped.kinds | (source.kinds & Kind.MISSING),
        listed=listed.text,
        each=translate(shape, EACH_ITEM, f"{where}/1"),
    )


def _merge(value: object, payload: Written, where: str, translate: Translate) -> Written:
    options = _options(value, where)
    direction = _text(options, "direction", where)
    if direction not in {"left", "right"}:
        raise UsageError(f"@merge has no direction {direction!r}", where=where, expected="left or right")
    objects = options.get("objects")
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        raise UsageError("@merge has no list of objects", where=where, expected='a list under "objects"')
    parts = [translate(each, payload, f"{where}/objects/{index}") for index, each in enumerate(objects)]
    return _merged(parts if direction == "right" else parts[::-1])


def _merged(parts: Sequence[Written]) -> Written:
    """Later objects win, also where a key of theirs comes to nothing: the key is gone then."""
    kept: list[Written] = []
    unsure: list[str] = []
    for part in reversed(parts):
        if not part.kinds & (Kind.OBJECT | Kind.LIST | Kind.TEXT):
            continue
        there = fallback(_spread(part), object_of({}))
        names = [name for name in unsure if there.entries is None or name in there.entries]
        if names and there.entries is not None:
            there = object_of({name: entry for name, entry in there.entries.items() if name not in names})
        elif names:
            there = piped(there, "omit", *map(constant, names), gives=Kind.OBJECT)
        kept.insert(0, there)
        entries = part.entries or {}
        unsure += [name for name, entry in entries.items() if entry.kinds & Kind.MISSING and name not in unsure]
    written_out = [part for part in kept if part.entries != {}] or kept[:1]
    if len(written_out) < 2:
        return written_out[0] if written_out else object_of({})
    return call("merge", *written_out, gives=Kind.OBJECT)


def _spread(part: Written) -> Written:
    """An object, or what JavaScript makes of another value that is merged: items under their positions, or nothing."""
    if not part.kinds & ~(Kind.OBJECT | Kind.NOTHING):
        return part
    if part.is_constant and isinstance(part.constant, str | list):
        return object_of({str(position): constant(item) for position, item in enumerate(part.constant)})
    return piped(part, "as_object", gives=Kind.OBJECT)


def _flatten(value: object, payload: Written, where: str, translate: Translate) -> Written:
    options = _options(value, where)
    separator = _text(options, "separator", where)
    if not separator or "value" not in options:
        raise UsageError("@flatten has no separator or no value", where=where)
    inner = translate(options["value"], payload, f"{where}/value")
    takes = Kind.OBJECT if options.get("omitArrays") else Kind.OBJECT | Kind.LIST
    if not inner.kinds & takes:
        return object_of({"": inner})
    if options.get("omitArrays"):
        flat = piped(inner, "flatten_keys", constant(separator), gives=Kind.OBJECT)
        flat = piped(flat, "without_empty", constant("objects"), gives=Kind.OBJECT)
    else:
        flat = piped(inner, "flatten_all", constant(separator), gives=Kind.OBJECT)
        flat = piped(flat, "without_empty", gives=Kind.OBJECT)
    # What is nothing of the kind goes under the empty key.
    refuses = Kind.SCALAR | (Kind.LIST if options.get("omitArrays") else Kind(0))
    return fallback(attempt(flat) if inner.kinds & refuses else flat, object_of({"": inner}))


def _json(value: object, payload: Written, where: str, translate: Translate) -> Written:
    options = _options(value, where)
    if "value" not in options:
        raise UsageError("@json has no value", where=where)
    inner = translate(options["value"], payload, f"{where}/value")
    match _text(options, "mode", where):
        case "encode":
            encoded = MISSING if not inner.kinds & ~Kind.NOTHING else piped(inner, "json", gives=Kind.TEXT)
            if not inner.kinds & Kind.NULL:
                return encoded
            is_null = comparison(Written(text=f"type_of({inner.text})", kinds=Kind.TEXT), "==", constant("null"))
            return constant("null") if inner.is_constant else choice(is_null, constant("null"), encoded)
        case "decode":
            decoded = piped(inner, "from_json", gives=Kind.ANYTHING)
            return fallback(attempt(decoded), inner) if inner.kinds & Kind.TEXT else inner
        case mode:
            raise UsageError(f"@json has no mode {mode!r}", where=where, expected="encode or decode")


def _exclude_when_null(value: object, payload: Written, where: str, translate: Translate) -> Written:
    inner = translate(value, payload, where)
    if not inner.kinds & ~Kind.NOTHING:
        return MISSING
    if not inner.kinds & Kind.OBJECT:
        return fallback(inner, MISSING)
    return piped(inner, "without_nulls_deep", gives=inner.kinds & ~Kind.NOTHING)


def _literal(value: object, payload: Written, where: str, translate: Translate) -> Written:
    return translate(value, payload, where)


def _transform(value: object, payload: Written, where: str, translate: Translate) -> Written:
    options = _options(value, where)
    if "apply" not in options or "mapping" not in options:
        raise UsageError("@transform needs `apply` and `mapping`", where=where)
    return translate(options["mapping"], translate(options["apply"], payload, f"{where}/apply"), f"{where}/mapping")


def _liquid(_value: object, _payload: Written, where: str, _translate: Translate) -> Written:
    raise NotCarriedError(
        "@liquid is a program in a template, and a mapping has no embedded code",
        where=where,
        remedy="write it as an expression; docs/mapping.md lists the functions",
    )


DIRECTIVES: Final[Mapping[str, Callable[[object, Written, str, Translate], Written]]] = {
    "@path": _path,
    "@template": _template,
    "@literal": _literal,
    "@if": _if,
    "@case": _case,
    "@replace": _replace,
    "@arrayPath": _array_path,
    "@merge": _merge,
    "@flatten": _flatten,
    "@json": _json,
    "@excludeWhenNull": _exclude_when_null,
    "@transform": _transform,
    "@liquid": _liquid,
}


def _options(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UsageError("the directive takes an object", where=where)
    return value


def _text(options: Mapping[str, object], key: str, where: str) -> str:
    value = options.get(key)
    if not isinstance(value, str):
        raise UsageError(f"`{key}` is missing or no text", where=where)
    return value


def _boolean(options: Mapping[str, object], key: str, where: str, *, default: bool) -> bool:
    value = options.get(key, default)
    if not isinstance(value, bool):
        raise UsageError(f"`{key}` is neither true nor false", where=where)
    return value


def _text_or_directive(value: object, payload: Written, where: str, translate: Translate) -> Written:
    if not isinstance(value, str) and not (isinstance(value, dict) and directive_of(value, where)):
        raise UsageError("text or a directive is expected here", where=where)
    return translate(value, payload, where)


def _static_text(value: object, payload: Written, where: str, translate: Translate) -> str:
    """Text that is written down, or a directive that always gives the same text."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and directive_of(value, where):
        inner = translate(value, payload, where)
        if inner.is_constant and isinstance(inner.constant, str):
            return inner.constant
        raise NotCarriedError("a path or template that is itself taken from the event", where=where)
    raise UsageError("text or a directive is expected here", where=where)
