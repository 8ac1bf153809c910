"""A contract as the text of its file, always the same for the same contract."""

from __future__ import annotations

import re

import msgspec
import yaml

from paceline.model.contract import ContractFile
from paceline.model.event import EventType

_LOOKS_LIKE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", re.ASCII)
_LINE_WIDTH = 110


def contract_path(contract: ContractFile) -> str:
    """Where the contract's file lies below the workspace."""
    return f"contracts/{contract.contract}/{contract.version}.yaml"


def contract_text(contract: ContractFile) -> str:
    """The contract as YAML, with the keys in the order in which a person reads them. Defaults are left out.

    >>> contract_text(ContractFile(contract="a", version="1.0.0", description="d", owner=Owner(team="t"),
    ...                            event="A", schema={"type": "object"})).splitlines()[:2]
    ['contract: a', 'version: 1.0.0']
    """
    fields: dict[str, object] = {
        "contract": contract.contract,
        "version": contract.version,
        "description": contract.description,
        "owner": {"team": contract.owner.team, "role": contract.owner.role},
    }
    if contract.type is not EventType.TRACK:
        fields["type"] = contract.type.value
    if contract.event:
        fields["event"] = contract.event
    if contract.deprecation is not None:
        fields["deprecation"] = {
            key: value for key, value in msgspec.to_builtins(contract.deprecation).items() if value
        }
    fields["schema"] = contract.schema
    return yaml_text(fields)


def yaml_text(value: object) -> str:
    """A JSON value as YAML that a workspace reads back as the same value, keys in the order given."""
    return yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE_WIDTH, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    """Writes what the workspace's reader reads back unchanged: no aliases, and quotes around text like `1e5`."""

    def ignore_aliases(self, data: object) -> bool:
        """Write a value out each time that it occurs."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists under their key, as people do."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if _LOOKS_LIKE_NUMBER.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _list(dumper: yaml.SafeDumper, value: list[object]) -> yaml.SequenceNode:
    is_short = all(isinstance(item, str | int | float | bool | None) for item in value) and len(str(value)) < 90
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=is_short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
