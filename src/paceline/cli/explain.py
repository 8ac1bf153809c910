"""`paceline explain`: what the product will do, before it does it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import datetime as dt

    from paceline.assemble.explain_retry import RetryExplanation

MOST_SHOWN = 14


@click.group()
def command() -> None:
    """Say what will happen, and when.

    \b
    Example:  paceline explain retry ga4_web shop --from 2026-11-23T22:00+01:00
    """


@command.command()
@click.argument("integration")
@click.argument("workspace", type=click.Path(path_type=Path), default=".")
@click.option("--from", "start", help="When the first try fails: a time, such as 2026-11-23T22:00Z; now by default.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with every retry of the window.")
def retry(integration: str, workspace: Path, start: str | None, as_json: bool) -> None:
    """Show when a failed delivery of INTEGRATION is tried again, what each answer does, and what its order costs.

    Every wait is a random part of its longest (full jitter), so the earliest time of each retry is at once; `typical`
    is with average waits, `at the latest` with the longest ones.
    """
    import datetime as dt

    from paceline.assemble.explain_retry import explain_retry
    from paceline.assemble.opening import open_workspace
    from paceline.cli.times import parse_time

    now = dt.datetime.now(dt.UTC)
    began = parse_time(start, now, option="--from") if start else now
    explanation = explain_retry(open_workspace(workspace, {}), integration)
    (_print_json if as_json else _print)(explanation, began)


def _print_json(told: RetryExplanation, began: dt.datetime) -> None:
    import msgspec

    from paceline.cli.output import print_json

    schedule = told.schedule
    retries = [
        {
            **msgspec.structs.asdict(retry),
            "typical_at": _moment(began, retry.typical_secs),
            "latest_at": _moment(began, retry.latest_secs),
        }
        for retry in schedule.retries
    ]
    print_json(
        {
            **msgspec.structs.asdict(told),
            "from": _moment(began, 0),
            "schedule": {
                **msgspec.structs.asdict(schedule),
                "retries": retries,
                "given_up_from": _moment(began, schedule.window_secs),
                "given_up_latest": _moment(began, schedule.given_up_latest_secs),
            },
        }
    )


def _print(told: RetryExplanation, began: dt.datetime) -> None:
    from paceline.cli.output import print_table

    schedule, policy = told.schedule, told.policy
    shown = schedule.retries if len(schedule.retries) <= MOST_SHOWN else schedule.retries[: MOST_SHOWN - 2]
    rows = [
        (
            str(retry.number),
            _moment(began, retry.typical_secs),
            _moment(began, retry.latest_secs),
            f"0 to {retry.wait_most_secs:g} s",
        )
        for retry in shown
    ]
    title = f"Retries of {told.integration}, first failure at {_moment(began, 0)}"
    print_table(title, ("retry", "typical", "at the latest", "wait"), rows, numbers_from=3)
    left = len(schedule.retries) - len(shown)
    if left:
        click.echo(f"and {left} more, {policy.cap_secs / 2:g} s apart on average")
    click.echo(
        f"\nGiven up on when a try fails after {schedule.window_secs / 3600:g} h: between "
        f"{_moment(began, schedule.window_secs)} and {_moment(began, schedule.given_up_latest_secs)}, after some "
        f"{schedule.typical_tries} tries. It is then a dead letter (vendor_exhausted, or auth) and can be replayed. "
        "While the account is paused or the breaker open nothing is tried, so all of this may come later by that.\n"
    )
    effects = [
        (one.signal, one.outcome_class.value, "yes" if one.spends_try else "no", one.does) for one in told.signals
    ]
    print_table(
        f"What answers do (connector {told.connector}, action {told.action}; an error in the body may say otherwise)",
        ("answer", "class", "spends a try", "what happens"),
        effects,
        numbers_from=4,
    )
    breaker = told.breaker
    click.echo(
        f"\nBreaker: after {breaker.consecutive} failed calls in a row, or {breaker.failure_ratio:.0%} of at least "
        f"{breaker.min_calls} in {breaker.window_secs:g} s, nobody calls for {breaker.open_secs:g} s, doubling to "
        f"{breaker.max_open_secs:g} s; what waits for it spends no try."
    )
    click.echo(f"Ordering {told.ordering_cost}.")


def _moment(began: dt.datetime, secs: float) -> str:
    import datetime as dt

    return (began + dt.timedelta(seconds=secs)).isoformat(timespec="seconds").replace("+00:00", "Z")
