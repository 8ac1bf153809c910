"""The text of new mappings and of their tests, as a person would lay them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

import msgspec
import yaml

from paceline.model.case import Case
from paceline.model.event import EventType
from paceline.model.mapping import FieldRule, MappingFile
from paceline.workspace.scaffold_mapping import OpenField
from paceline.workspace.yaml_document import read_yaml
from paceline.workspace.yaml_text import MAX_LINE, entry_text, flow_text, scalar_text

_SCHEMA_LINE = re.compile(r"# yaml-language-server: \$schema=\S+")


def mapping_text(spec: MappingFile, open_fields: Sequence[OpenField], *, schema: str = "") -> str:
    """A mapping's file; fields that a person has to decide are comments. `schema` is where editors find its schema."""
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += [f"mapping: {spec.mapping}", f"version: {spec.version}", f"from: {_from(spec)}"]
    lines.append(f"to: {flow_text({'connector': spec.to.connector, 'action': spec.to.action})}")
    if spec.when is not None:
        lines.append(f"when: {expression_text(spec.when)}")
    if spec.note:
        lines.append(entry_text("note", spec.note))
    if spec.proposed:
        lines.append("proposed: true")
    lines += ["fields:" if spec.fields else "fields: {}", *_fields(spec.fields, 2)]
    return "\n".join([*lines, *open_field_lines(open_fields)]) + "\n"


def open_field_lines(open_fields: Sequence[OpenField]) -> Iterator[str]:
    """What a person has to decide, as comments: what the mapping cannot do without, then ideas."""
    for one in sorted(open_fields, key=lambda one: not one.is_required):
        head = "TO DECIDE" if one.is_required else "left out"
        yield from (f"  # {line}" for line in wrap(f"{head}: {one.target}: {one.reason}", MAX_LINE - 4))
        if one.idea and one.pii:
            value = expression_text(one.idea, in_flow=True)
            yield f"  # {scalar_text(one.target)}: {{value: {value}, pii: {flow_text(sorted(one.pii))}}}"
        elif one.idea:
            yield f"  # {scalar_text(one.target)}: {expression_text(one.idea)}"


def cases_text(mapping: str, cases: Sequence[Case], *, schema: str = "") -> str:
    """A file of contract tests."""
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += [f"mapping: {mapping}", "cases:"]
    for case in cases:
        entries = [entry_text(key, value, 4) for key, value in _case(case).items()]
        lines.append("  - " + "\n    ".join(entries))
    return "\n".join(lines) + "\n"


def expression_text(expression: str, *, in_flow: bool = False) -> str:
    """An expression as it stands in a file: bare where YAML reads it as it is, or else in quotes."""
    if not (in_flow and re.search(r"[,\[\]{}]", expression)) and _is_read_as_it_is(expression):
        return expression
    return "'" + expression.replace("'", "''") + "'"


def schema_reference(texts: Mapping[str, str], folder: str, kind: str, *, has_schemas: bool) -> str:
    """Where editors find the schema of a kind: as other files of the folder say, or in the workspace's `schemas/`."""
    for file, text in texts.items():
        first = text.split("\n", 1)[0]
        if file.startswith(f"{folder}/") and _SCHEMA_LINE.fullmatch(first):
            return first.partition("$schema=")[2]
    return f"../schemas/{kind}.json" if has_schemas else ""


def _is_read_as_it_is(text: str) -> bool:
    try:
        document, findings = read_yaml(f"a: {text}\n".encode(), "")
    except yaml.YAMLError:
        return False
    return document is not None and not findings and document.value == {"a": text}


def _from(spec: MappingFile) -> str:
    source = spec.from_
    key, value = ("event", source.event) if source.type is EventType.TRACK else ("type", source.type.value)
    return "{" + f"{key}: {scalar_text(value)}, contract: {scalar_text(source.contract)}" + "}"


def _fields(fields: Mapping[str, FieldRule | str], indent: int) -> Iterator[str]:
    pad = " " * indent
    for target, rule in fields.items():
        name = scalar_text(target)
        if isinstance(rule, str):
            yield f"{pad}{name}: {expression_text(rule)}"
            continue
        yield f"{pad}{name}:"
        if rule.value is not None:
            yield f"{pad}  value: {expression_text(rule.value)}"
        if rule.each is not None:
            yield f"{pad}  each: {expression_text(rule.each)}"
            yield f"{pad}  fields:"
            yield from _fields(rule.fields or {}, indent + 4)
        for key, value in (("note", rule.note), ("pii", rule.pii)):
            if value:
                yield f"{pad}  {key}: {flow_text(value)}"


def _case(case: Case) -> dict[str, object]:
    """What a case says, in the order in which people read it."""
    said: dict[str, object] = {"name": case.name, "event": case.event}
    if case.payload is not msgspec.UNSET:
        said["payload"] = case.payload
    if case.refused is not None:
        said["refused"] = {"rule": case.refused.rule, "reason": case.refused.reason}
    if case.filtered:
        said["filtered"] = True
    return said
