"""How a value that the vendor does not take is told to the author of the mapping."""

from __future__ import annotations

import json
from typing import Final

from paceline.errors import nearest_name_hint
from paceline.mapping import kinds as k
from paceline.mapping.analysis import shorten
from paceline.mapping.expression import Literal
from paceline.mapping.faults import FaultCode, MappingFault
from paceline.mapping.fitting import Misfit
from paceline.mapping.kinds import Kinds, describe
from paceline.mapping.schemas import Schema, choices_of, limit_of, schema_kinds, without_null
from paceline.mapping.sources import Source

_MAX_SHOWN: Final = 40


def misfit_fault(source: Source, misfit: Misfit, target: Schema) -> MappingFault:
    """The fault of a value that does not fit, with an example and what to do about it.

    The example is made from the schemas and is no value of any event.
    """
    code, message, hint = _told(source, misfit, target)
    if misfit.verdict == "unproven":
        code = "unproven"
    return source.fault(code, message, hint)


def _told(source: Source, misfit: Misfit, target: Schema) -> tuple[FaultCode, str, str]:
    name = shorten(source.tree)
    is_sure = not schema_kinds(without_null(source.type.schema)) & schema_kinds(target)
    verb = "is" if is_sure or isinstance(source.tree, Literal) else "may be"
    if not misfit.keyword:
        return "unproven", f"nothing proves that the vendor takes {name}: {misfit.message}", ""
    if misfit.pointer:
        return "does_not_fit", f"{name} does not fit at {misfit.pointer}: {misfit.message}", ""
    example = _shown(misfit.example)
    found, wanted = k.kind_of(misfit.example), schema_kinds(target)
    if misfit.keyword == "type" or not found & wanted:
        if wanted & k.NUMBER == k.INTEGER and found & k.NUMBER:
            return "wrong_type", f"{name} {verb} a fraction, but the vendor takes whole numbers", "add `| round`"
        message = f"{name} {verb} {describe(found)}, but the vendor takes {describe(wanted)}"
        return "wrong_type", message, _conversion(source, found, wanted)
    if misfit.keyword in {"enum", "const"}:
        known = [json.dumps(choice, ensure_ascii=False) for choice in choices_of(target) or ()]
        message = f"{name} {verb} {example}, which the vendor does not know"
        return "unknown_value", message, nearest_name_hint(example, known)
    hint = ""
    most = limit_of(target, "maxLength", min)
    if misfit.keyword == "maxLength" and most is not None:
        hint = (
            f"add `| truncate({most})` or, to refuse longer text, `| max_length({most})`; or limit it in the contract"
        )
        longest = f"at most {most} character{'' if most == 1 else 's'}"
        return "too_long", f"{name} {verb} longer than the vendor takes, {longest}", hint
    least = limit_of(target, "minLength", max)
    if misfit.keyword == "minLength" and least is not None:
        hint = f"add `| min_length({least})` to refuse such events, or limit it in the contract"
        shortest = f"at least {least} character{'' if least == 1 else 's'}"
        return "does_not_fit", f"{name} {verb} shorter than the vendor takes, {shortest}", hint
    if misfit.keyword in {"minimum", "maximum"}:
        hint = "add `| clamp(low, high)` or, to refuse such events, `| between(low, high)`; or limit it in the contract"
    return "does_not_fit", f"{name} {verb} {example}: {misfit.message}", hint


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _conversion(source: Source, found: Kinds, wanted: Kinds) -> str:
    is_time = isinstance(source.type.schema, dict) and source.type.schema.get("format") == "date-time"
    if found & k.TEXT and wanted & k.NUMBER:
        return "add `| unix_secs` or `| unix_ms`" if is_time else "add `| number`"
    if found & k.SCALAR and wanted & k.TEXT:
        return "add `| string`"
    if found & k.TEXT and wanted & k.BOOLEAN:
        return "add `| boolean`"
    return "add `| to_list`" if wanted & k.LIST and not found & k.LIST else ""
