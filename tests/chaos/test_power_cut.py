"""Power is lost at random moments under load: what was answered with 200 is there when the system starts again.

`PACELINE_SOAK=1` (or `make soak`) makes a hundred cuts instead of ten.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from disk_recorder import Cut, DiskRecorder, Playback, count_answers
from load_client import LoadClient
from receipts import find_breaches
from scene import Scene, receipts_in
from workspaces import WEBHOOK_ACTIONS, stored_records, write_webhooks

from paceline.testing.system import PACELINE

pytestmark = pytest.mark.slow

IS_SOAK = bool(os.environ.get("PACELINE_SOAK"))
CUTS = 100 if IS_SOAK else 10
LOAD_SECS = 10.0 if IS_SOAK else 2.0
CLIENTS = 3
MAX_IN_FLIGHT = 100
LOG = "/events.db-wal"
PROGRAMS = Path(__file__).parent / "programs"
UNSYNCED = (sys.executable, str(PROGRAMS / "unsynced_commit.py"))
FAIL_EVERY = 7


@dataclass(frozen=True)
class Run:
    """Some seconds of load, recorded, at whose end everything was killed."""

    recorder: DiskRecorder
    acknowledged: set[str]
    others: set[str]
    refusals: list[str]


@pytest.fixture(scope="module")
def healthy(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return record(tmp_path_factory.mktemp("healthy"), library)


@pytest.fixture(scope="module")
def unsynced(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return record(tmp_path_factory.mktemp("unsynced"), library, program=UNSYNCED)


@pytest.fixture(scope="module")
def failing(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return record(tmp_path_factory.mktemp("failing"), library, fail_every=FAIL_EVERY)


def record(folder: Path, library: Path, *, program: tuple[str, ...] = PACELINE, fail_every: int = 0) -> Run:
    root = folder / "before"
    workspace = write_webhooks(root / "workspace", max_in_flight=MAX_IN_FLIGHT)
    recorder = DiskRecorder(root, folder / "journal", library)
    with recorder.preloaded(), Scene(workspace, root, gateway_program=program) as scene:
        clients = [LoadClient(scene.port, name=f"cut-client-{n}", resends=True) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(LOAD_SECS / 2)
        recorder.fail_syncs(fail_every)
        time.sleep(LOAD_SECS / 2)
        recorder.fail_syncs(0)
        for client in clients:
            client.stop()
    return Run(
        recorder=recorder,
        acknowledged=set().union(*(client.acknowledged for client in clients)),
        others=set().union(*(client.unanswered | client.refused for client in clients)),
        refusals=[refusal for client in clients for refusal in client.refusals],
    )


def cuts_of(run: Run, count: int) -> list[Cut]:
    """Cuts at random moments, from the first file that is made to the end."""
    chance = random.Random(5)
    last = sum(1 for _ in run.recorder.recorded())
    playback = Playback(run.recorder, outside=str(run.recorder.root / "vendors/received.jsonl"))
    return list(playback.cuts([chance.randrange(last) for _ in range(count)], chance))


def restore(cut: Cut, run: Run, folder: Path) -> Path:
    """A fresh folder with the workspace and what the cut has left of its data; returns the workspace."""
    files = run.recorder.root / "workspace"
    shutil.copytree(files, folder / "workspace", ignore=shutil.ignore_patterns(".paceline"))
    cut.restore(run.recorder.root, folder)
    return folder / "workspace"


def breaches_after(cut: Cut, run: Run, folder: Path, *, most_doubled: int) -> list[str]:
    """Start everything on what the cut has left, let it deliver, and count both lives together."""
    with Scene(restore(cut, run, folder), folder) as scene:
        ledgers = scene.drain()
        after = scene.receipts()
        breaches = scene.damaged_files()
    before = receipts_in(cut.received.decode().splitlines())
    breaches += [f"{name} does not add up" for name, ledger in ledgers.items() if not ledger["adds_up"]]
    for action in WEBHOOK_ACTIONS:
        breaches += find_breaches(
            before[action] + after[action],
            acknowledged=cut.acknowledged,
            unanswered=run.acknowledged | run.others,
            most_doubled=most_doubled,
        )
    return breaches


def check_cuts(run: Run, folder: Path, *, count: int, most_doubled: int) -> None:
    cuts = cuts_of(run, count)
    found = {
        f"cut at step {cut.number}, {cut.survival:.0%} of what was not synced is left": breaches
        for number, cut in enumerate(cuts)
        if (breaches := breaches_after(cut, run, folder / f"after-{number}", most_doubled=most_doubled))
    }
    print(f"{len(cuts)} cuts, {[len(cut.acknowledged) for cut in cuts]} events acknowledged before each")
    assert found == {}
    assert sum(len(cut.acknowledged) for cut in cuts) > 50 * len(cuts), "too little load to mean anything"


def test_loss_of_power_loses_nothing_that_was_acknowledged(healthy: Run, tmp_path: Path) -> None:
    check_cuts(healthy, tmp_path, count=CUTS, most_doubled=MAX_IN_FLIGHT)


def test_the_count_finds_what_a_commit_without_sync_loses(unsynced: Run, tmp_path: Path) -> None:
    lost = 0
    for number, cut in enumerate(cut for cut in cuts_of(unsynced, 8) if cut.survival < 1):
        stored = {record.id for record in stored_records(restore(cut, unsynced, tmp_path / f"after-{number}"))}
        lost += len(cut.acknowledged - stored)
    assert lost > 0


def test_every_answer_follows_the_sync_of_what_it_acknowledges(healthy: Run) -> None:
    answers = count_answers(healthy.recorder, LOG)
    print(answers)
    assert answers == {"covered": len(healthy.acknowledged)}


def test_answers_of_a_commit_without_sync_are_seen_to_be_early(unsynced: Run) -> None:
    assert count_answers(unsynced.recorder, LOG)["early"] > 0


def test_failed_sync_is_never_followed_by_an_answer_for_what_it_covered(failing: Run) -> None:
    print(f"{failing.recorder.failed_syncs} syncs failed, {len(failing.refusals)} requests refused")
    assert failing.recorder.failed_syncs > 0
    assert failing.refusals
    assert {refusal[:3] for refusal in failing.refusals} == {"503"}
    assert count_answers(failing.recorder, LOG) == {"covered": len(failing.acknowledged)}


def test_loss_of_power_after_failed_syncs_loses_nothing_that_was_acknowledged(failing: Run, tmp_path: Path) -> None:
    most_doubled = MAX_IN_FLIGHT * (1 + failing.recorder.failed_syncs)
    check_cuts(failing, tmp_path, count=CUTS // 3, most_doubled=most_doubled)
