"""Dead letters as people look at them: deliveries that were given up on, and events in quarantine, in one list.

An event in quarantine breaks its contract, and no integration gets it: it is the dead letter of all of them. Its class
is `contract`, it belongs to no lane, and its id names its place in the log (`q-0-1234`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from paceline.assemble.dead_letter_classes import Action, facts_of
from paceline.assemble.housekeeping import DAY_MS
from paceline.assemble.lanes import lane_topic
from paceline.assemble.opening import OpenWorkspace
from paceline.contracts.versions import Version
from paceline.errors import UnknownNameError
from paceline.model.contract import Owner
from paceline.model.delivery import DeadLetter, DeadLetterClass, Fate, LetterState, Outcome, OutcomeClass
from paceline.model.record import PartitionEnds, Position, Record
from paceline.ports.bus import Bus
from paceline.ports.store import CONTRACT_RULES, DeadLetterFilter, Exclusion, Store
from paceline.runtime.process import EVENTS_TOPIC

NOBODY = "nobody"
MOST_EXCLUSIONS_LOOKED_AT = 100_000


class LetterView(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter with who has to act, what to do and where to read more.

    `runbooks` are pages of the documentation and files of the workspace. `is_kept` says that its event is still there:
    only then can it be sent again. `expires_ms` is when the letter is forgotten.
    """

    letter: DeadLetter
    owner: str
    next_action: Action
    runbooks: Sequence[str]
    is_kept: bool
    expires_ms: int


async def list_letters(opened: OpenWorkspace, bus: Bus, store: Store, which: DeadLetterFilter) -> list[LetterView]:
    """Dead letters that a filter names, of lanes and in quarantine, newest first."""
    found = [] if which.letter_class == DeadLetterClass.CONTRACT else list(await store.dead_letters(which))
    found += [letter_of_exclusion(one) for one in await quarantined(store, which)]
    found.sort(key=lambda letter: letter.last_failed_ms, reverse=True)
    found = found[: which.limit]
    ends = await bus.ends(EVENTS_TOPIC)
    in_log = {one.position for one in found if _is_between(one.position, ends)}
    kept = await fetch_events(opened, bus, [one for one in found if one.position not in in_log])
    return [view_of(opened, letter, is_kept=letter.position in in_log or letter.position in kept) for letter in found]


async def find_letter(
    opened: OpenWorkspace, bus: Bus, store: Store, delivery_id: str
) -> tuple[LetterView, Record | None]:
    """The dead letter of that id, whatever has become of it, with its event. Raises UnknownNameError."""
    views = await list_letters(opened, bus, store, DeadLetterFilter(delivery_ids=[delivery_id], state=None))
    if not views:
        known = await list_letters(opened, bus, store, DeadLetterFilter(state=None, limit=1000))
        raise UnknownNameError("dead letter", delivery_id, [one.letter.delivery_id for one in known])
    letter = views[0].letter
    return views[0], (await fetch_events(opened, bus, [letter])).get(letter.position)


async def quarantined(store: Store, which: DeadLetterFilter) -> list[Exclusion]:
    """Events in quarantine that a filter names, newest first; none when it is about an integration or a status."""
    is_about_lanes = which.lane is not None or which.status is not None or which.replay_job is not None
    if is_about_lanes or which.letter_class not in {None, DeadLetterClass.CONTRACT}:
        return []
    found = await store.exclusions(fate=Fate.REJECTED, limit=MOST_EXCLUSIONS_LOOKED_AT)
    return [one for one in found if one.rule.startswith(CONTRACT_RULES) and _is_wanted(one, which)][: which.limit]


def letter_of_exclusion(one: Exclusion) -> DeadLetter:
    """An event in quarantine as a dead letter."""
    state = LetterState.RESOLVED if one.replayed_ms else LetterState.OPEN
    contract = one.rule.removeprefix(CONTRACT_RULES)
    name, _, rest = contract.partition("/")
    return DeadLetter(
        delivery_id=_quarantine_id(one),
        lane="",
        position=one.position,
        key="",
        event_id=one.event_id,
        event_name=one.event_name,
        source=one.source,
        mapping="",
        letter_class=DeadLetterClass.CONTRACT,
        outcome=Outcome(outcome_class=OutcomeClass.PERMANENT, vendor_code=one.rule, message=one.detail),
        attempts=0,
        first_failed_ms=one.at_ms,
        last_failed_ms=one.at_ms,
        contract=f"{name}/{rest.partition('/')[0]}" if rest else name,
        state=LetterState.DISCARDED if one.discarded_ms else state,
        note=one.note,
    )


def _is_between(position: Position, ends: Mapping[int, PartitionEnds]) -> bool:
    end = ends.get(position.partition)
    return end is not None and end.first <= position.offset < end.next


def view_of(opened: OpenWorkspace, letter: DeadLetter, *, is_kept: bool) -> LetterView:
    """The letter with what the workspace knows about it."""
    facts = facts_of(letter.letter_class)
    own = _own_runbook(opened, letter)
    return LetterView(
        letter=letter,
        owner=_owner(opened, letter),
        next_action=facts.action if is_kept else Action.DISCARD,
        runbooks=[facts.runbook, *([own] if own else [])],
        is_kept=is_kept,
        expires_ms=letter.last_failed_ms + int(opened.workspace.settings.retention.dead_letters_days * DAY_MS),
    )


async def fetch_events(opened: OpenWorkspace, bus: Bus, letters: Iterable[DeadLetter]) -> dict[Position, Record]:
    """The events of dead letters, by place, as far as the log that their lanes read still has them."""
    by_topic: dict[str, set[Position]] = defaultdict(set)
    for letter in letters:
        by_topic[topic_of(opened, letter.lane)].add(letter.position)
    records: dict[Position, Record] = {}
    for topic, places in by_topic.items():
        records |= await bus.fetch(topic, sorted(places))
    return records


async def fetch_quarantined(bus: Bus, excluded: Iterable[Exclusion]) -> Mapping[Position, Record]:
    """Events in quarantine, by place, as far as they are kept."""
    return await bus.fetch(EVENTS_TOPIC, sorted(one.position for one in excluded))


def topic_of(opened: OpenWorkspace, lane: str) -> str:
    """The topic that a lane reads; that of raw events for one that is no longer in the workspace."""
    integration = opened.workspace.integrations.get(lane)
    return EVENTS_TOPIC if integration is None else lane_topic(integration)


def _is_wanted(one: Exclusion, which: DeadLetterFilter) -> bool:
    letter = letter_of_exclusion(one)
    return (
        which.state in {None, letter.state}
        and which.source in {None, one.source}
        and which.event_name in {None, one.event_name}
        and (which.since_ms is None or one.at_ms >= which.since_ms)
        and (which.until_ms is None or one.at_ms < which.until_ms)
        and (which.delivery_ids is None or letter.delivery_id in which.delivery_ids)
    )


def _quarantine_id(one: Exclusion) -> str:
    return f"q-{one.position.partition}-{one.position.offset}"


def _owner(opened: OpenWorkspace, letter: DeadLetter) -> str:
    if letter.letter_class is not DeadLetterClass.CONTRACT:
        integration = opened.workspace.integrations.get(letter.lane)
        return NOBODY if integration is None else _named(integration.owner)
    versions = opened.workspace.contracts.get(letter.contract.partition("/")[0])
    if not versions:
        return NOBODY
    return _named(versions[max(versions, key=Version.parse)].owner)


def _named(owner: Owner) -> str:
    return f"{owner.team} ({owner.role})"


def _own_runbook(opened: OpenWorkspace, letter: DeadLetter) -> str:
    integration = opened.workspace.integrations.get(letter.lane)
    return integration.runbook or "" if integration is not None else ""
