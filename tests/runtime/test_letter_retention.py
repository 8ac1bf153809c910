"""Dead letters stay replayable for their own time, however soon the log lets go of their events."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from buried import FIRST_MS, LANE, bury, letters_of, run

from paceline.assemble.housekeeping import DAY_MS, House, housekeeping
from paceline.assemble.inspection import inspect
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.storage import open_kept_events
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.kept.memory import MemoryKeptEvents
from paceline.drivers.kept.sqlite import SqliteKeptEvents
from paceline.model.record import Position, Record
from paceline.model.settings import LetterRetention
from paceline.observe.telemetry import Telemetry
from paceline.ports.bus import Bus
from paceline.ports.kept import KeptEvents
from paceline.ports.store import Store
from paceline.runtime.clock import SystemClock

LETTERS = 8


class LaterClock(SystemClock):
    """A clock some days after the first letter."""

    def __init__(self, days: float) -> None:
        self._now_ms = FIRST_MS + int(days * DAY_MS)

    def now_ms(self) -> int:
        return self._now_ms


def keep_house(workspace: Path, *, days: float = 10.0, max_bytes: int = 1024**3) -> tuple[int, str]:
    """One round, so many days after the letters, with a log that keeps nothing; where the log begins, what was told."""
    told = io.StringIO()

    async def work(opened: OpenWorkspace, _: Bus, store: Store) -> int:
        log = SqliteBus(workspace / ".paceline/bus", now_ms=lambda: SystemClock().now_ms() + 400 * DAY_MS)
        house = House(
            bus=log,
            store=store,
            kept=open_kept_events(opened.workspace.path, opened.workspace.settings.store),
            clock=LaterClock(days),
            telemetry=Telemetry(told),
            retention=LetterRetention(dead_letters_max_bytes=max_bytes),
        )
        await housekeeping(house)()
        first = sum(end.first for end in (await log.ends("events")).values())
        await log.close()
        return first

    return inspect(workspace, work), told.getvalue()


def kept_bytes(workspace: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted((workspace / ".paceline").glob("kept_events.db*")))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return bury(tmp_path / "shop", LETTERS)


def test_letter_whose_event_has_left_the_log_is_shown_and_sent_again(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keep_house(workspace)[0] == LETTERS
    letters = run(capsys, "dlq", "list", str(workspace), "--json").json
    assert [letter["is_kept"] for letter in letters] == [True] * LETTERS
    shown = run(capsys, "dlq", "show", letters[0]["delivery_id"], str(workspace), "--json").json
    assert shown["event"]["userId"] == "u7"
    done = run(capsys, "dlq", "replay", str(workspace), "--where", "properties.total > 3", "--json").json
    assert (done["replayed"], done["gone"], done["left_out"]) == (4, 0, 4)


def test_copy_stays_while_its_delivery_is_on_its_way_again(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_house(workspace)
    run(capsys, "dlq", "replay", str(workspace))
    keep_house(workspace)
    assert b"u7@example.com" in kept_bytes(workspace)


def test_copy_is_wiped_when_its_letter_is_discarded(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_house(workspace)
    assert b"u7@example.com" in kept_bytes(workspace)
    run(capsys, "dlq", "discard", str(workspace), "--where", "userId == 'u7'", "--reason", "bots")
    keep_house(workspace)
    assert b"u7@example.com" not in kept_bytes(workspace)
    assert b"u6@example.com" in kept_bytes(workspace)


def test_letters_are_forgotten_with_their_copies_after_their_own_time(workspace: Path) -> None:
    keep_house(workspace)
    keep_house(workspace, days=29.9)
    assert len(letters_of(workspace)) == LETTERS
    keep_house(workspace, days=30.1)
    assert letters_of(workspace) == []
    assert b"@example.com" not in kept_bytes(workspace)


def test_events_of_no_letter_are_not_copied(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "dlq", "discard", str(workspace), "--all", "--reason", "none is needed")
    assert keep_house(workspace)[0] == LETTERS
    assert kept_bytes(workspace) == b""


def test_copies_beyond_their_limit_go_and_that_is_told(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = keep_house(workspace, max_bytes=1200)
    assert '"event":"dead_letters.events_dropped"' in told
    kept = [letter["is_kept"] for letter in run(capsys, "dlq", "list", str(workspace), "--json").json]
    assert 0 < sum(kept) < LETTERS
    assert kept == sorted(kept, reverse=True)
    done = run(capsys, "dlq", "replay", str(workspace), "--integration", LANE, "--json").json
    assert (done["replayed"], done["gone"]) == (sum(kept), LETTERS - sum(kept))


@pytest.fixture(params=["memory", "sqlite"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> KeptEvents:
    return MemoryKeptEvents() if request.param == "memory" else SqliteKeptEvents(tmp_path / "kept_events.db")


def test_copies_come_back_by_topic_and_place_until_they_are_forgotten(kept: KeptEvents) -> None:
    import asyncio

    async def story() -> None:
        first, second = Position(0, 7), Position(1, 7)
        records = {
            place: Record(id=f"m{place.partition}", source="web", type="identify", key="u", received_ms=1, data=b"{}")
            for place in (first, second)
        }
        assert await kept.fetch("events", [first]) == {}
        assert (await kept.kept_bytes()).events == 0
        await kept.keep("events", records)
        await kept.keep("events", records)
        await kept.keep("canonical", {first: records[first]})
        assert await kept.fetch("events", [second, Position(2, 7), first]) == records
        assert await kept.fetch("canonical", [first, second]) == {first: records[first]}
        assert (list(await kept.places()), (await kept.kept_bytes()).events) == ([first, second], 3)
        await kept.forget([first])
        assert await kept.fetch("canonical", [first]) == {}
        assert list(await kept.places()) == [second]

    asyncio.run(story())
