"""`paceline build`: one integration as a function, a container or a job."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="What was built, as JSON."),
        click.option(
            "--today",
            type=click.DateTime(["%Y-%m-%d"]),
            help="The day that end dates are compared with; without it the present day in UTC.",
        ),
        click.option(
            "--source", default="", help="Whom events belong to that come without saying so; its first source."
        ),
        click.option(
            "--workspace", type=click.Path(path_type=Path), default=".", help="The workspace; by default this folder."
        ),
        click.option(
            "--out", type=click.Path(path_type=Path, file_okay=False), help="The folder to write; build/TARGET/NAME."
        ),
        click.argument("integration"),
    ):
        function = decorate(function)
    return function


@click.group()
def command() -> None:
    """Pack one integration into what a platform runs: its mapping, connector and contracts, and nothing else.

    Secrets stay references. The same workspace gives the same bytes. An integration past its end date is not built.

    \b
    Example:  paceline build lambda customerio_onboarding --workspace shop
              paceline build etl customerio_onboarding --workspace shop --out job
    """


@command.command("lambda")
@_options
@click.option("--python", default="", help="The Lambda runtime's Python, such as 3.13; by default the one that runs.")
@click.option("--machine", type=click.Choice(["x86_64", "aarch64"]), help="The processor; by default this one's.")
@click.option(
    "--wheels", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A folder of wheels to take from."
)
@click.option("--offline", is_flag=True, help="Never ask pip for wheels that are not here.")
def lambda_(python: str, machine: str | None, wheels: Path | None, offline: bool, **options: Any) -> None:
    """As an AWS Lambda archive, with a SAM template and Terraform.

    \b
    Example:  paceline build lambda customerio_onboarding && sam deploy --guided
    """
    _run("lambda", python=python, machine=machine or "", wheels=wheels, offline=offline, **options)


@command.command()
@_options
def gcf(**options: Any) -> None:
    """As the source of a Google Cloud function, with Terraform.

    \b
    Example:  paceline build gcf customerio_onboarding --out function
    """
    _run("gcf", **options)


@command.command()
@_options
def container(**options: Any) -> None:
    """As the context of a container that takes events by HTTP, with deploy files.

    \b
    Example:  paceline build container customerio_onboarding --out image && docker build image
    """
    _run("container", **options)


@command.command()
@_options
def etl(**options: Any) -> None:
    """As the context of a job that delivers files, objects or rows and ends.

    \b
    Example:  paceline build etl customerio_onboarding --out job && docker build job
    """
    _run("etl", **options)


def _run(
    target: str,
    *,
    integration: str,
    workspace: Path,
    out: Path | None,
    source: str,
    today: dt.datetime | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    from paceline.assemble.build import BuildOptions, build
    from paceline.cli.output import print_json

    day = today.date() if today else dt.datetime.now(dt.UTC).date()
    folder = out or Path("build", target, integration)
    built = build(target, workspace, integration, folder, BuildOptions(source=source, today=day, **chosen))
    if as_json:
        print_json(built)
        return
    click.echo(f"packages: {', '.join(built.packages)}", err=True)
    size = f", function.zip {built.archive_bytes / 1e6:.1f} MB" if built.archive_bytes else ""
    click.echo(f"{folder}: {integration} for {target}, {built.modules} modules of paceline{size}")
