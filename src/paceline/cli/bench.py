"""`paceline bench`: rates, latencies, CPU and memory of the whole pipeline on this machine."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME",
    help="gateway-batches, gateway-singles, end-to-end, further-lanes or neighbors (all five by default); with Kafka"
    " gateway-batches-kafka, end-to-end-kafka (one broker) or end-to-end-kafka-3. May be repeated.",
)
@click.option("--secs", type=click.FloatRange(min=0.5), default=8.0, show_default=True, help="How long to measure.")
@click.option("--warm-up-secs", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Load before that.")
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default="bench-results",
    show_default=True,
    help="Where the report goes; the files under test lie there too while it runs, on that disk.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
def command(scenarios: tuple[str, ...], secs: float, warm_up_secs: float, folder: Path, as_json: bool) -> None:
    """Measure the pipeline with everything switched on, and count lost and doubled events.

    Gateway, worker, load generator and sink run in processes of their own. Exit status 1 when an acknowledged event
    was lost or doubled.

    \b
    Example:  paceline bench --scenario end-to-end --secs 20
    """
    import subprocess
    import sys

    import msgspec

    from paceline.cli.output import print_table

    arguments = [f"--secs={secs}", f"--warm-up-secs={warm_up_secs}", f"--out={folder}"]
    arguments += [f"--scenario={name}" for name in scenarios]
    done = subprocess.run(  # noqa: S603  our own program, given as a list, never a shell
        [sys.executable, "-m", "paceline.testing.bench", *arguments], stdout=subprocess.PIPE, check=False
    )
    if done.stdout and as_json:
        click.echo(done.stdout)
    elif done.stdout:
        report = msgspec.json.decode(done.stdout)
        machine = report["machine"]
        click.echo(
            f"{machine['cores']} x {machine['cpu']}, {machine['python']}, {machine['filesystem']}, "
            f"a synced write takes {machine['sync_ms']} ms"
        )
        click.echo(f"switched on: {'; '.join(report['switched_on'])}")
        print_table("Benchmark", report["summary"]["columns"], report["summary"]["rows"], numbers_from=2)
        for name, value in report["figures"].items():
            click.echo(f"{name.replace('_', ' ')}: {value}")
    raise SystemExit(done.returncode)
