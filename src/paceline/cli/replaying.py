"""What `paceline dlq replay` and `paceline replay` do, and how they tell it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from paceline.assemble.audit import Auditor, open_auditor
from paceline.assemble.dead_letters import quarantined
from paceline.assemble.inspection import inspect
from paceline.assemble.opening import OpenWorkspace
from paceline.assemble.quarantine import QuarantineReport, judge_quarantined, replay_quarantined
from paceline.assemble.replay import Progress, ReplayOrder, carry_out, handed_over, make_replay
from paceline.assemble.replay_condition import compile_condition
from paceline.assemble.replay_forecast import Forecast, forecast
from paceline.cli.confirmation import confirm
from paceline.cli.letter_choice import ALL, LetterChoice, choose
from paceline.cli.output import print_json, print_table, visible
from paceline.errors import UnknownNameError, UsageError
from paceline.model.delivery import DeadLetterClass
from paceline.model.event import isoformat_ms
from paceline.ports.bus import Bus
from paceline.ports.store import ReplayJob, Store
from paceline.runtime.clock import SystemClock

TELL_SECS = 2.0
STUCK_SECS = 10.0
MOST_LISTED = 200


class ReplayRequest:
    """What the options of a replay say."""

    def __init__(
        self,
        *,
        where: str,
        revision: str,
        rate: float | None,
        limit: int | None,
        dry_run: bool,
        reason: str,
        yes: bool,
        from_log: bool = False,
        **choice: Any,
    ) -> None:
        self.choice = LetterChoice(**choice)
        self.where = where
        self.revision = revision
        self.rate = rate
        self.limit = limit
        self.dry_run = dry_run
        self.reason = reason
        self.yes = yes
        self.from_log = from_log

    def check(self) -> None:
        """Raises UsageError for options that do not go together."""
        choice = self.choice
        is_quarantine = choice.letter_class == DeadLetterClass.CONTRACT
        if self.from_log and (choice.letter_class or choice.status is not None or choice.delivery_ids or self.limit):
            raise UsageError(
                "events of the log have no class, status, delivery or limit",
                remedy="with --from-log, choose by --integration, --since, --until, --source, --event and --where",
            )
        if (self.from_log or self.revision) and choice.integration is None:
            asked = "--from-log" if self.from_log else "--mappings-at"
            raise UsageError(f"{asked} is about one integration", remedy="add --integration NAME")
        if is_quarantine and (choice.integration or choice.status is not None or self.revision):
            raise UsageError(
                "events that break their contract belong to no integration yet",
                remedy="leave out --integration, --status and --mappings-at, or choose another --class",
            )

    def summary(self) -> str:
        """What was asked for, without what a condition compares with: that may be personal."""
        said = [
            self.choice.summary(),
            *(["from the log"] if self.from_log else []),
            *(["with a condition"] if self.where else []),
            *([f"mappings at {self.revision}"] if self.revision else []),
            *([f"at most {self.limit}"] if self.limit else []),
        ]
        return ", ".join(said)


def replay_letters(workspace: Path, request: ReplayRequest, *, as_json: bool) -> None:
    """Carry a request out, or say what it would do, and tell it."""
    request.check()

    async def act(opened: OpenWorkspace, bus: Bus, store: Store) -> None:
        which = await choose(opened, store, request.choice, limit=request.limit or ALL)
        auditor = None if request.dry_run else open_auditor(opened.workspace.path)
        order = ReplayOrder(
            by=auditor.who if auditor else "",
            which=which,
            from_log=request.from_log,
            where=request.where,
            revision=request.revision,
            rate=request.rate,
        )
        if auditor is None:
            expected, quarantine = await _look(opened, bus, store, order)
            return _tell_forecast(expected, quarantine, as_json=as_json)
        if not request.yes:
            expected, quarantine = await _look(opened, bus, store, order)
            number = expected.sent + quarantine.replayed
            confirm(f"Send {number:,} deliveries again?", number, yes=False)
        job, quarantine = await _replay(opened, bus, store, order, auditor=auditor, request=request)
        return _tell_done(job, quarantine, await store.replays_waiting(job.id), as_json=as_json)

    inspect(workspace, act)


def resume_replay(workspace: Path, job_id: str, *, rate: float | None, reason: str, as_json: bool) -> None:
    """Go on with a replay that was stopped."""

    async def act(opened: OpenWorkspace, bus: Bus, store: Store) -> None:
        import msgspec

        job = await store.replay_job(job_id)
        if job is None:
            known = [one.id for one in await store.replay_jobs(limit=MOST_LISTED)]
            raise UnknownNameError("replay", job_id, known, where="--resume")
        if job.is_done:
            click.echo(f"{job.id} is done already", err=True)
        else:
            open_auditor(opened.workspace.path).record("replay.resumed", job.id, reason=reason)
            if rate is not None:
                job = msgspec.structs.replace(job, rate=rate)
            job = await _carry_out(opened, bus, store, job)
        _tell_done(job, QuarantineReport(), await store.replays_waiting(job.id), as_json=as_json)

    inspect(workspace, act)


def list_replays(workspace: Path, *, as_json: bool) -> None:
    """Replays of before, the newest first."""

    async def look(_: OpenWorkspace, _bus: Bus, store: Store) -> list[tuple[ReplayJob, int]]:
        jobs = await store.replay_jobs(limit=MOST_LISTED)
        return [(job, await store.replays_waiting(job.id)) for job in jobs]

    jobs = inspect(workspace, look)
    if as_json:
        print_json([_facts(job, waiting) for job, waiting in jobs])
        return
    rows = [
        (
            job.id,
            isoformat_ms(job.started_ms),
            job.by,
            _asked(job),
            "handed over" if job.is_done else "not done: --resume",
            *(f"{number:,}" for number in (handed_over(job), waiting, job.suppressed, job.gone, job.left_out)),
        )
        for job, waiting in jobs
    ]
    columns = ("replay", "began", "by", "what", "state", "sent", "still waiting", "suppressed", "gone", "left out")
    print_table("Replays", columns, rows, numbers_from=5)


async def _look(opened: OpenWorkspace, bus: Bus, store: Store, order: ReplayOrder) -> tuple[Forecast, QuarantineReport]:
    excluded = [] if order.from_log else await quarantined(store, order.which)
    is_wanted = compile_condition(order.where)
    quarantine = await judge_quarantined(opened, bus, excluded, is_wanted=is_wanted)
    return await forecast(opened, bus, store, order), quarantine


async def _replay(
    opened: OpenWorkspace, bus: Bus, store: Store, order: ReplayOrder, *, auditor: Auditor, request: ReplayRequest
) -> tuple[ReplayJob, QuarantineReport]:
    job = await make_replay(opened, bus, store, order, now_ms=time.time_ns() // 1_000_000)
    auditor.record("replay.began", f"{job.id}: {request.summary()}", reason=request.reason, after=order)
    quarantine = QuarantineReport()
    if not order.from_log:
        excluded = await quarantined(store, order.which)
        is_wanted = compile_condition(order.where)
        quarantine = await replay_quarantined(opened, bus, store, excluded, is_wanted=is_wanted)
    return await _carry_out(opened, bus, store, job), quarantine


async def _carry_out(opened: OpenWorkspace, bus: Bus, store: Store, job: ReplayJob) -> ReplayJob:
    try:
        return await carry_out(opened, bus, store, job, clock=SystemClock(), progress=_progress())
    except BaseException:
        click.echo(f"{job.id} was stopped; go on with: paceline replay --resume {job.id}", err=True)
        raise


def _progress() -> Progress:
    """Tells how far a replay is, now and then, and when nothing moves."""
    begun = told = time.monotonic()
    last: tuple[int, int] = (-1, -1)
    moved_at = begun

    def tell(job: ReplayJob, waiting: int) -> None:
        nonlocal told, last, moved_at
        now = time.monotonic()
        if (handed_over(job), waiting) != last:
            last, moved_at = (handed_over(job), waiting), now
        if now - told >= TELL_SECS:
            told = now
            hint = "; nothing moves: is a worker running?" if now - moved_at >= STUCK_SECS else ""
            click.echo(f"{job.id}: {handed_over(job):,} handed over, {waiting:,} of them still waiting{hint}", err=True)

    return tell


def _tell_forecast(expected: Forecast, quarantine: QuarantineReport, *, as_json: bool) -> None:
    number = expected.sent + quarantine.replayed
    if as_json:
        print_json({"replayed": 0, "matching": number, "replay": expected, "quarantine": quarantine}, lines=True)
        return
    rows = [
        (row.integration, row.letter_class, row.event_name.removeprefix("track:"), f"{row.count:,}")
        for row in expected.rows
    ]
    if rows:
        print_table("Would be sent again", ("integration", "class", "event", "deliveries"), rows, numbers_from=3)
    for sample in expected.samples:
        click.echo(f"\n{sample.delivery_id} {visible(sample.integration)} {visible(sample.mapping)}")
        click.echo(f"  {visible(sample.payload or f'no payload: {sample.reason}')}")
    left = {"suppressed": expected.suppressed, "no longer kept": expected.gone, "left out": expected.left_out}
    click.echo(f"{number:,} would be sent again{_except_for(left)}{_of_quarantine(quarantine)}")


def _tell_done(job: ReplayJob, quarantine: QuarantineReport, waiting: int, *, as_json: bool) -> None:
    number = handed_over(job) + quarantine.replayed
    if as_json:
        shown = {"replayed": number, "matching": number, **_facts(job, waiting), "quarantine": quarantine}
        print_json(shown, lines=True)
        return
    left = {"suppressed": job.suppressed, "no longer kept": job.gone, "left out": job.left_out}
    click.echo(f"{job.id}: {number:,} sent again{_except_for(left)}{_of_quarantine(quarantine)}")
    if waiting:
        click.echo(
            f"{waiting:,} of them wait for their integrations' turn; how far they are: paceline replay --list", err=True
        )


def _facts(job: ReplayJob, waiting: int) -> dict[str, object]:
    return {
        "id": job.id,
        "by": job.by,
        "began": isoformat_ms(job.started_ms),
        "what": _asked(job),
        "from_log": job.from_log,
        "revision": job.revision,
        "rate": job.rate,
        "is_done": job.is_done,
        "moved": job.moved,
        "read_again": job.read_again,
        "waiting": waiting,
        "suppressed": job.suppressed,
        "gone": job.gone,
        "left_out": job.left_out,
    }


def _asked(job: ReplayJob) -> str:
    which = job.which
    said: Sequence[str | None] = (
        "from the log" if job.from_log else "dead letters",
        which.lane,
        which.letter_class,
        None if which.status is None else str(which.status),
        which.source,
        which.event_name,
        None if which.delivery_ids is None else f"{len(which.delivery_ids)} named",
        "with a condition" if job.where else None,
        f"mappings at {job.revision}" if job.revision else None,
    )
    return ", ".join(text for text in said if text)


def _except_for(numbers: Mapping[str, int]) -> str:
    said = ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)
    return f" ({said})" if said else ""


def _of_quarantine(report: QuarantineReport) -> str:
    numbers = {
        "sent on": report.replayed,
        "still break their contract": report.still_broken,
        "no longer kept": report.gone,
        "left out": report.left_out,
    }
    said = ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)
    return f"; of events in quarantine {said}" if said else ""
