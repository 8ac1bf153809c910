"""The options that choose dead letters, the same in every command, and what they come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from paceline.assemble.opening import OpenWorkspace
    from paceline.ports.store import DeadLetterFilter, Store

Command = TypeVar("Command", bound=Callable[..., Any])

ALL = 1_000_000_000
"""The limit of those who want everything."""

_OPTIONS = (
    click.option("--integration", help="Only this integration's."),
    click.option(
        "--class",
        "letter_class",
        help="Only this class: contract, mapping, vendor_permanent, vendor_exhausted, auth or internal.",
    ),
    click.option(
        "--status", type=click.IntRange(0, 999), help="Only those with this HTTP status at last; 0: no answer."
    ),
    click.option(
        "--since", help="Failed last (or, from the log, received) at or after: a day, a time, or an age (7d)."
    ),
    click.option("--until", help="… and before: a day, a time, or an age."),
    click.option("--source", help="Only events of this source."),
    click.option("--event", help="Only events of this name, such as 'Order Completed', or identify, page, …"),
    click.option("--delivery", "delivery_ids", multiple=True, help="Only this delivery; may be given several times."),
)


_REPLAY_OPTIONS = (
    click.option("--where", default="", help="Only those whose event fulfills this, such as 'properties.total > 100'."),
    click.option(
        "--mappings-at",
        "revision",
        default="",
        metavar="REVISION",
        help="Use the mappings of this git revision, not today's.",
    ),
    click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="So many a second at most."),
    click.option("--limit", type=click.IntRange(1), help="So many at most, the newest first."),
    click.option("--dry-run", is_flag=True, help="Only count, and show a few payloads without their values."),
    click.option("--reason", default="", help="Why; goes into the audit log."),
    click.option("--yes", is_flag=True, help="Do not ask before a large replay."),
)


class LetterChoice(NamedTuple):
    """What the options say, as it was written."""

    integration: str | None
    letter_class: str | None
    status: int | None
    since: str | None
    until: str | None
    source: str | None
    event: str | None
    delivery_ids: tuple[str, ...]

    def is_everything(self) -> bool:
        """Whether nothing narrows it down."""
        return not any(self)

    def summary(self) -> str:
        """For people and for the audit log: what was asked for."""
        said = [f"{name.rstrip('s')}={value}" for name, value in self._asdict().items() if value not in {None, ()}]
        return " ".join(said) or "all"


def letter_options(command: Command) -> Command:
    """Add the options that choose dead letters to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def replay_options(command: Command) -> Command:
    """Add the options that say how something is sent again."""
    for option in reversed(_REPLAY_OPTIONS):
        command = option(command)
    return command


async def choose(opened: OpenWorkspace, store: Store, choice: LetterChoice, *, limit: int = ALL) -> DeadLetterFilter:
    """The filter that the options come to. Raises UsageError for what cannot be meant."""
    from paceline.cli.times import parse_time, to_ms
    from paceline.errors import UnknownNameError, UsageError
    from paceline.model.delivery import DeadLetterClass
    from paceline.ports.store import DeadLetterFilter

    now = dt.datetime.now(dt.UTC)
    since = parse_time(choice.since, now, option="--since") if choice.since else None
    until = parse_time(choice.until, now, option="--until") if choice.until else None
    if since is not None and until is not None and since >= until:
        raise UsageError(
            "nothing lies between --since and --until",
            expected=f"--since before --until, not {since.isoformat()} and {until.isoformat()}",
        )
    classes = [one.value for one in DeadLetterClass]
    if choice.letter_class is not None and choice.letter_class not in classes:
        raise UnknownNameError("class of dead letters", choice.letter_class, classes, where="--class")
    which = DeadLetterFilter(
        lane=choice.integration,
        letter_class=choice.letter_class,
        delivery_ids=list(choice.delivery_ids) or None,
        status=choice.status,
        source=choice.source,
        event_name=None if choice.event is None else event_type(choice.event),
        since_ms=None if since is None else to_ms(since),
        until_ms=None if until is None else to_ms(until),
        limit=limit,
    )
    integrations, sources = opened.workspace.integrations, opened.workspace.settings.sources
    if which.lane is not None and which.lane not in integrations and which.lane not in await store.lanes():
        raise UnknownNameError("integration", which.lane, integrations, where="--integration")
    if which.source is not None and which.source not in sources:
        of_source = DeadLetterFilter(source=which.source, state=None, limit=1)
        if not await store.dead_letters(of_source):
            raise UnknownNameError("source", which.source, sources, where="--source")
    return which


def event_type(event: str) -> str:
    """The type of records that a name on the command line means.

    >>> event_type("Order Completed"), event_type("identify")
    ('track:Order Completed', 'identify')
    """
    from paceline.delivery.plan import TRACK_PREFIX
    from paceline.model.event import EventType

    is_type = event.startswith(TRACK_PREFIX) or event in {one.value for one in EventType if one is not EventType.TRACK}
    return event if is_type else TRACK_PREFIX + event
