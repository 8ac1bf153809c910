"""`paceline dlq` and `paceline replay`, on a workspace with dead letters on disk."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
from buried import EVENT, LANE, OTHER_LANE, bury, letters_of, look, run

from paceline.assemble.audit import open_audit_log
from paceline.assemble.dead_letter_classes import facts_of
from paceline.delivery.plan import make_delivery_id
from paceline.drivers.store.sqlite import SqliteStore
from paceline.model.delivery import DeadLetterClass, Fate, Parked
from paceline.observe.ledger import balance
from paceline.ports.bus import Bus
from paceline.ports.store import AdmissionCommit, DeadLetterFilter, Exclusion, Store

ROOT = Path(__file__).parents[2]
LETTERS = 9
OTHER_MAPPING = "mappings/order_completed.send.yaml"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return bury(tmp_path / "shop", LETTERS)


def parked(workspace: Path, lane: str = LANE) -> list[Parked]:
    async def ask(_: Bus, store: Store) -> list[Parked]:
        return list(await store.parked(lane, limit=10_000))

    return look(workspace, ask)


def adds_up(workspace: Path) -> bool:
    async def ask(bus: Bus, store: Store) -> bool:
        ends = await bus.ends("events")
        return all(balance(name, state, ends).adds_up for name, state in (await store.lanes()).items())

    return look(workspace, ask)


def counts(workspace: Path) -> dict[str, int]:
    async def ask(_: Bus, store: Store) -> dict[str, int]:
        state = (await store.lanes())[LANE]
        return {f"{count.fate}.{count.rule}": number for count, number in state.counts.items()}

    return look(workspace, ask)


def audited(workspace: Path) -> list[tuple[str, str]]:
    log = open_audit_log(workspace, {})
    assert not log.verify().faults
    return [(one.entry.what, one.entry.reason) for one in log.records()]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], 9),
        (["--class", "vendor_permanent"], 3),
        (["--status", "503"], 6),
        (["--integration", LANE], 9),
        (["--integration", OTHER_LANE], 0),
        (["--source", "web"], 9),
        (["--event", "Order Completed"], 9),
        (["--event", EVENT], 9),
        (["--event", "identify"], 0),
        (["--since", "2023-11-14T22:18:00Z"], 4),
        (["--until", "2023-11-14T22:18:00Z"], 5),
        (["--since", "1d"], 0),
        (["--delivery", make_delivery_id("web", LANE, "m2"), "--delivery", make_delivery_id("web", LANE, "m4")], 2),
        (["--state", "discarded"], 0),
        (["--state", "all"], 9),
        (["--limit", "2"], 2),
    ],
)
def test_list_shows_what_every_condition_holds_for(
    workspace: Path, capsys: pytest.CaptureFixture[str], options: list[str], found: int
) -> None:
    told = run(capsys, "dlq", "list", str(workspace), "--json", *options)
    assert told.status == 0
    assert len(told.json) == found


def test_list_says_who_has_to_act_and_where_to_read_more(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (letter, *_) = run(capsys, "dlq", "list", str(workspace), "--json", "--class", "vendor_exhausted").json
    assert letter["owner"].startswith("tests")
    assert letter["next_action"] == "retry"
    assert letter["runbooks"] == ["docs/runbooks/dead-letters-vendor-exhausted.md"]
    table = run(capsys, "dlq", "list", str(workspace)).out
    assert "Order Completed" in table
    assert "vendor_permanent" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dlq", "list", "--class", "vendor_permament"], "did you mean 'vendor_permanent'?"),
        (["dlq", "list", "--integration", "send_lan"], "did you mean 'send_lane'?"),
        (["dlq", "list", "--source", "wev"], "did you mean 'web'?"),
        (["dlq", "list", "--since", "yesterday-ish"], "is no time"),
        (["dlq", "list", "--since", "1d", "--until", "2d"], "nothing lies between"),
        (["dlq", "list", "--status", "abc"], "abc"),
        (["dlq", "show", "nothing"], "there is no dead letter 'nothing'"),
        (["dlq", "replay", "--where", "properties.total >"], "--where"),
        (["dlq", "replay", "--where", "properties.total | lowr == 1"], "lower"),
        (["dlq", "replay", "--rate", "0"], "0"),
        (["dlq", "replay", "--limit", "0"], "0"),
        (["dlq", "replay", "--mappings-at", "HEAD"], "add --integration"),
        (["dlq", "replay", "--class", "contract", "--status", "400"], "belong to no integration"),
        (["replay", "--from-log"], "add --integration"),
        (["replay", "--from-log", "--integration", LANE, "--class", "auth"], "have no class"),
        (["replay", "--from-log", "--integration", OTHER_LANE], "has never run here"),
        (["replay", "--resume", "r-0"], "there is no replay 'r-0'"),
        (["replay", "--list", "--integration", LANE], "take no choice"),
        (["dlq", "discard", "--reason", "x"], "--all"),
        (["dlq", "discard", "--all"], "needs a reason"),
    ],
)
def test_bad_input_is_status_2_with_a_sentence_and_changes_nothing(
    workspace: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    at = 2 if arguments[0] == "dlq" else 1
    at += arguments[1:2] == ["show"]
    told = run(capsys, *arguments[:at], str(workspace), *arguments[at:])
    assert told.status == 2
    assert said in told.err
    assert len(letters_of(workspace)) == LETTERS
    assert audited(workspace) == []


def test_show_tells_the_story_and_the_event(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    delivery_id = make_delivery_id("web", LANE, "m3")
    told = run(capsys, "dlq", "show", delivery_id, str(workspace))
    assert "refused it in a way that no further try can change" in told.out
    assert '"userId": "u3"' in told.out
    shown = run(capsys, "dlq", "show", delivery_id, str(workspace), "--json").json
    assert shown["dead_letter"]["delivery_id"] == delivery_id
    assert shown["event"]["messageId"] == "m3"


def test_dry_run_counts_and_shows_payloads_without_values_and_changes_nothing(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--where", "properties.total > 2 and userId != 'u4'", "--dry-run"]
    told = run(capsys, "dlq", "replay", str(workspace), *options)
    assert "5 would be sent again (4 left out)" in told.out
    assert '"user":"<text of 2>"' in told.out
    assert "u8" not in told.out
    asked = run(capsys, "dlq", "replay", str(workspace), *options, "--json").json
    assert (asked["replayed"], asked["matching"]) == (0, 5)
    assert {row["letter_class"]: row["count"] for row in asked["replay"]["rows"]} == {
        "vendor_exhausted": 3,
        "vendor_permanent": 2,
    }
    assert len(letters_of(workspace)) == LETTERS
    assert audited(workspace) == []


def test_replay_parks_what_was_chosen_under_the_same_keys_and_is_audited(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [
        "--class",
        "vendor_permanent",
        "--where",
        "properties.total > 2",
        "--reason",
        "fixed for ada@example.com",
    ]
    told = run(capsys, "dlq", "replay", str(workspace), *options, "--json").json
    assert (told["replayed"], told["left_out"], told["waiting"], told["is_done"]) == (2, 1, 2, True)
    assert {row.delivery_id for row in parked(workspace)} == {make_delivery_id("web", LANE, f"m{n}") for n in (3, 6)}
    assert letters_of(workspace, ["replaying"]) == ["m3", "m6"]
    assert adds_up(workspace)
    assert audited(workspace) == [("replay.began", "fixed for <email>")]


def test_letter_whose_event_nobody_may_have_any_more_is_settled_and_not_sent(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def withdraw(_: Bus, store: Store) -> None:
        (letter,) = await store.dead_letters(DeadLetterFilter(limit=1))
        gone = Exclusion(position=letter.position, fate=Fate.SUPPRESSED, rule="consent.withdrawn")
        await store.commit_admission(AdmissionCommit(cursors={}, exclusions=[gone]))

    look(workspace, withdraw)
    expected = run(capsys, "dlq", "replay", str(workspace), "--dry-run", "--json").json["replay"]
    assert (expected["sent"], expected["suppressed"]) == (LETTERS - 1, 1)
    done = run(capsys, "dlq", "replay", str(workspace), "--json").json
    assert (done["replayed"], done["suppressed"]) == (LETTERS - 1, 1)
    assert counts(workspace)["suppressed.consent.withdrawn"] == 1
    assert adds_up(workspace)


def test_replay_twice_sends_nothing_twice(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "dlq", "replay", str(workspace), "--json").json["replayed"] == LETTERS
    assert run(capsys, "dlq", "replay", str(workspace), "--json").json["replayed"] == 0
    assert len(parked(workspace)) == LETTERS


def test_limit_takes_the_newest(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "dlq", "replay", str(workspace), "--limit", "2")
    assert letters_of(workspace, ["replaying"]) == ["m7", "m8"]


def test_condition_of_a_replay_is_not_kept_when_it_is_done(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "dlq", "replay", str(workspace), "--where", "context.traits.email == 'u3@example.com'")
    (job,) = run(capsys, "replay", str(workspace), "--list", "--json").json
    assert (job["moved"], job["is_done"], job["what"]) == (1, True, "dead letters, with a condition")
    for file in (workspace / ".paceline").glob("**/*"):
        if file.is_file() and "bus" not in file.parts:
            assert b"u3@example.com" not in file.read_bytes(), file


def test_large_replay_needs_yes_where_nobody_can_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = bury(tmp_path / "large", 1001)
    refused = run(capsys, "dlq", "replay", str(workspace))
    assert (refused.status, "--yes" in refused.err) == (2, True)
    assert len(letters_of(workspace)) == 1001
    assert run(capsys, "dlq", "replay", str(workspace), "--yes", "--json").json["replayed"] == 1001
    assert adds_up(workspace)


def test_discard_moves_letters_to_suppressed_and_says_why(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--where", "properties.total < 2", "--reason", "test orders"]
    assert run(capsys, "dlq", "discard", str(workspace), *options, "--dry-run", "--json").json["discarded"] == 0
    assert run(capsys, "dlq", "discard", str(workspace), *options, "--json").json["discarded"] == 2
    assert letters_of(workspace, ["discarded"]) == ["m0", "m1"]
    assert counts(workspace)[f"{Fate.SUPPRESSED}.discarded"] == 2
    assert adds_up(workspace)
    assert audited(workspace) == [("dlq.discarded", "test orders")]
    shown = run(capsys, "dlq", "list", str(workspace), "--state", "discarded", "--json").json
    assert {one["note"] for one in shown} == {"test orders"}


def test_event_that_is_no_longer_kept_is_counted_and_stays_a_dead_letter(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (workspace / ".paceline" / "bus").glob("events*"):
        file.unlink()
    told = run(capsys, "dlq", "replay", str(workspace), "--json").json
    assert (told["replayed"], told["gone"]) == (0, LETTERS)
    assert len(letters_of(workspace)) == LETTERS
    (letter, *_) = run(capsys, "dlq", "list", str(workspace), "--json").json
    assert (letter["next_action"], letter["is_kept"]) == ("discard", False)


def test_log_is_replayed_for_one_integration_by_time_and_condition(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def open_late(bus: Bus, store: Store) -> None:
        await store.open_lane(
            OTHER_LANE, {partition: end.next for partition, end in (await bus.ends("events")).items()}
        )

    look(workspace, open_late)
    options = [
        "--from-log",
        "--integration",
        OTHER_LANE,
        "--since",
        "2023-11-14T22:15:00Z",
        "--where",
        "userId != 'u5'",
    ]
    expected = run(capsys, "replay", str(workspace), *options, "--dry-run", "--json").json
    assert expected["matching"] == 6
    done = run(capsys, "replay", str(workspace), *options, "--json").json
    assert (done["read_again"], done["left_out"], done["is_done"]) == (6, 1, True)
    assert {row.delivery_id for row in parked(workspace, OTHER_LANE)} == {
        make_delivery_id("web", OTHER_LANE, f"m{number}") for number in (2, 3, 4, 6, 7, 8)
    }
    assert adds_up(workspace)


def test_stopped_replay_is_gone_on_with(workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    replay = SqliteStore.replay
    steps = []

    async def stop_after_one(self, step):
        steps.append(step)
        if len(steps) == 2:
            raise KeyboardInterrupt
        return await replay(self, step)

    monkeypatch.setattr("paceline.assemble.replay_steps.STEP_ROWS", 4)
    monkeypatch.setattr("paceline.assemble.replay.STEP_ROWS", 4)
    monkeypatch.setattr(SqliteStore, "replay", stop_after_one)
    with pytest.raises(click.exceptions.Abort):
        run(capsys, "dlq", "replay", str(workspace))
    (job,) = run(capsys, "replay", str(workspace), "--list", "--json").json
    assert (job["moved"], job["is_done"]) == (4, False)
    done = run(capsys, "replay", str(workspace), "--resume", job["id"], "--reason", "again", "--json").json
    assert (done["moved"], done["left_out"], done["is_done"]) == (9, 0, True)
    assert run(capsys, "replay", str(workspace), "--resume", job["id"], "--json").json["moved"] == 9
    assert adds_up(workspace)
    assert [what for what, _ in audited(workspace)] == ["replay.began", "replay.resumed"]


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_old_mapping_is_used_when_it_is_asked_for(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(workspace, "init", "-q")
    git(workspace, "add", "-A", "--", "mappings")
    git(workspace, "commit", "-q", "-m", "before")
    file = workspace / OTHER_MAPPING
    file.write_text(file.read_text().replace("  user: $.userId", "  person: $.userId"))
    today = run(capsys, "dlq", "replay", str(workspace), "--dry-run", "--json").json["replay"]["samples"][0]["payload"]
    options = ["--integration", LANE, "--mappings-at", "HEAD", "--dry-run", "--json"]
    before = run(capsys, "dlq", "replay", str(workspace), *options).json["replay"]["samples"][0]["payload"]
    assert "person" in json.loads(today)
    assert "user" in json.loads(before)


@pytest.mark.parametrize("letter_class", list(DeadLetterClass))
def test_class_has_a_runbook_whose_commands_work(
    letter_class: DeadLetterClass, workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / facts_of(letter_class).runbook).read_text(encoding="utf-8")
    assert page.startswith(f"# Dead letters: {letter_class}\n")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert lines
    monkeypatch.chdir(workspace)
    for line in lines:
        program, *arguments = shlex.split(line.replace("INTEGRATION", LANE), comments=True)
        told = run(capsys, *arguments)
        assert (program, told.status) == ("paceline", 0), (line, told.err)
