"""Reads plain values as a Struct and tells everything that does not fit, with its place."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec
from msgspec import inspect as types

from paceline.errors import nearest_name, nearest_name_hint
from paceline.model.request import RequestFault

Path = tuple[str | int, ...]
_S = TypeVar("_S", bound=msgspec.Struct)


def read_shape(value: object, structure: type[_S]) -> _S | tuple[RequestFault, ...]:
    """The value (of dict, list, str, int, float, bool and None) as the Struct, or every fault in its shape."""
    faults = tuple(_faults(_type_of(structure), value, ()))
    if faults:
        return faults
    try:
        return msgspec.convert(value, structure)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        steps = tuple(int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]$`]+", place))
        return (RequestFault(path=steps, message=message),)


@functools.cache
def _type_of(structure: type[msgspec.Struct]) -> types.Type:
    return types.type_info(structure)


def _faults(kind: types.Type, value: object, path: Path) -> Iterator[RequestFault]:
    match kind:
        case types.Metadata():
            yield from _faults(kind.type, value, path)
        case types.StructType():
            yield from _block_faults(kind, value, path)
        case types.UnionType():
            if value is not None or not kind.includes_none:
                known = [one for one in kind.types if not isinstance(one, types.NoneType)]
                yield from _faults(known[0], value, path)
        case types.ListType():
            yield from _list_faults(kind, value, path)
        case types.DictType():
            yield from _table_faults(kind, value, path)
        case types.FloatType() | types.IntType():
            yield from _number_faults(kind, value, path)
        case types.StrType():
            yield from _text_faults(kind, value, path)
        case types.BoolType():
            if not isinstance(value, bool):
                yield _wrong_type(path, value, "true or false")
        case types.EnumType() | types.LiteralType():
            yield from _choice_faults(kind, value, path)
        case _:
            raise AssertionError(f"requests have no {type(kind).__name__}")


def _block_faults(kind: types.StructType, value: object, path: Path) -> Iterator[RequestFault]:
    if not isinstance(value, Mapping):
        names = ", ".join(field.encode_name for field in kind.fields[:4])
        yield _wrong_type(path, value, "a block of keys", remedy=f"write it with the keys {names}")
        return
    fields = {field.encode_name: field for field in kind.fields}
    for key, part in value.items():
        if key in fields:
            yield from _faults(fields[key].type, part, (*path, key))
        else:
            name = key if isinstance(key, str) else str(key)
            remedy = nearest_name_hint(name, sorted(fields), most=len(fields))
            yield RequestFault(path=(*path, name), message=f"unknown key {name!r}", remedy=remedy)
    for name, field in fields.items():
        if field.required and name not in value:
            yield RequestFault(path=(*path, name), message=f"the key {name!r} is missing", remedy=_form(field.type))


def _list_faults(kind: types.ListType, value: object, path: Path) -> Iterator[RequestFault]:
    if not isinstance(value, list | tuple):
        yield _wrong_type(path, value, "a list")
        return
    if kind.min_length is not None and len(value) < kind.min_length:
        yield RequestFault(path=path, message="the list is too short", remedy=f"at least {kind.min_length}")
    if kind.max_length is not None and len(value) > kind.max_length:
        yield RequestFault(path=path, message="the list is too long", remedy=f"at most {kind.max_length}")
    for index, item in enumerate(value):
        yield from _faults(kind.item_type, item, (*path, index))


def _table_faults(kind: types.DictType, value: object, path: Path) -> Iterator[RequestFault]:
    if not isinstance(value, Mapping):
        yield _wrong_type(path, value, "a block of keys")
        return
    for key, part in value.items():
        yield from _faults(kind.value_type, part, (*path, str(key)))


def _number_faults(kind: types.FloatType | types.IntType, value: object, path: Path) -> Iterator[RequestFault]:
    whole = isinstance(kind, types.IntType)
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _wrong_type(path, value, "a whole number" if whole else "a number")
        return
    if not _is_finite(value):
        yield RequestFault(path=path, message="it is not a finite number", remedy="write a finite number")
        return
    if whole and value != int(value):
        yield RequestFault(path=path, message=f"{value:g} is not a whole number", remedy="write a whole number")
    limits = ((kind.ge, "at least", value < (kind.ge or 0)), (kind.le, "at most", value > (kind.le or 0)))
    for limit, words, is_broken in limits:
        if limit is not None and is_broken:
            yield RequestFault(path=path, message=f"{value:g} is out of range", remedy=f"it is {words} {limit:g}")
    if kind.gt is not None and value <= kind.gt:
        yield RequestFault(path=path, message=f"{value:g} is out of range", remedy=f"it is more than {kind.gt:g}")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _text_faults(kind: types.StrType, value: object, path: Path) -> Iterator[RequestFault]:
    if not isinstance(value, str):
        yield _wrong_type(path, value, "text")
    elif kind.min_length is not None and len(value) < kind.min_length:
        yield RequestFault(path=path, message="the text is empty", remedy="write it, or leave the key out")
    elif kind.pattern is not None and not re.search(kind.pattern, value):
        yield RequestFault(
            path=path, message=f"{value[:60]!r} does not have the right form", remedy=f"it matches {kind.pattern}"
        )


def _choice_faults(kind: types.EnumType | types.LiteralType, value: object, path: Path) -> Iterator[RequestFault]:
    choices = [member.value for member in kind.cls] if isinstance(kind, types.EnumType) else list(kind.values)
    if isinstance(value, bool) or not isinstance(value, str | int) or value not in choices:
        shown = ", ".join(map(str, choices))
        close = nearest_name(value, map(str, choices)) if isinstance(value, str) else None
        remedy = f"did you mean {close!r}? One of: {shown}" if close else f"one of: {shown}"
        yield RequestFault(path=path, message=f"it cannot be {_shown(value)}", remedy=remedy)


def _wrong_type(path: Path, value: object, wanted: str, *, remedy: str = "") -> RequestFault:
    message = f"it must be {wanted}, not {_shown(value)}"
    return RequestFault(path=path, message=message, remedy=remedy or f"write {wanted}, or leave the key out")


def _shown(value: object) -> str:
    match value:
        case None:
            return "empty"
        case Mapping():
            return "a block of keys"
        case list() | tuple():
            return "a list"
        case str():
            return repr(value[:60])
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:g}"
        case _:
            return f"a value of type {type(value).__name__}"


def _form(kind: types.Type) -> str:
    """What belongs under a missing key, where a few words can say it."""
    match kind:
        case types.Metadata():
            return _form(kind.type)
        case types.EnumType():
            return f"one of: {', '.join(str(member.value) for member in kind.cls)}"
        case types.StructType():
            return f"a block with the keys {', '.join(field.encode_name for field in kind.fields)}"
        case types.StrType():
            return f"text that matches {kind.pattern}" if kind.pattern else "text"
        case types.IntType() | types.FloatType():
            return "a number"
        case _:
            return ""
