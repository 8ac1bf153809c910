"""Changes of payloads as text for a terminal and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.assemble.contract_tests.report import value_text
from paceline.assemble.payload_changes import PayloadChange, PayloadChanges, changed_mappings

MAX_MARKDOWN = 60_000
"""GitHub takes comments of 65,536 characters."""
_most_values = 60
_most_characters = 300


def payloads_text(changes: PayloadChanges) -> Iterator[tuple[str, str]]:
    """The changes for a terminal, line by line, each with its kind: title, event, place, before, after or note."""
    for mapping, integration, found in changed_mappings(changes):
        yield "title", f"{mapping} -> {integration or 'no integration'}"
        for change in found:
            yield "event", f"  {change.event}: {_summary(change)}"
            for difference in change.differences if _is_compared(change) else ():
                yield "place", f"    {difference.path}"
                yield "before", f"      - {value_text(difference.expected)}"
                yield "after", f"      + {value_text(difference.got)}"
    if changes.without_effect:
        yield "note", f"changed without changing a payload: {', '.join(changes.without_effect)}"


def payloads_markdown(changes: PayloadChanges, *, revision: str) -> str:
    """The changes as a pull-request comment."""
    if not changes.changed:
        lines = [f"**No vendor payload changed** since `{revision}` ({changes.compared} compared).", ""]
    else:
        count = _count(len(changes.changed), "payload")
        lines = [f"### Vendor payloads that change since `{revision}`: {count} of {changes.compared} compared", ""]
    used = 0
    groups = list(changed_mappings(changes))
    for number, (mapping, integration, found) in enumerate(groups):
        block = "\n".join(_markdown_lines(mapping, integration, found))
        if used + len(block) > MAX_MARKDOWN:
            left = sum(len(others) for _, _, others in groups[number:])
            lines += [f"…and {_count(left, 'payload')} more; see them with `paceline diff --base {revision}`.", ""]
            break
        used += len(block)
        lines.append(block)
    if changes.without_effect:
        names = ", ".join(f"`{name}`" for name in changes.without_effect)
        lines += [f"Changed without changing a payload of a sample or a test: {names}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _markdown_lines(mapping: str, integration: str, changes: Sequence[PayloadChange]) -> Iterator[str]:
    yield f"#### `{mapping}` → {f'integration `{integration}`' if integration else 'no integration'}"
    yield ""
    for change in changes:
        is_open = " open" if change is changes[0] else ""
        yield f"<details{is_open}><summary>{_html(change.event)}: {_html(_summary(change))}</summary>"
        yield ""
        if _is_compared(change):
            yield "| place | before | after |"
            yield "|---|---|---|"
            for difference in change.differences[:_most_values]:
                yield f"| {_code(difference.path)} | {_cell(difference.expected)} | {_cell(difference.got)} |"
            if len(change.differences) > _most_values:
                yield f"| and {len(change.differences) - _most_values} more | | |"
        else:
            yield from _json(change.after if change.after is not None else change.before)
        yield ""
        yield "</details>"
        yield ""


def _is_compared(change: PayloadChange) -> bool:
    """Whether both sides have the same sort of outcome, so that single values tell the change."""
    return change.before is not None and change.after is not None and change.before.keys() == change.after.keys()


def _summary(change: PayloadChange) -> str:
    if change.before is None:
        return f"new: {_outcome(change.after)}"
    if change.after is None:
        return f"no longer; it was {_outcome(change.before)}"
    if _is_compared(change):
        return f"{_count(len(change.differences), 'value')} differ{'s' if len(change.differences) == 1 else ''}"
    return f"was {_outcome(change.before)}, is {_outcome(change.after)}"


def _outcome(outcome: Mapping[str, object] | None) -> str:
    """What became of an event, in a word or two."""
    for name, value in (outcome or {}).items():
        if name in {"requests", "payload"}:
            return "delivered"
        if isinstance(value, dict):
            because = ", ".join(str(part) for part in value.values() if part)
            return f"{name} ({because})"
    return "nothing"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _json(value: object) -> Iterator[str]:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    fence = "```" if "```" not in text else "`````"
    yield f"{fence}json"
    yield text if len(text) <= MAX_MARKDOWN // 10 else text[: MAX_MARKDOWN // 10] + "\n…"
    yield fence


def _cell(value: object) -> str:
    return "" if value is msgspec.UNSET else _code(value_text(value))


def _code(text: str) -> str:
    """Text between backticks that holds in a table."""
    short = text if len(text) <= _most_characters else text[: _most_characters - 1] + "…"
    fence = "``" if "`" in short else "`"
    pad = " " if "`" in short else ""
    return f"{fence}{pad}{short}{pad}{fence}".replace("|", "\\|")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
