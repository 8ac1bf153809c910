"""The work log: one line a fact, and no conflicts."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from debt_workspaces import Adapter, Field, write_workspace
from hypothesis import given
from hypothesis import strategies as st

from paceline.cli.log_work import command
from paceline.errors import PacelineError, UnknownNameError, UsageError
from paceline.model.actuals import WorkKind
from paceline.model.debt import DebtKind
from paceline.workspace.work_log import WorkFact, add_work, parse_duration, parse_work_log, read_work_log, work_line

AT = dt.datetime(2026, 11, 23, 10, 15, tzinfo=dt.UTC)
FACTS = st.builds(
    WorkFact,
    at=st.integers(1_600_000_000, 1_900_000_000).map(lambda secs: dt.datetime.fromtimestamp(secs, dt.UTC)),
    integration=st.sampled_from(["ga4_web", "crm"]),
    kind=st.sampled_from([WorkKind.OPS, WorkKind.BUILD, WorkKind.ACCEPTED]),
    minutes=st.integers(0, 600),
    who=st.sampled_from(["ines@shop.example", "Jo"]),
    text=st.text(min_size=1),
)


def shop(tmp_path: Path) -> Path:
    adapter = Adapter(
        team="growth",
        event="Order Completed",
        vendor="crm",
        fields=(Field(target="amount", expression="$.properties.total"),),
        name="orders",
    )
    return write_workspace(tmp_path / "shop", [adapter])


def log(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--workspace", str(root), "--by", "ines@shop.example"])


@given(fact=FACTS)
def test_line_gives_back_its_fact(fact: WorkFact) -> None:
    assert parse_work_log(work_line(fact)).facts == (fact,)


@given(facts=st.lists(FACTS, max_size=4), seed=st.randoms(use_true_random=False))
def test_order_and_repeated_lines_mean_nothing(facts: list[WorkFact], seed: object) -> None:
    shuffled = [*facts, *facts]
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    text = "\n".join(map(work_line, shuffled))
    assert parse_work_log(text) == parse_work_log("\n".join(map(work_line, facts)))


def test_line_that_cannot_be_read_is_named() -> None:
    good = work_line(WorkFact(at=AT, integration="a", kind=WorkKind.OPS, minutes=1, who="x", text="y"))
    log = parse_work_log(f"# head\n{good}\nnonsense\n<<<<<<< HEAD\n")
    assert (len(log.facts), log.wrong_lines) == (1, (3, 4))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("45m", 45), ("2h", 120), ("1.5h", 90), ("1h30m", 90), ("90", None), ("", None), ("-5m", None), ("200h", None)],
)
def test_durations(text: str, minutes: int | None) -> None:
    assert parse_duration(text) == minutes


def test_command_adds_one_line_and_the_merge_rule(tmp_path: Path) -> None:
    root = shop(tmp_path)
    assert log(root, "orders", "45m", "replayed", "after", "outage").exit_code == 0
    assert log(root, "orders", "2h", "notes", "--debt", "undocumented_mapping").exit_code == 0
    assert log(root, "orders", "--accepted", "a test order arrived").exit_code == 0
    facts = read_work_log(root).facts
    assert sorted((fact.kind, fact.minutes, fact.text) for fact in facts) == [
        (WorkKind.ACCEPTED, 0, "a test order arrived"),
        (WorkKind.DEBT, 120, "notes"),
        (WorkKind.OPS, 45, "replayed after outage"),
    ]
    assert [fact.debt for fact in facts if fact.debt] == [DebtKind.UNDOCUMENTED_MAPPING]
    assert (root / ".gitattributes").read_text() == "worklog.log merge=union\n"
    assert all(fact.who == "ines@shop.example" for fact in facts)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["ordres", "45m", "x"], UnknownNameError),
        (["orders", "45", "x"], UsageError),
        (["orders", "45m"], UsageError),
        (["orders", "0m", "x"], UsageError),
        (["orders", "45m", "x", "--build", "--accepted"], UsageError),
    ],
)
def test_line_that_says_too_little_is_not_written(
    tmp_path: Path, arguments: list[str], error: type[PacelineError]
) -> None:
    root = shop(tmp_path)
    assert isinstance(log(root, *arguments).exception, error)
    assert not (root / "worklog.log").exists()


def test_json_is_the_fact(tmp_path: Path) -> None:
    result = log(shop(tmp_path), "orders", "45m", "x", "--json", "--on", "2026-11-01")
    assert json.loads(result.stdout)["at"] == "2026-11-01T12:00:00Z"


def test_two_branches_that_log_work_merge_without_conflict(tmp_path: Path) -> None:
    root = shop(tmp_path)

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)

    def add(text: str) -> None:
        add_work(root, [WorkFact(at=AT, integration="orders", kind=WorkKind.OPS, minutes=5, who="a", text=text)])
        git("add", "-A")
        git("commit", "-q", "-m", text)

    git("init", "-q", "-b", "main")
    add("first")
    git("checkout", "-q", "-b", "other")
    add("theirs")
    git("checkout", "-q", "main")
    add("ours")
    git("merge", "-q", "-m", "both", "other")
    found = read_work_log(root)
    assert ({fact.text for fact in found.facts}, found.wrong_lines) == ({"first", "theirs", "ours"}, ())
