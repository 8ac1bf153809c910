"""A new adapter, drafted from a sample of what a vendor sends: what is obvious by its name is filled in."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from paceline.assemble.adapters import compiled_adapter
from paceline.assemble.contract_tests.adapters import stated
from paceline.errors import UsageError
from paceline.mapping.adapter_coverage import SourceField, source_coverage
from paceline.mapping.foreign_request import request_of_file
from paceline.model.adapter import AdapterFile, ForeignRequest
from paceline.model.event import Filtered, Refusal
from paceline.workspace.json_document import read_json
from paceline.workspace.kinds import KINDS
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.scaffold_text import expression_text, schema_reference
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml
from paceline.workspace.yaml_text import block_text

_REQUEST_KEYS = {"body", "headers", "query", "method", "path"}
_RECEIVED = "2026-01-01T00:00:00Z"
_MOST_DEPTH: Final = 4

# What fields are called, the likeliest first; compared without case and signs.
_IDS = ("messageid", "eventid", "notificationid", "webhookid")
_TIMES = ("timestamp", "occurredat", "eventtime", "time", "createdat", "created", "sentat", "updatedat", "date")
_USERS = ("userid", "customerid", "externalid", "contactid", "profileid", "memberid", "personid")
_ANONYMOUS = ("anonymousid", "visitorid", "deviceid", "sessionid", "clientid")
_EMAILS = ("email", "emailaddress", "useremail", "customeremail", "contactemail")
_NAMES = ("event", "eventtype", "eventname", "type", "topic", "action", "metric")


class NewAdapter(msgspec.Struct, frozen=True, kw_only=True):
    """Files to write, by path below the workspace; what was found where, and what becomes of the sample's fields."""

    root: Path
    name: str
    files: Mapping[str, bytes]
    found: Mapping[str, str]
    fields: Sequence[SourceField]
    events: int


def new_adapter(path: Path, name: str, sample: Path, *, event: str = "") -> NewAdapter:
    """Work out an adapter. Nothing is written. Raises UsageError for a sample that is no JSON or a name that is none.

    The sample is a body, or `{"headers": …, "body": …}`. Without `event`, events are called what the field says that
    looks like a name, or else after the adapter.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"{name!r} cannot be a name", expected="lower-case words joined by _")
    root = find_workspace(path)
    load_workspace(root)
    request = _read_sample(sample)
    each, prefix, item = _items(request)
    found = dict(_found(item, prefix)) if isinstance(item, dict) else {}
    text = _adapter_text(name, event, each=each, prefix=prefix, found=found, is_object=isinstance(item, dict))
    reference = schema_reference({}, "adapters", "adapter", has_schemas=(root / "schemas/adapter.json").is_file())
    text = f"# yaml-language-server: $schema={reference}\n{text}" if reference else text
    spec = _parsed(name, text)
    compiled = compiled_adapter(spec, file=f"adapters/{name}.yaml")
    received_ms = int(dt.datetime.fromisoformat(_RECEIVED).timestamp() * 1000)
    given = request_of_file(request, received_ms=received_ms)
    adapted = compiled.adapt(given, now_ms=received_ms)
    case: dict[str, object] = {"name": f"a request of {name} becomes events", "request": name, "received": _RECEIVED}
    match adapted:
        case Filtered():
            case["filtered"] = True
        case Refusal():
            case["refused"] = {"rule": adapted.rule, "reason": adapted.reason}
        case _:
            case["events"] = [stated(one, with_raw=False) for one in adapted]
    kept = {"headers": request.headers} if request.headers else {}
    kept_sample = {**kept, **({"query": request.query} if request.query else {}), "body": request.body}
    return NewAdapter(
        root=root,
        name=name,
        files={
            f"adapters/{name}.yaml": text.encode(),
            f"samples/requests/{name}.json": msgspec.json.format(msgspec.json.encode(kept_sample), indent=2) + b"\n",
            f"tests/adapters/{name}.yaml": f"{block_text({'adapter': name, 'cases': [case]}).rstrip()}\n".encode(),
        },
        found=found,
        fields=source_coverage(compiled, [given], now_ms=received_ms),
        events=len(adapted) if isinstance(adapted, list) else 0,
    )


def _read_sample(file: Path) -> ForeignRequest:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(file)) from None
    document, findings = read_json(content, str(file))
    if document is None:
        raise UsageError(f"no JSON: {findings[0].message}", where=str(file))
    value = document.value
    if isinstance(value, dict) and "body" in value and value.keys() <= _REQUEST_KEYS:
        try:
            return msgspec.convert(value, ForeignRequest)
        except msgspec.ValidationError as error:
            raise UsageError(f"no request: {error}", where=str(file)) from None
    return ForeignRequest(body=value)


def _items(request: ForeignRequest) -> tuple[str, str, object]:
    """The list of which each item is an event, how an item is called, and the first one; without one, the body."""
    body = request.body
    if isinstance(body, str):
        form = request_of_file(request, received_ms=0).get("form")
        return ("", "$.form", form) if form else ("", "$.text", body)
    if isinstance(body, list):
        return "$.body", "$.item", body[0] if body else {}
    if isinstance(body, dict):
        lists = [key for key, value in body.items() if _is_list_of_objects(value)]
        wanted = [
            key for key in lists if key.lower() in ("events", "items", "data", "batch", "records", "notifications")
        ]
        if len(lists) == 1 and wanted:
            return f"$.body.{wanted[0]}", "$.item", body[wanted[0]][0]
    return "", "$.body", body


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _found(item: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    """By field of the event, the expression for it."""
    leaves = list(_leaves(item, prefix))
    for target, names in (("messageId", _IDS), ("userId", _USERS), ("anonymousId", _ANONYMOUS)):
        place = _place(leaves, names, (str, int))
        if place is not None:
            is_text = isinstance(place[1], str)
            yield target, place[0] if is_text else f"{place[0]} | string"
    place = _place(leaves, _TIMES, (str, int, float))
    if place is not None:
        yield "timestamp", _time_expression(*place)
    place = _place(leaves, _EMAILS, (str,))
    if place is not None:
        yield "context.traits.email", place[0]
    place = _place(leaves, _NAMES, (str,))
    if place is not None:
        yield "event", place[0]


def _time_expression(place: str, value: object) -> str:
    if isinstance(value, str):
        return f"try({place} | iso8601)"
    unit = "ms" if isinstance(value, int | float) and value > 100_000_000_000 else "secs"
    return f"try({place} | number | from_unix_{unit})"


def _place(
    leaves: Sequence[tuple[str, str, object]], names: Sequence[str], kinds: tuple[type, ...]
) -> tuple[str, object] | None:
    """The first field of one of these names, the likeliest name first and the outermost of equal ones."""
    for name in names:
        for path, key, value in leaves:
            is_right = isinstance(value, kinds) and not isinstance(value, bool) and value != ""
            if is_right and re.sub(r"[^a-z]", "", key.lower()) == name:
                return path, value
    return None


def _leaves(value: Mapping[str, object], prefix: str, depth: int = 0) -> Iterator[tuple[str, str, object]]:
    """Scalars with their paths, outer ones before inner ones."""
    inner: list[tuple[str, Mapping[str, object]]] = []
    for key, one in value.items():
        plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key)
        path = f"{prefix}.{key}" if plain else f"{prefix}.{msgspec.json.encode(key).decode()}"
        if isinstance(one, dict):
            inner.append((path, one))
        elif not isinstance(one, list):
            yield path, key, one
    for path, one in inner if depth < _MOST_DEPTH else ():
        yield from _leaves(one, path, depth + 1)


def _adapter_text(name: str, event: str, *, each: str, prefix: str, found: Mapping[str, str], is_object: bool) -> str:
    title = name.replace("_", " ").capitalize()
    lines = [f"adapter: {name}", "version: 1", f"description: Say what {title} sends, and what for."]
    lines += ["docs: []", *([f"each: {each}"] if each else []), "events:", "  received:"]
    if event:
        lines.append(f"    event: {expression_text(event)}")
    else:
        lines.append("    type: track")
    lines += ["    note: Name events after what happened, such as Form Submitted, with a rule and a `when` for each.",
              "    fields:"]  # fmt: skip
    fields = {key: value for key, value in found.items() if key != "event"}
    if not event:
        named = found.get("event")
        fields = {
            "event": f'try({named} | title_case) ?? "{title} Received"' if named else f"= {title} Received",
            **fields,
        }
    fields["properties"] = prefix if is_object else f"{{value: {prefix}}}"
    lines += [f"      {target}: {expression_text(expression)}" for target, expression in fields.items()]
    return "\n".join(lines) + "\n"


def _parsed(name: str, text: str) -> AdapterFile:
    document, findings = read_yaml(text.encode(), f"adapters/{name}.yaml")
    spec, more = to_struct(document, KINDS["adapter"]) if document is not None else (None, findings)
    if not isinstance(spec, AdapterFile):
        raise UsageError(f"no adapter can be drafted of this sample: {more[0].message}", where=f"adapters/{name}.yaml")
    return spec
