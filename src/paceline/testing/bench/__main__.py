"""Runs the benchmark: progress on standard error, the report as JSON on standard output and in a file.

usage: python -m paceline.testing.bench [--scenario NAME]... [--secs N] [--warm-up-secs N] [--out DIR] [--keep]
Files under test lie in the output folder, on its disk. `paceline bench` shows the report as a table.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from paceline.errors import EnvironmentFaultError, PacelineError
from paceline.testing.bench.events import EVENT_BYTES
from paceline.testing.bench.machine import describe_machine
from paceline.testing.bench.report import Report, summarize_results
from paceline.testing.bench.scenarios import ON_REQUEST, SCENARIOS, Duration
from paceline.testing.bench.workspace import SWITCHED_ON


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; the exit status is 1 when an acknowledged event was lost or doubled."""
    parser = argparse.ArgumentParser(prog="paceline bench", description="Measure the pipeline.")
    parser.add_argument("--scenario", action="append", choices=[*SCENARIOS, *ON_REQUEST])
    parser.add_argument("--secs", type=float, default=8.0)
    parser.add_argument("--warm-up-secs", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=Path("bench-results"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    started = datetime.now(UTC)
    name = started.strftime("%Y-%m-%dT%H-%M-%SZ")
    work = options.out / f"{name}.files"
    try:
        work.mkdir(parents=True)
    except OSError as error:
        sys.stderr.write(f"error: {work}: cannot be made ({error.strerror}); name another folder with --out\n")
        return EnvironmentFaultError.exit_status
    try:
        report = run_scenarios(
            work,
            options.scenario or list(SCENARIOS),
            Duration(warm_up_secs=options.warm_up_secs, secs=options.secs),
            taken_at=started.isoformat(timespec="seconds"),
        )
    except PacelineError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    finally:
        if not options.keep:
            shutil.rmtree(work)
    encoded = msgspec.json.format(msgspec.json.encode(report))
    file = options.out / f"{name}.json"
    file.write_bytes(encoded)
    sys.stdout.buffer.write(encoded + b"\n")
    sys.stderr.write(f"saved {file}\n")
    return 1 if any(loss.lost or loss.doubled for result in report.results for loss in result.losses) else 0


def run_scenarios(work: Path, names: Sequence[str], duration: Duration, *, taken_at: str) -> Report:
    """Run scenarios one after the other, each with files of its own below `work`."""
    machine = describe_machine(work)
    results = []
    for number, name in enumerate(names, start=1):
        measure = SCENARIOS.get(name) or ON_REQUEST[name]
        sys.stderr.write(f"[{number}/{len(names)}] {name}: {(measure.__doc__ or '').splitlines()[0]}\n")
        results.append(measure(work / name, duration))
    return Report(
        taken_at=taken_at,
        machine=machine,
        switched_on=SWITCHED_ON,
        event_bytes=EVENT_BYTES,
        duration=duration,
        results=results,
        summary=summarize_results(results),
        figures={key: value for result in results for key, value in result.figures.items()},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
