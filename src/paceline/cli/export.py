"""`paceline export`: contracts in the forms that other tools read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from paceline.exchange.loss import Exported
    from paceline.model.contract import ContractFile
    from paceline.workspace.workspace import Workspace


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="Documents and losses as one JSON object."),
        click.option("--strict", is_flag=True, help="Exit with 1 when something could not be carried over."),
        click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="A folder to write into."),
        click.option("--all-versions", is_flag=True, help="Every version; without it the newest of each contract."),
        click.option("--contract", "names", multiple=True, help="Only this contract; may be given several times."),
        click.argument("workspace", type=click.Path(path_type=Path), default="."),
    ):
        function = decorate(function)
    return function


@click.group()
def command() -> None:
    """Write contracts as data contracts, AsyncAPI, Iglu schemas or one JSON Schema.

    Without --out the documents go to standard output. What a form cannot say is listed on standard error.

    \b
    Example:  paceline export asyncapi shop > asyncapi.yaml
              paceline export iglu shop --vendor com.acme --out registry
    """


@command.command()
@_options
@click.option("--domain", default="", help="The business domain to name in the documents.")
def odcs(domain: str, **options: Any) -> None:
    """As Open Data Contract Standard 3.1.0, one document a contract version."""
    from paceline.exchange.odcs import export_odcs

    _run(lambda _, contracts: export_odcs(contracts, domain=domain), **options)


@command.command()
@_options
@click.option("--base-url", default="", help="Where the contracts are published; part of each `dataschema`.")
@click.option("--version", default="1.0.0", show_default=True, help="The document's own version.")
def asyncapi(base_url: str, version: str, **options: Any) -> None:
    """As one AsyncAPI 3.1.0 document."""
    from paceline.exchange.asyncapi import export_asyncapi

    def write(workspace: Workspace, contracts: list[ContractFile]) -> Exported:
        title = workspace.settings.workspace or "events"
        return export_asyncapi(contracts, title=title, version=version, base_url=base_url)

    _run(write, **options)


@command.command()
@_options
@click.option("--vendor", required=True, help="The Iglu vendor, a reversed domain such as com.acme.")
def iglu(vendor: str, **options: Any) -> None:
    """As Snowplow's self-describing schemas, laid out as a static Iglu registry."""
    from paceline.exchange.iglu import export_iglu

    _run(lambda _, contracts: export_iglu(contracts, vendor=vendor), **options)


@command.command()
@_options
@click.option("--base-url", default="", help="Where the contracts are published; part of each `$id`.")
def jsonschema(base_url: str, **options: Any) -> None:
    """As one JSON Schema 2020-12 document; each version's `$id` is its CloudEvents `dataschema`."""
    from paceline.exchange.bundle import export_bundle

    _run(lambda _, contracts: export_bundle(contracts, base_url=base_url), **options)


def _run(
    write: Callable[[Workspace, list[ContractFile]], Exported],
    *,
    workspace: Path,
    names: tuple[str, ...],
    all_versions: bool,
    out: Path | None,
    strict: bool,
    as_json: bool,
) -> None:
    from paceline.cli.documents import load_for_exchange, say_losses, write_documents
    from paceline.cli.output import print_json

    loaded = load_for_exchange(workspace)
    exported = write(loaded, chosen_contracts(loaded, names, all_versions=all_versions))
    if as_json:
        print_json({"documents": exported.documents, "losses": exported.losses})
    else:
        write_documents(exported, out)
        say_losses(exported.losses)
    count = f"{len(exported.documents)} documents, {len(exported.losses)} things not carried over"
    click.echo(count, err=True)
    if strict and exported.losses:
        sys.exit(1)


def chosen_contracts(workspace: Workspace, names: tuple[str, ...], *, all_versions: bool) -> list[ContractFile]:
    """The contracts that were asked for, in order of name and version. Raises UnknownNameError."""
    from paceline.errors import UnknownNameError

    chosen: list[ContractFile] = []
    for name in names or sorted(workspace.contracts):
        if name not in workspace.contracts:
            raise UnknownNameError("contract", name, workspace.contracts)
        versions = [str(version) for version in workspace.versions(name)]
        chosen += [workspace.contracts[name][version] for version in (versions if all_versions else versions[-1:])]
    return chosen
