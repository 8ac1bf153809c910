"""What integrations took, measured from git, the work log and the store."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from debt_workspaces import NOW, Adapter, Field, commit, write_workspace

from paceline.assemble.actuals import close_actuals, known_actuals, past_cases, read_actuals
from paceline.cli.actuals import command as actuals_command
from paceline.cli.calibrate import command as calibrate_command
from paceline.decision.calibration import from_file
from paceline.drivers.store.sqlite import SqliteStore
from paceline.model.actuals import ActualsFile, Measure, WorkKind
from paceline.model.debt import DebtKind
from paceline.model.delivery import Fate
from paceline.model.integration import Stage
from paceline.model.request import Estimate
from paceline.ports.store import Count, LaneCommit
from paceline.workspace.load import load_workspace
from paceline.workspace.work_log import WorkFact, add_work
from paceline.workspace.yaml_file import write_yaml

BACKLOG = """\
requests:
  - request: orders
    outcome: Orders reach the crm.
    kind: tactical
    asked: 2026-09-01
    estimates:
      sprint:
        days: {low: 5, likely: 10, high: 20}
        build_hours: {low: 8, likely: 16, high: 24}
      marathon: {days: {low: 40, likely: 56, high: 84}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sprint in git since 10 September, requested on the first."""
    fields = (
        Field(target="amount", expression="$.properties.total"),
        Field(target="plan", expression="$.properties.plan"),
    )
    adapter = Adapter(team="growth", event="Order Completed", vendor="crm", fields=fields, name="orders")
    root = write_workspace(tmp_path / "shop", [adapter])
    file = root / "integrations/orders.yaml"
    file.write_text(file.read_text().replace("stage: marathon", "stage: sprint"))
    (root / "backlog.yaml").write_text(BACKLOG)
    commit(root, day="2026-09-10")
    return root


def log(root: Path, day: str, kind: WorkKind, minutes: int = 0, debt: DebtKind | None = None) -> None:
    at = dt.datetime.fromisoformat(f"{day}T10:00:00+00:00")
    fact = WorkFact(at=at, integration="orders", kind=kind, minutes=minutes, who="a@b", text="x", debt=debt)
    add_work(root, [fact])


def measures(root: Path) -> dict[Measure, float | None]:
    (found,) = read_actuals(root, now=NOW)
    return {one.measure: one.value for one in found.measures}


def test_nothing_is_evaluated_before_anything_is_known(root: Path) -> None:
    assert set(measures(root).values()) == {None}


def test_times_run_from_request_and_start_of_work_to_the_passed_acceptance_test(root: Path) -> None:
    log(root, "2026-10-01", WorkKind.ACCEPTED)
    found = measures(root)
    assert (found[Measure.TIME_TO_VALUE_DAYS], found[Measure.DAYS]) == (30.0, 21.0)


def test_passed_test_without_any_delivery_does_not_count(root: Path) -> None:
    log(root, "2026-10-01", WorkKind.ACCEPTED)
    asyncio.run(_deliver(root, 0))
    assert measures(root)[Measure.TIME_TO_VALUE_DAYS] is None
    asyncio.run(_deliver(root, 3))
    assert measures(root)[Measure.TIME_TO_VALUE_DAYS] == 30.0


def test_time_to_value_ends_with_the_first_delivery(root: Path) -> None:
    asyncio.run(_deliver(root, 3, day="2026-09-28"))
    asyncio.run(_deliver(root, 5, day="2026-11-02"))
    found = measures(root)
    assert found[Measure.TIME_TO_VALUE_DAYS] == 27.0
    assert found[Measure.DAYS] is None  # nobody has said that the acceptance test passes
    log(root, "2026-10-10", WorkKind.ACCEPTED)
    found = measures(root)
    assert (found[Measure.TIME_TO_VALUE_DAYS], found[Measure.DAYS]) == (27.0, 18.0)


async def _deliver(root: Path, number: int, *, day: str = "") -> None:
    at_ms = int(dt.datetime.fromisoformat(f"{day}T09:00:00+00:00").timestamp() * 1000) if day else 0
    change = LaneCommit(lane="orders", cursors={0: number}, counts={Count(Fate.DELIVERED): number}, at_ms=at_ms)
    store = SqliteStore(root / ".paceline/store.db")
    await store.open_lane("orders", {0: 0})
    await store.commit(change)
    await store.close()


def test_hours_are_those_of_the_work_log(root: Path) -> None:
    log(root, "2026-10-12", WorkKind.ACCEPTED)
    log(root, "2026-09-20", WorkKind.BUILD, 90)
    log(root, "2026-09-21", WorkKind.BUILD, 30)
    log(root, "2026-10-20", WorkKind.OPS, 180)
    found = measures(root)
    assert found[Measure.BUILD_HOURS] == 2.0
    assert found[Measure.OPS_HOURS_PER_WEEK] == pytest.approx(0.5)  # three hours in six weeks


def test_estimate_is_the_one_from_when_work_began(root: Path) -> None:
    (root / "backlog.yaml").write_text(BACKLOG.replace("likely: 10", "likely: 19"))
    commit(root, day="2026-10-30")
    (found,) = read_actuals(root, now=NOW)
    estimate = next(one.estimate for one in found.measures if one.measure is Measure.DAYS)
    assert estimate is not None
    assert estimate.likely == 10


def test_rework_is_the_share_of_rules_that_did_not_survive_the_migration(root: Path) -> None:
    file, mapping = root / "integrations/orders.yaml", root / "mappings/orders.yaml"
    file.write_text(file.read_text().replace("stage: sprint", "stage: marathon"))
    # Written otherwise, but the same, and moved to another file; the other rule is another one now.
    text = mapping.read_text().replace("$.properties.total", '$."properties".total')
    text = text.replace("$.properties.plan", "$.properties.plan | lower").replace("mapping: orders", "mapping: new")
    mapping.unlink()
    (root / "mappings/new.yaml").write_text(text)
    file.write_text(file.read_text().replace("events: [orders]", "events: [new]"))
    commit(root, day="2026-11-01")
    assert measures(root)[Measure.REWORK_SHARE] == 0.5


def test_closing_writes_what_calibration_reads(root: Path) -> None:
    log(root, "2026-10-01", WorkKind.ACCEPTED)
    result = CliRunner().invoke(
        actuals_command, ["orders", "--close", "--workspace", str(root), "--today", "2026-11-23", "--json"]
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout)[0]["integration"] == "orders"
    workspace = load_workspace(root)
    workspace.require_no_errors()
    (case,) = past_cases(workspace.actuals.values())
    assert (case.input, case.likely, case.actual) == ("sprint_days", 10.0, 21.0)


def test_what_was_no_guess_is_no_case() -> None:
    def file(estimate: Estimate) -> ActualsFile:
        return ActualsFile(
            request="a",
            option=Stage.MARATHON,
            closed="2026-11-23",
            estimates={Measure.DAYS: estimate},
            actual={Measure.DAYS: 3.0},
        )

    assert len(past_cases([file(Estimate(low=1, likely=2, high=3))])) == 1
    assert past_cases([file(Estimate(exact=2, source="measured"))]) == []  # type: ignore[arg-type]


def test_calibration_is_written_and_used(root: Path) -> None:
    for number in range(10):
        likely = 4.0 + number
        file = ActualsFile(
            request=f"old_{number}",
            option=Stage.SPRINT,
            integration="orders",
            closed="2026-11-01",
            estimates={Measure.DAYS: Estimate(low=0.7 * likely, likely=likely, high=1.5 * likely)},
            actual={Measure.DAYS: 1.6 * likely},
        )
        write_yaml(root / f"actuals/old_{number}.yaml", file)
    for day in range(8):
        log(root, f"2026-11-0{day + 1}", WorkKind.DEBT, 240, DebtKind.STALE_CONTRACT)
    result = CliRunner().invoke(calibrate_command, [str(root)])
    assert result.exit_code == 0
    assert "better by" in result.output
    workspace = load_workspace(root)
    workspace.require_no_errors()
    correction = from_file(workspace.calibration).correction("sprint_days")
    assert correction is not None
    assert 1.2 < correction.factor < 1.6
    assert workspace.calibration is not None
    assert workspace.calibration.debt_hours == {"stale_contract": 3.46}
    (known,) = known_actuals(workspace)
    assert (known.path, known.estimate.low, known.vendor) == ("estimates.sprint.days", 6.4, "crm")


def test_calibration_of_nothing_writes_nothing(root: Path) -> None:
    result = CliRunner().invoke(calibrate_command, [str(root)])
    assert result.exit_code == 0
    assert "no closed requests" in result.output
    assert not (root / "calibration.yaml").exists()


def test_closed_actuals_leave_out_what_was_not_evaluated(root: Path) -> None:
    log(root, "2026-10-01", WorkKind.ACCEPTED)
    (found,) = read_actuals(root, now=NOW)
    assert set(close_actuals(found, today=NOW.date()).actual) == {Measure.TIME_TO_VALUE_DAYS, Measure.DAYS}
