"""Paths of an event as candidates: what each is called, where it stands and what kind of value is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec

from paceline.mapping.suggestion import spec_paths
from paceline.mapping.suggestion.words import raw_words, words

Scope: TypeAlias = Literal["root", "properties", "traits", "context.traits", "context", "integrations", "other"]
Kind: TypeAlias = Literal["text", "number", "boolean", "time", "object", "list", ""]
Table: TypeAlias = Literal["path", "person", "address", "product", ""]

_STEP: Final = re.compile(r"\[[^\]]*\]|[^.\[\]]+")
_SCOPES: Final = ("context.traits", "properties", "traits", "context", "integrations")
_POSITION: Final = re.compile(r"\[?(\*|[0-9]+)\]?\Z")
# Parts of the context whose names make no sense alone: `context.os.name` is not the answer to `name`.
_LEAF_ALONE: Final = 0.72
_WHERE_PEOPLE_ARE: Final = frozenset({"address", "location"})
_KNOWN_NAME: Final = 0.94
_WEAK_NAME: Final = 0.78
# What the spec has is likelier than what it does not have, and than other spellings of it.
_IN_SPEC: Final = 0.03
_SPELLED_AS_IN_SPEC: Final = 0.02
_ROOT_OF_SPEC: Final = 0.05
_DEEPER: Final = 0.01


class Name(msgspec.Struct, frozen=True):
    """One name under which a value is known, and how well it fits."""

    words: tuple[str, ...]
    fit: float = 1.0
    is_known: bool = False


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One path, looked over once.

    `spelled` is the path as it was given; `place` without `$.` and positions. `is_inside_list` says that there is one
    value for each item of a list. `table` names the part of the spec that knows it, and
    `standing` says how likely it is before anything is asked.
    """

    spelled: str
    place: str
    scope: Scope
    names: tuple[Name, ...]
    kind: Kind
    is_inside_list: bool
    leaf: str
    standing: float
    table: Table


def sources_of(paths: Sequence[str]) -> tuple[Source, ...]:
    """All candidates. What is an object or a list shows in the paths of the others."""
    return _sources(tuple(paths))


@lru_cache(maxsize=64)
def _sources(paths: tuple[str, ...]) -> tuple[Source, ...]:
    objects, lists = _containers(paths)
    return tuple(_source(path, objects, lists) for path in paths)


def steps_of(path: str) -> list[str]:
    """The keys of a path; `*` for the items of a list.

    >>> steps_of("$.properties.products[*].name")
    ['properties', 'products', '*', 'name']
    """
    bare = path.removeprefix("$$").removeprefix("$").removeprefix(".")
    steps = []
    for step in _STEP.findall(bare):
        position = _POSITION.match(step)
        steps.append("*" if position else step.strip("[]\"'"))
    return [step for step in steps if step]


def place_of(path: str) -> str:
    """A path without `$.` and positions, to compare paths however they are written."""
    return ".".join(step for step in steps_of(path) if step != "*")


def _containers(paths: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    objects: set[str] = set()
    lists: set[str] = set()
    for path in paths:
        steps = steps_of(path)
        for length in range(1, len(steps)):
            inside = ".".join(step for step in steps[:length] if step != "*")
            (lists if steps[length] == "*" else objects).add(inside)
    return frozenset(objects - lists), frozenset(lists)


def _source(path: str, objects: frozenset[str], lists: frozenset[str]) -> Source:
    steps = steps_of(path)
    keys = [step for step in steps if step != "*"]
    place = ".".join(keys)
    scope, inner = _scope(keys)
    is_inside_list = "*" in steps
    table, entry = _entry(place, scope, inner, is_inside_list=is_inside_list)
    names = [*_own_names(inner, scope, is_product=table == "product"), *_names_of(entry)]
    kind = _kind(place, entry, objects, lists, ends_in_items=steps[-1:] == ["*"])
    return Source(
        spelled=path,
        place=place,
        scope=scope,
        names=tuple(dict.fromkeys(names)),
        kind=kind,
        is_inside_list=is_inside_list and steps[-1:] != ["*"],
        leaf=keys[-1] if keys else "",
        standing=_standing(place, scope, inner, table),
        table=table,
    )


def _scope(keys: Sequence[str]) -> tuple[Scope, list[str]]:
    place = ".".join(keys)
    for scope in _SCOPES:
        if place == scope or place.startswith(f"{scope}."):
            return scope, list(keys[scope.count(".") + 1 :])
    return "root" if len(keys) == 1 else "other", list(keys)


def _standing(place: str, scope: Scope, inner: Sequence[str], table: str) -> float:
    if not table:
        return -_DEEPER * len(inner)
    spelled = place if table == "path" else ".".join(inner[-2:]) if table == "address" else inner[-1]
    is_exact = spelled in _SPELLINGS[table]
    is_product = scope == "properties" and len(inner) == 2 and inner[0] == "products"
    deeper = 0 if table in {"path", "address"} or is_product else len(inner) - (scope not in {"root", "other"})
    if table == "product" and inner[:-1] and not is_product:
        deeper += 1
    return (
        _IN_SPEC
        + (_SPELLED_AS_IN_SPEC if is_exact else 0.0)
        + (_ROOT_OF_SPEC if table == "path" and scope == "root" and place not in {"type", "name", "category"} else 0.0)
        - _DEEPER * deeper
    )


def _own_names(inner: Sequence[str], scope: Scope, *, is_product: bool) -> list[Name]:
    if not inner:
        return [Name(words(scope.rpartition(".")[2]))]
    whole = words(" ".join(inner))
    leaf = words(inner[-1])
    if len(inner) == 1:
        return [Name(leaf)]
    alone = 0.97 if scope != "context" else _LEAF_ALONE
    if is_product or inner[0] in _WHERE_PEOPLE_ARE:
        alone = 1.0
    return [Name(whole), Name(words(" ".join(inner[-2:]))), Name(leaf, alone)]


def _entry(place: str, scope: Scope, inner: Sequence[str], *, is_inside_list: bool) -> tuple[Table, str]:
    """The part of the spec that knows the place, and its entry."""
    spelled = _plain(place)
    if not is_inside_list and spelled in _PATHS:
        return "path", _PATHS[spelled]
    if not inner:
        return "", ""
    leaf = _plain(inner[-1])
    if is_inside_list or (scope == "root" and place not in spec_paths.PATHS):
        return ("product", _PRODUCT[leaf]) if leaf in _PRODUCT else ("", "")
    if scope in {"traits", "context.traits", "properties"}:
        is_address = len(inner) == 1 or (len(inner) == 2 and _plain(inner[0]) == "address")
        if is_address and leaf in _ADDRESS:
            return "address", _ADDRESS[leaf]
        if len(inner) == 1 and leaf in _PERSON and not (scope == "properties" and leaf in _PRODUCT):
            return "person", _PERSON[leaf]
        if scope == "properties" and len(inner) == 1 and leaf in _PRODUCT:
            return "product", _PRODUCT[leaf]
    return "", ""


def _names_of(entry: str) -> list[Name]:
    names = entry.split("|")[1:]
    return [
        Name(words(name.removeprefix("~")), _WEAK_NAME if name.startswith("~") else _KNOWN_NAME, is_known=True)
        for name in names
    ]


def _kind(place: str, entry: str, objects: frozenset[str], lists: frozenset[str], *, ends_in_items: bool) -> Kind:
    if place in lists:
        return "object" if ends_in_items else "list"
    if place in objects:
        return "object"
    known = entry.partition("|")[0]
    return known if known in {"text", "number", "boolean", "time", "object", "list"} else ""  # type: ignore[return-value]  # narrowed by the set


def _plain(name: str) -> str:
    """A name however it is spelled: `first_name`, `firstName` and `firstname` are one."""
    return ".".join("".join(raw_words(key)) for key in name.split("."))


_PATHS: Final = {_plain(place): entry for place, entry in spec_paths.PATHS.items()}
_PERSON: Final = {_plain(place): entry for place, entry in spec_paths.PERSON.items()}
_ADDRESS: Final = {_plain(place): entry for place, entry in spec_paths.ADDRESS.items()}
_PRODUCT: Final = {_plain(place): entry for place, entry in spec_paths.PRODUCT.items()}
_SPELLINGS: Final = {
    "path": frozenset(spec_paths.PATHS),
    "product": frozenset(spec_paths.PRODUCT),
    "person": frozenset(spec_paths.PERSON),
    "address": frozenset(f"address.{name}" for name in spec_paths.ADDRESS),
}
