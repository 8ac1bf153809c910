"""Texts in a mapping that look as if something else was meant: a path, a function, a template, a number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from paceline.mapping import kinds as k
from paceline.mapping.expression import Expression, Literal, children
from paceline.mapping.faults import FilePath, MappingFault
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.generate.program import Plan, PlannedField
from paceline.mapping.kinds import Kinds
from paceline.mapping.parser import is_constant
from paceline.model.finding import Severity
from paceline.model.mapping import FieldRule, MappingFile

_PATH: Final = re.compile(r"(?:\$\$?|@)(?:\.[A-Za-z_\"']|\[)")
_PATH_INSIDE: Final = re.compile(r"\$\.[A-Za-z_]")
_TEMPLATE: Final = re.compile(r"\{\{.*\}\}|\$\{[^}]*\}|<%.*%>", re.DOTALL)
_PIPE: Final = re.compile(r"\|\s*([A-Za-z_][A-Za-z0-9_]*)")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")
_WORDS: Final = {"true": k.BOOLEAN, "false": k.BOOLEAN, "null": k.NULL}
_SHOWN_CHARACTERS: Final = 40


def suspected(spec: MappingFile, plan: Plan) -> Iterator[MappingFault]:
    """The texts of a mapping that look like code, as warnings."""
    if plan.when is not None:
        yield from _texts(("when",), plan.when.tree, is_constant=False)
    yield from _suspected_fields(spec.fields, plan.fields, ("fields",))


def _suspected_fields(
    rules: Mapping[str, FieldRule | str], planned: Sequence[PlannedField], path: FilePath
) -> Iterator[MappingFault]:
    for (target, rule), field in zip(rules.items(), planned, strict=True):
        here = (*path, target)
        if isinstance(rule, str):
            yield from _texts(here, field.value.tree, is_constant=is_constant(rule))
            continue
        keyword, text = ("value", rule.value) if rule.each is None else ("each", rule.each)
        yield from _texts((*here, keyword), field.value.tree, is_constant=is_constant(text or ""))
        if field.fields is not None and rule.fields is not None:
            yield from _suspected_fields(rule.fields, field.fields, (*here, "fields"))


def _texts(path: FilePath, tree: Expression, *, is_constant: bool) -> Iterator[MappingFault]:
    pending = [tree]
    while pending:
        node = pending.pop()
        pending.extend(children(node))
        if isinstance(node, Literal) and isinstance(node.value, str):
            told = _told(node.value, is_constant=is_constant)
            if told is not None:
                yield _fault(path, node.column, *told)


def _fault(path: FilePath, column: int, message: str, hint: str) -> MappingFault:
    return MappingFault(
        path=path, column=column, code="suspicious", message=message, hint=hint, severity=Severity.WARNING
    )


def _told(text: str, *, is_constant: bool) -> tuple[str, str] | None:
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    if _PATH.match(text):
        hint = "leave out the `=`" if is_constant else "leave out the quotes"
        return f"the text {shown!r} looks like a path", hint
    if _TEMPLATE.search(text) or _PATH_INSIDE.search(text):
        return f"the text {shown!r} looks like a template, and nothing fills it in", "use concat(…)"
    if is_constant:
        piped = _PIPE.search(text)
        if piped is not None and piped.group(1) in CATALOG:
            return (
                f"the text {shown!r} looks like a call of {piped.group(1)}",
                "put the text itself in quotes, without `=`",
            )
        if " ?? " in text:
            return f"the text {shown!r} looks like a fallback", "put the text itself in quotes, without `=`"
    return None


def suspicious_constant(path: FilePath, tree: Expression, takes: Kinds) -> MappingFault | None:
    """A constant after `=` that reads like a number, true, false or null, for a vendor that takes that as well."""
    if not isinstance(tree, Literal) or not isinstance(tree.value, str):
        return None
    kind = k.NUMBER if _NUMBER.match(tree.value) else _WORDS.get(tree.value, 0)
    if not (takes & kind and takes & k.TEXT):
        return None
    message = f"`= {tree.value}` is the text, not {k.describe(kind)}"
    hint = f'write {tree.value} without `=`, or "{tree.value}" for the text'
    return _fault(path, tree.column, message, hint)
