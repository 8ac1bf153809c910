"""Small workspaces with any number of adapters, written as real folders, for measuring their debt."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from paceline.assemble.debt.measure import CodeView, DebtMeter, DebtReport
from paceline.decision.debt.items import DebtItem
from paceline.model.debt import DebtKind
from paceline.workspace.yaml_text import block_text

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
PROPERTIES = ("total", "currency", "coupon", "email", "plan", "referrer")
_DESCRIPTIONS = {
    "total": "amount after discounts, before shipping",
    "currency": "ISO 4217 code of the amounts",
    "coupon": "what the customer typed at the till",
    "email": "where the receipt goes",
    "plan": "tier that was bought",
    "referrer": "page from which the visitor came",
}
_RUNBOOK = "# Runbook\n" + "Look at the dead letters, find the cause, mend the mapping and replay them. " * 4


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One mapped field."""

    target: str
    expression: str
    note: str = ""


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """One mapping with its integration and tests."""

    team: str
    event: str
    vendor: str
    fields: tuple[Field, ...]
    name: str = ""
    is_tested: bool = True
    has_runbook: bool = True

    @property
    def mapping(self) -> str:
        return self.name or f"{self.team}_{self.event.lower().replace(' ', '_')}.{self.vendor}"


def write_workspace(folder: Path, adapters: Sequence[Adapter], *, contracts: Sequence[str] = ()) -> Path:
    """Write a workspace with these adapters and a contract for each named event. Returns its folder."""
    if folder.exists():
        shutil.rmtree(folder)
    teams = sorted({adapter.team for adapter in adapters} | {"platform"})
    person = [{"name": "Ada", "time_zone": "Etc/UTC"}]
    _write(folder / "paceline.yaml", {"workspace": "debts", "sources": {}})
    _write(
        folder / "teams.yaml",
        {"teams": {team: {"people": person, "on_call": f"https://call/{team}"} for team in teams}},
    )
    (folder / "runbooks").mkdir()
    (folder / "runbooks/all.md").write_text(_RUNBOOK)
    for vendor in sorted({adapter.vendor for adapter in adapters}):
        _write_connector(folder / "connectors" / vendor, vendor)
    for event in contracts:
        _write_contract(folder, event)
    for adapter in adapters:
        _write_adapter(folder, adapter)
    return folder


def split_adapter(adapter: Adapter, at: int) -> list[Adapter]:
    """The same adapter, in two mapping files of one integration."""
    parts = [adapter.fields[:at], adapter.fields[at:]]
    return [
        msgspec.structs.replace(adapter, fields=fields, name=f"{adapter.mapping}_{number}")
        for number, fields in enumerate(parts)
        if fields
    ]


def measure(root: Path) -> DebtReport:
    """The debt of a workspace on a fixed day, without code."""
    return DebtMeter(root, now=NOW).measure(CodeView())


def items_of(report: DebtReport, kind: DebtKind) -> list[DebtItem]:
    """The items of one kind."""
    return [item for item in report.items if item.kind is kind]


def git(folder: Path, *arguments: str, day: str = "2026-10-01") -> None:
    """Run git in a folder, as nobody in particular, on a day."""
    environment = {
        **{f"GIT_{who}_{what}": "ada@shop.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        **{f"GIT_{who}_DATE": f"{day}T12:00:00Z" for who in ("AUTHOR", "COMMITTER")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "PATH": "/usr/bin:/bin:/usr/local/bin",
    }
    done = subprocess.run(["git", *arguments], cwd=folder, check=False, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr


def commit(root: Path, *, day: str) -> None:
    """Commit everything, in a repository that begins in this folder."""
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "state", day=day)


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block_text(value) + "\n", encoding="utf-8")


def _write_contract(folder: Path, event: str) -> None:
    name = event.lower().replace(" ", "_")
    payload = {field: {"type": "string", "description": text} for field, text in _DESCRIPTIONS.items()}
    contract = {
        "contract": name,
        "version": "1.0.0",
        "description": f"Sent when {event} happens.",
        "owner": {"team": "platform"},
        "event": event,
        "schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"properties": {"type": "object", "properties": payload}},
        },
    }
    _write(folder / f"contracts/{name}/1.0.0.yaml", contract)


def _write_adapter(folder: Path, adapter: Adapter) -> None:
    fields = {
        field.target: {"value": field.expression, "note": field.note} if field.note else field.expression
        for field in adapter.fields
    }
    mapping = {
        "mapping": adapter.mapping,
        "version": 1,
        "from": {"event": adapter.event},
        "to": {"connector": adapter.vendor, "action": "send"},
        "fields": fields,
    }
    _write(folder / f"mappings/{adapter.mapping}.yaml", mapping)
    integration = {
        "integration": adapter.mapping.replace(".", "_"),
        "connector": adapter.vendor,
        "stage": "marathon",
        "owner": {"team": adapter.team},
        "sla": {"delivered_within_secs": 300},
        "events": [adapter.mapping],
        **({"runbook": "runbooks/all.md"} if adapter.has_runbook else {}),
    }
    _write(folder / f"integrations/{adapter.mapping.replace('.', '_')}.yaml", integration)
    if adapter.is_tested:
        cases = [{"name": "it arrives", "event": _event(adapter), "payload": _payload(adapter)}]
        _write(folder / f"tests/{adapter.mapping}.yaml", {"mapping": adapter.mapping, "cases": cases})


def _event(adapter: Adapter) -> dict[str, object]:
    return {"type": "track", "event": adapter.event, "userId": "u1", "properties": dict.fromkeys(PROPERTIES, "7")}


def _payload(adapter: Adapter) -> dict[str, object]:
    """What the mapping makes of the event: every expression of these workspaces is one of three forms."""
    made: dict[str, object] = {}
    for field in adapter.fields:
        value: object = "7"
        if field.expression.endswith("| number"):
            value = 7
        elif field.expression.startswith("="):
            value = field.expression.removeprefix("=").strip()
        made[field.target] = value
    return made


def _write_connector(folder: Path, name: str) -> None:
    manifest = {
        "connector": name,
        "title": name.title(),
        "description": "A vendor for tests.",
        "api_version": "v1",
        "docs": [{"title": "API", "url": f"https://docs.{name}.example/", "read": "2026-11-23"}],
        "base_urls": {"us": f"https://api.{name}.example"},
        "default_region": "us",
        "auth": {"type": "none"},
        "settings": {"type": "object"},
        "idempotency": {"place": "none"},
        "ordered": False,
    }
    action = {"title": "Send", "path": "/send", "payload": {"type": "object"}}
    _write(folder / "manifest.yaml", manifest)
    _write(folder / "actions.yaml", {"actions": {"send": action}})
