"""Contract changes as text for a terminal and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from paceline.contracts.compatibility import Comparison, Verdict
from paceline.workspace.contract_changes import ChangeKind, Consumer, ContractChange

_TITLES = {
    ChangeKind.NEW_CONTRACT: "new contract",
    ChangeKind.NEW_VERSION: "new version",
    ChangeKind.EDITED: "edited in place",
    ChangeKind.DEPRECATED: "deprecated",
    ChangeKind.REMOVED: "removed",
}
_most_changes = 20


def changes_text(changes: Sequence[ContractChange]) -> str:
    """The changes for a terminal; empty without any."""
    return "\n".join(line for change in changes for line in _text_lines(change))


def changes_markdown(changes: Sequence[ContractChange], *, revision: str) -> str:
    """The changes as a pull-request comment."""
    if not changes:
        return f"**No contract changed** since `{revision}`.\n"
    breaking = sum(change.is_breaking for change in changes)
    verdict = f"**{breaking} breaking**" if breaking else "none breaking"
    lines = [f"### Contract changes since `{revision}`: {len(changes)}, {verdict}", ""]
    for change in changes:
        lines += _markdown_lines(change)
    return "\n".join(lines).rstrip() + "\n"


def _headline(change: ContractChange) -> str:
    since = f" (was {change.since})" if change.since and change.since != change.version else ""
    return f"{change.contract} {change.version}{since}: {_TITLES[change.kind]}"


def _text_lines(change: ContractChange) -> Iterator[str]:
    yield f"{'BREAKS ' if change.is_breaking else '       '}{_headline(change)}"
    for line in _facts(change):
        yield f"         {line}"
    for consumer in change.consumers:
        yield f"         used by {_consumer(consumer)}"
    yield f"         ask {_ask(change.owner, change.on_call)}"


def _markdown_lines(change: ContractChange) -> Iterator[str]:
    yield f"#### {'🔴' if change.is_breaking else '🟢'} `{change.contract}` {_headline(change).partition(' ')[2]}"
    yield ""
    for line in _facts(change, is_markdown=True):
        yield f"  - {line.strip()}" if line.startswith("  ") else f"- {line}"
    for consumer in change.consumers:
        yield f"- used by {_consumer(consumer)}"
    yield f"- ask {_ask(change.owner, change.on_call)}"
    for comparison, title in (
        (change.backward, "An event that fitted before"),
        (change.forward, "A new event that old readers refuse"),
    ):
        if comparison is not None and comparison.counterexample is not None:
            event = msgspec.json.format(msgspec.json.encode(comparison.counterexample.event), indent=2).decode()
            yield ""
            yield f"<details><summary>{title}</summary>"
            yield ""
            yield f"```json\n{event}\n```"
            yield ""
            yield "</details>"
    yield ""


def _facts(change: ContractChange, *, is_markdown: bool = False) -> Iterator[str]:
    if change.kind is ChangeKind.EDITED:
        yield "a version that was there before must not change: give the change a version of its own"
    if change.kind is ChangeKind.REMOVED:
        yield "events that name this version end in quarantine"
    if change.problem:
        yield change.problem
    if change.backward is not None:
        yield _side(
            change.backward, "events of the version before still fit", "events of the version before no longer fit"
        )
        yield from _details(change.backward, show_event=not is_markdown)
    if change.forward is not None and change.forward.verdict is not Verdict.COMPATIBLE:
        yield _side(change.forward, "", "readers of the version before do not understand every new event")
        yield from _details(change.forward, show_event=not is_markdown)
    if change.bump and change.kind is ChangeKind.NEW_VERSION:
        yield f"the change is a {change.bump} one"


def _side(comparison: Comparison, good: str, bad: str) -> str:
    match comparison.verdict:
        case Verdict.COMPATIBLE:
            return good
        case Verdict.INCOMPATIBLE:
            return bad
        case _:
            return f"not decided whether {bad or good}, so take it that they do not: {'; '.join(comparison.undecided)}"


def _details(comparison: Comparison, *, show_event: bool) -> Iterator[str]:
    breaking = [change for change in comparison.changes if change.breaks]
    for change in breaking[:_most_changes]:
        yield f"  {change.kind} at {change.pointer or '/'}"
    if len(breaking) > _most_changes:
        yield f"  and {len(breaking) - _most_changes} more"
    example = comparison.counterexample
    if example is not None:
        refused = "; ".join(f"{one.pointer or '/'}: {one.message}" for one in example.violations[:3])
        if show_event:
            yield f"  such as {msgspec.json.encode(example.event).decode()}"
        yield f"  refused because {refused}"


def _consumer(consumer: Consumer) -> str:
    range_note = "" if consumer.takes else ", whose version range leaves it out"
    if not consumer.integration:
        return f"mapping {consumer.mapping} (in no integration){range_note}"
    owner = _ask(consumer.owner, consumer.on_call)
    return f"integration {consumer.integration} ({consumer.stage}) by mapping {consumer.mapping}{range_note}; {owner}"


def _ask(team: str, on_call: str) -> str:
    return f"{team} ({on_call})" if on_call else team
