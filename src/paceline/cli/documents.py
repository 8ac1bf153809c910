"""Files that exchange commands read and write, and how they say what could not be carried over."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.exchange.loss import Exported, Loss
    from paceline.model.contract import ContractFile, Owner
    from paceline.workspace.workspace import Workspace

LARGEST_INPUT_BYTES = 64 * 1024 * 1024


def read_document(path: Path) -> object:
    """A JSON or YAML file (`-` is standard input) as a value. Raises UsageError with the place of what is wrong."""
    from paceline.errors import UsageError

    text = read_text(path)
    if path.suffix in {".yaml", ".yml"}:
        from paceline.workspace.yaml_document import read_yaml

        document, findings = read_yaml(text.encode(), str(path))
        if document is None or findings:
            raise UsageError(findings[0].message, where=f"{path}:{findings[0].line}", remedy=findings[0].hint)
        return document.value
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"not valid JSON: {error.msg}", where=f"{path}:{error.lineno}:{error.colno}") from None
    except RecursionError:
        raise UsageError("nested too deep", where=str(path)) from None


def read_text(path: Path) -> str:
    """The text of a file, or of standard input for `-`. Raises UsageError."""
    from paceline.errors import UsageError

    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        if len(content) > LARGEST_INPUT_BYTES:
            raise UsageError(f"larger than {LARGEST_INPUT_BYTES // 1024**2} MiB", where=str(path))
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise UsageError("not UTF-8 text", where=f"{path}, byte {error.start}") from None


def load_for_exchange(path: Path) -> Workspace:
    """The workspace at or above `path`, without errors."""
    from paceline.workspace.load import find_workspace, load_workspace

    workspace = load_workspace(find_workspace(path))
    workspace.require_no_errors()
    return workspace


def choose_owner(workspace: Workspace | None, team: str | None) -> Owner:
    """The owner of contracts that are made: `--team`, or else the workspace's only team."""
    from paceline.errors import UnknownNameError, UsageError
    from paceline.model.contract import Owner

    known = sorted(workspace.teams.teams) if workspace is not None else []
    if team is None:
        if len(known) == 1:
            return Owner(team=known[0])
        raise UsageError("a contract needs an owner", remedy=f"give --team, one of: {', '.join(known) or 'any name'}")
    if known and team not in known:
        raise UnknownNameError("team", team, known)
    return Owner(team=team)


def write_contracts(
    workspace: Workspace, contracts: Sequence[ContractFile], *, dry_run: bool
) -> Mapping[str, Sequence[str]]:
    """Write contract files; what is there already is never overwritten.

    Returns paths by what became of them: `written`, `unchanged`, `refused` (there with another content).
    """
    from paceline.exchange.contract_text import contract_path, contract_text

    fates: dict[str, list[str]] = {"written": [], "unchanged": [], "refused": []}
    for contract in contracts:
        path = contract_path(contract)
        present = workspace.contracts.get(contract.contract, {}).get(contract.version)
        if present is not None or (workspace.path / path).exists():
            fates["unchanged" if present == contract else "refused"].append(path)
            continue
        fates["written"].append(path)
        if not dry_run:
            (workspace.path / path).parent.mkdir(parents=True, exist_ok=True)
            (workspace.path / path).write_text(contract_text(contract), encoding="utf-8")
    return fates


def write_documents(exported: Exported, out: Path | None) -> None:
    """Write exported documents below `out`, or on standard output (several YAML ones separated by `---`)."""
    for number, (name, document) in enumerate(exported.documents.items()):
        text = document_text(name, document)
        if out is not None:
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            click.echo("---\n" if number and name.endswith(".yaml") else "", nl=False)
            click.echo(text, nl=False)


def document_text(name: str, document: Mapping[str, object]) -> str:
    """A document as its file name says: YAML, or else JSON."""
    from paceline.exchange.contract_text import yaml_text

    if name.endswith(".yaml"):
        return yaml_text(document)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def say_losses(losses: Iterable[Loss]) -> None:
    """Every loss on standard error, with what to do about it."""
    for loss in losses:
        click.echo(str(loss), err=True)
        if loss.hint:
            click.echo(f"    {loss.hint}", err=True)
