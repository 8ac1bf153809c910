"""Every kind of debt, found in a real workspace."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest
from debt_workspaces import NOW, Adapter, Field, commit, git, items_of, measure, write_workspace

from paceline.assemble.debt.measure import CodeView, DebtMeter, known_grades
from paceline.drivers.bus.sqlite import SqliteBus
from paceline.drivers.store.sqlite import SqliteStore
from paceline.errors import UsageError
from paceline.model.debt import DebtKind
from paceline.model.delivery import DeadLetter, DeadLetterClass, Fate, Outcome, OutcomeClass
from paceline.model.record import Position, Record
from paceline.model.request import DebtGrade
from paceline.ports.store import AdmissionCommit, DeadLetterFilter, Exclusion, LaneCommit, ReplayJob

CLEAN = Adapter(
    team="growth",
    event="Order Completed",
    vendor="crm",
    fields=(Field(target="amount", expression="$.properties.total"),),
)
NUMBER = Field(target="amount", expression="$.properties.total | number", note="the vendor wants digits only")


def write(tmp_path: Path, *adapters: Adapter, contracts: tuple[str, ...] = ("Order Completed",)) -> Path:
    return write_workspace(tmp_path / "shop", adapters or (CLEAN,), contracts=contracts)


def change(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_described_tested_copy_of_a_contract_field_is_no_debt(tmp_path: Path) -> None:
    assert measure(write(tmp_path)).items == ()


def test_mapping_without_a_contract_is_a_one_off(tmp_path: Path) -> None:
    (item,) = items_of(measure(write(tmp_path, contracts=())), DebtKind.ONE_OFF_ADAPTER)
    assert item.place == "mappings/growth_order_completed.crm.yaml:1"
    assert "no contract for Order Completed" in item.evidence


def test_contract_that_declares_none_of_the_fields_makes_nothing_canonical(tmp_path: Path) -> None:
    root = write(tmp_path)
    contract = root / "contracts/order_completed/1.0.0.yaml"
    text = contract.read_text()
    for name in ("total", "currency", "coupon", "email", "plan", "referrer"):
        text = text.replace(f"{name}: {{", f"other_{name}: {{")
    contract.write_text(text)
    (item,) = items_of(measure(root), DebtKind.ONE_OFF_ADAPTER)
    assert "declares none of the fields" in item.evidence


def test_transform_without_a_case_that_misses_it_is_implicit(tmp_path: Path) -> None:
    tested = Adapter(team="growth", event="Order Completed", vendor="crm", fields=(NUMBER,))
    assert not items_of(measure(write(tmp_path, tested)), DebtKind.IMPLICIT_TRANSFORM)
    root = write(tmp_path, tested)
    change(root, "tests/growth_order_completed.crm.yaml", 'total: "7"', "total: 7")
    (item,) = items_of(measure(root), DebtKind.IMPLICIT_TRANSFORM)
    assert (item.subject, item.place) == (
        "growth/order_completed/crm: amount cast",
        "mappings/growth_order_completed.crm.yaml:5",
    )


def test_failing_case_pins_nothing(tmp_path: Path) -> None:
    root = write(tmp_path, Adapter(team="growth", event="Order Completed", vendor="crm", fields=(NUMBER,)))
    change(root, "tests/growth_order_completed.crm.yaml", "amount: 7", "amount: 8")
    report = measure(root)
    assert len(items_of(report, DebtKind.IMPLICIT_TRANSFORM)) == 1
    assert [item.evidence for item in items_of(report, DebtKind.MISSING_SAFEGUARD)] == ["there is no contract test"]


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("integrations/growth_order_completed_crm.yaml", "runbook: runbooks/all.md", "", "no runbook"),
        ("integrations/growth_order_completed_crm.yaml", "owner: {team: growth}", "owner: {team: gone}", "no owner"),
        ("integrations/growth_order_completed_crm.yaml", "sla: {delivered_within_secs: 300}", "", "no alert"),
        ("teams.yaml", "https://call/growth", "tbd", "no alert"),
        ("connectors/crm/manifest.yaml", "idempotency: {place: none}", "", "no retry and idempotency declaration"),
        ("runbooks/all.md", "Look at the dead letters", "# Look at the dead letters", "no runbook"),
    ],
)
def test_safeguard_that_is_missing_is_named(tmp_path: Path, file: str, old: str, new: str, what: str) -> None:
    root = write(tmp_path)
    change(root, file, old, new)
    assert any(what in item.subject for item in items_of(measure(root), DebtKind.MISSING_SAFEGUARD))


def test_mapping_that_filters_needs_a_case_that_is_filtered(tmp_path: Path) -> None:
    root = write(tmp_path)
    mapping = "mappings/growth_order_completed.crm.yaml"
    change(root, mapping, "fields:", 'when: $.properties.plan == "7"\nfields:')
    (item,) = items_of(measure(root), DebtKind.MISSING_SAFEGUARD)
    assert "negative sample" in item.subject
    change(
        root,
        "tests/growth_order_completed.crm.yaml",
        "cases:",
        "cases:\n  - {name: other plans, event: {type: track, event: Order Completed, userId: u}, filtered: true}",
    )
    assert measure(root).items == ()


def test_declared_hand_work_costs_what_it_takes(tmp_path: Path) -> None:
    root = write(tmp_path)
    declared = "workarounds: [{what: upload the list, minutes: 30, times_per_week: 2}]"
    integration = root / "integrations/growth_order_completed_crm.yaml"
    integration.write_text(f"{integration.read_text()}{declared}\n")
    (item,) = items_of(measure(root), DebtKind.MANUAL_WORKAROUND)
    assert (item.interest_hours_per_week, item.place) == (1.0, "integrations/growth_order_completed_crm.yaml:8")
    assert item.families == ("order_completed",)


def test_end_that_has_passed_and_was_put_off_costs_more(tmp_path: Path) -> None:
    root = write(tmp_path)
    integration = root / "integrations/growth_order_completed_crm.yaml"
    integration.write_text(f"{integration.read_text()}expires: 2026-10-14\n")
    commit(root, day="2026-10-01")
    change(root, "integrations/growth_order_completed_crm.yaml", "2026-10-14", "2026-11-13")
    integration.rename(root / "integrations/renamed.yaml")
    change(root, "integrations/renamed.yaml", "integration: growth_order_completed_crm", "integration: renamed")
    commit(root, day="2026-10-14")
    (item,) = items_of(measure(root), DebtKind.OVERDUE_TOGGLE)
    assert item.remediation_hours == pytest.approx(3.0)  # ten days
    assert item.interest_hours_per_week == pytest.approx(0.15)
    assert "extended 1 time" in item.evidence


def test_toggle_after_its_end_is_overdue(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "toggles.flagd.json").write_text('{"flags": {"route": {"metadata": {"expires": "2026-11-20"}}}}')
    (item,) = items_of(measure(root), DebtKind.OVERDUE_TOGGLE)
    assert (item.subject, item.place) == ("toggle route: past its end", "toggles.flagd.json:1")


def test_what_has_no_store_and_no_log_is_not_evaluated(tmp_path: Path) -> None:
    root = write(tmp_path)
    report = measure(root)
    assert {one.what for one in report.not_evaluated} == {
        "dead letters and replays",
        "drift",
        "vendor fields at run time",
    }
    assert not (root / ".paceline").exists()  # looking creates nothing


def test_dead_letters_and_replays_are_hand_work(tmp_path: Path) -> None:
    root = write(tmp_path)
    asyncio.run(_fill_store(root))
    found = items_of(measure(root), DebtKind.MANUAL_WORKAROUND)
    assert [item.subject for item in found] == [
        "growth: by hand: dead letters of crm",
        "growth: by hand: replays to crm",
        "platform: by hand: replays from quarantine",
    ]
    assert "3 dead letters of 2 causes" in found[0].evidence
    assert "2 replays of 7 events in 1 sittings" in found[1].evidence
    assert "2 events replayed in 2 sittings" in found[2].evidence


async def _fill_store(root: Path) -> None:
    now_ms = int(NOW.timestamp() * 1000)
    store = SqliteStore(root / ".paceline/store.db")
    lane = "growth_order_completed_crm"
    await store.open_lane(lane, {0: 0})
    letters = [_letter(lane, number, status) for number, status in enumerate([400, 400, 422])]
    await store.commit(LaneCommit(lane=lane, dead=letters))
    excluded = [
        Exclusion(position=Position(0, number), fate=Fate.REJECTED, rule="contract:order_completed/1.0.0")
        for number in range(2)
    ]
    await store.commit_admission(AdmissionCommit(cursors={0: 2}, exclusions=excluded))
    await store.mark_replayed(excluded[:1], now_ms=now_ms - 86_400_000)
    await store.mark_replayed(excluded[1:], now_ms=now_ms)
    which = DeadLetterFilter(lane=lane, limit=10)
    for number, started_ms in enumerate([now_ms - 90_000, now_ms - 1000, now_ms - 60 * 86_400_000]):
        job = ReplayJob(
            id=f"job{number}", by="ines", started_ms=started_ms, updated_ms=started_ms, which=which, moved=3 + number
        )
        await store.save_replay(job)
    await store.close()


def _letter(lane: str, number: int, status: int) -> DeadLetter:
    return DeadLetter(
        delivery_id=f"d{number}",
        lane=lane,
        position=Position(0, number),
        key="",
        event_id=f"e{number}",
        event_name="Order Completed",
        source="web",
        mapping="growth_order_completed.crm",
        letter_class=DeadLetterClass.VENDOR_PERMANENT,
        outcome=Outcome(outcome_class=OutcomeClass.PERMANENT, status=status),
        attempts=1,
        first_failed_ms=int(NOW.timestamp() * 1000),
        last_failed_ms=int(NOW.timestamp() * 1000),
    )


def test_drift_makes_a_contract_stale_until_it_is_acknowledged(tmp_path: Path) -> None:
    root = write(tmp_path)
    asyncio.run(_append(root, b'{"type":"track","event":"Order Completed","properties":{"color":"red"}}'))
    (item,) = items_of(measure(root), DebtKind.STALE_CONTRACT)
    assert item.place == "contracts/order_completed/1.0.0.yaml:6"
    assert "/properties/color" in item.evidence
    settings = root / "paceline.yaml"
    exemption = f"{{item: '{item.subject}', why: the shop tries colors, until: 2026-12-31}}"
    settings.write_text(f"{settings.read_text()}debt: {{exemptions: [{exemption}]}}\n")
    report = measure(root)
    assert (report.items, report.exempted[0].until) == ((), "2026-12-31")


def test_vendor_field_that_nobody_named_is_undocumented_once_it_was_seen(tmp_path: Path) -> None:
    root = write(tmp_path)
    file = root / "mappings/growth_order_completed.crm.yaml"
    file.write_text(file.read_text().replace("fields: {", "fields: {attributes.*: $.properties, ", 1))
    before = {item.subject for item in measure(root).items}
    event = b'{"type":"track","event":"Order Completed","userId":"u1","properties":{"total":5,"shoe_size":44}}'
    asyncio.run(_append(root, event))
    new = [item for item in measure(root).items if item.subject not in before and "run time" in item.subject]
    assert [item.subject for item in new] == ["growth/order_completed/crm: attributes.shoe_size at run time"]
    assert "in 1 of 1 events" in new[0].evidence
    assert new[0].place.startswith("mappings/growth_order_completed.crm.yaml:")


def test_exemption_ends_on_its_day(tmp_path: Path) -> None:
    root = write(tmp_path, contracts=())
    (item,) = items_of(measure(root), DebtKind.ONE_OFF_ADAPTER)
    settings = root / "paceline.yaml"
    exemption = f"{{item: '{item.subject}', why: it ends soon, until: 2026-11-22}}"
    settings.write_text(f"{settings.read_text()}debt: {{exemptions: [{exemption}]}}\n")
    assert item.subject in {one.subject for one in measure(root).items}


async def _append(root: Path, data: bytes) -> None:
    bus = SqliteBus(root / ".paceline/bus", 4)
    record = Record(id="m1", source="web", type="track:Order Completed", key="u", received_ms=1, data=data)
    await bus.append("events", [record])
    await bus.close()


def test_change_is_compared_with_where_it_went_apart(tmp_path: Path) -> None:
    root = write(tmp_path)
    commit(root, day="2026-10-01")
    git(root, "checkout", "-q", "-b", "change")
    write_workspace(tmp_path / "other", [CLEAN, Adapter(**{**_parts(CLEAN), "team": "sales"})], contracts=())
    for file in ("mappings/sales_order_completed.crm.yaml", "integrations/sales_order_completed_crm.yaml"):
        (root / file).write_text((tmp_path / "other" / file).read_text())
    meter = DebtMeter(root, now=NOW)
    report = meter.against(meter.measure(CodeView()), "main")
    assert report.against_base is not None
    added = {item.subject: item.remediation_hours for item in report.against_base.change.added}
    assert added["sales/order_completed/crm: duplicate"] == 8.0
    assert added["sales/order_completed/crm: no contract test"] == 4.0
    assert report.against_base.change.removed == ()
    with pytest.raises(UsageError):
        meter.against(report, "no-such-branch")


def _parts(adapter: Adapter) -> dict[str, object]:
    return {name: getattr(adapter, name) for name in adapter.__struct_fields__}


def test_trend_shows_each_commit_and_when_an_item_came(tmp_path: Path) -> None:
    root = write(tmp_path)
    commit(root, day="2026-10-01")
    change(root, "integrations/growth_order_completed_crm.yaml", "runbook: runbooks/all.md", "")
    commit(root, day="2026-11-01")
    meter = DebtMeter(root, now=NOW)
    report = meter.with_trend(meter.measure(CodeView()))
    assert [(point.day, point.score.principal_hours) for point in report.trend] == [
        ("2026-10-01", 0.0),
        ("2026-11-01", 3.0),
    ]
    assert report.items[0].first_seen == report.trend[1].commit


def test_stated_hours_of_a_kind_are_used_and_named(tmp_path: Path) -> None:
    root = write(tmp_path, contracts=())
    settings = root / "paceline.yaml"
    settings.write_text(f"{settings.read_text()}debt: {{hours: {{one_off_adapter: {{principal_hours: 20}}}}}}\n")
    report = measure(root)
    assert items_of(report, DebtKind.ONE_OFF_ADAPTER)[0].remediation_hours == 20.25
    assert report.hours_from == {DebtKind.ONE_OFF_ADAPTER: "paceline.yaml"}


def test_families_have_a_grade_each(tmp_path: Path) -> None:
    other = Adapter(team="growth", event="Signed Up", vendor="crm", fields=(NUMBER,), is_tested=False)
    grades = {one.event: one.grade for one in known_grades(measure(write(tmp_path, CLEAN, other)), {})}
    assert grades["order_completed"] is DebtGrade.A
    assert grades["Signed Up"] > DebtGrade.A


def test_broken_file_is_not_evaluated(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "mappings/growth_order_completed.crm.yaml").write_text("mapping: [")
    report = measure(root)
    assert "mappings/growth_order_completed.crm.yaml" in {one.what for one in report.not_evaluated}


def test_day_of_the_report_is_the_day_that_was_asked_for(tmp_path: Path) -> None:
    root = write(tmp_path)
    report = DebtMeter(root, now=dt.datetime(2027, 1, 2, tzinfo=dt.UTC)).measure(CodeView())
    assert report.day == "2027-01-02"
