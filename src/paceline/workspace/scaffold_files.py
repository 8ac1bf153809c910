"""The text of a new connector, a new integration and a CI pipeline, from the files in `scaffolds/`.

`@name@` and the like are filled in; there is no other templating.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.errors import UsageError
from paceline.model.connector import Manifest
from paceline.model.integration import Stage
from paceline.workspace.yaml_text import block_text, flow_text

_FOLDER = Path(__file__).parent / "scaffolds"
_HOLE = re.compile(r"@([a-z_]+)@")
_CONNECTOR_FILES = {
    "manifest.yaml": "connector.manifest.yaml",
    "actions.yaml": "connector.actions.yaml",
    "notes.md": "connector.notes.md",
    "mappings/track.@name@.yaml": "connector.mapping.yaml",
    "tests/track.@name@.yaml": "connector.tests.yaml",
}
_CI_FILES = {"github": ".github/workflows/paceline.yml", "gitlab": ".gitlab/paceline.yml"}
_STAGE_DAYS = 84
_SLA_SECS = 300
_NEXT = {Stage.SPRINT: Stage.HYBRID, Stage.HYBRID: Stage.MARATHON}


class IntegrationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a new integration is made of.

    `mappings` are names, `number` is that of its RFC, such as 0003, and `reviewers` are those who have to agree to it.
    """

    name: str
    manifest: Manifest
    mappings: Sequence[str]
    team: str
    stage: Stage
    number: str
    reviewers: Sequence[str]


def connector_files(name: str, *, rules: Iterable[str], today: dt.date) -> Mapping[str, bytes]:
    """A connector's folder below the workspace, to be filled in: it passes its checks and its tests as it is.

    `rules` are those of the quality ladder; all begin as todo. Raises UsageError for a name that cannot be one.
    """
    _require_name(name)
    values = {"name": name, "host": name.replace("_", "-"), "title": _title(name), "today": today.isoformat()}
    files = {_filled(place, values): _read(source, values) for place, source in _CONNECTOR_FILES.items()}
    files["quality.yaml"] = block_text({"rules": dict.fromkeys(rules, "todo")}).encode() + b"\n"
    return {f"connectors/{name}/{place}": content for place, content in files.items()}


def integration_files(plan: IntegrationPlan, *, today: dt.date) -> Mapping[str, bytes]:
    """An integration with its runbook and, unless it is a marathon, the plan for what comes after it."""
    _require_name(plan.name)
    settings = {name: f"${{env:{plan.name.upper()}_{name.upper()}}}" for name in _required(plan.manifest)}
    expires, milestone = today + dt.timedelta(days=_STAGE_DAYS), today + dt.timedelta(days=_STAGE_DAYS // 2)
    said: dict[str, object] = {
        "integration": plan.name,
        "description": f"Say what {plan.manifest.title} needs these events for.",
        "connector": plan.manifest.connector,
        "stage": plan.stage.value,
        "owner": {"team": plan.team, "role": "maintainer"},
        "sla": {"delivered_within_secs": _SLA_SECS, "success_ratio": 0.99},
        "events": list(plan.mappings),
        "settings": settings,
        "route": "bus" if plan.stage is Stage.MARATHON else "direct",
    }
    values = {
        "name": plan.name,
        "today": today.isoformat(),
        "reviewers": flow_text(list(plan.reviewers))[1:-1],
        "sla_secs": str(_SLA_SECS),
        "title": plan.manifest.title,
        "team": plan.team,
        "stage": plan.stage.value,
        "events": ", ".join(plan.mappings),
        "number": plan.number,
        "expires": expires.isoformat(),
        "milestone": milestone.isoformat(),
        "next": _NEXT.get(plan.stage, plan.stage).value,
        "variables": ", ".join(f"`{value[6:-1]}`" for value in settings.values()) or "its settings",
    }
    files = {f"runbooks/{plan.name}.md": _read("runbook.md", values)}
    if plan.stage is not Stage.MARATHON:
        file = f"rfcs/{plan.number}-{plan.name.replace('_', '-')}.md"
        files[file] = _read("plan.md", values)
        if plan.stage is Stage.HYBRID:
            said["started"] = today.isoformat()
        said["expires"] = expires.isoformat()
        said["migration"] = {"to": values["next"], "plan": file, "milestones": [milestone.isoformat()]}
    said["runbook"] = f"runbooks/{plan.name}.md"
    said["risk"] = {"privacy": 3, "lock_in": 3, "performance": 3, "observability": 3}
    return {f"integrations/{plan.name}.yaml": block_text(said).encode() + b"\n", **files}


def ci_file(system: str, *, workspace: str, version: str) -> tuple[str, bytes]:
    """The pipeline for `github` or `gitlab`: its path below the repository, and its text.

    `workspace` is the workspace's folder as seen from the repository, `version` that of paceline to install.
    """
    return _CI_FILES[system], _read(f"{system}.yml", {"workspace": workspace, "version": version})


def ci_systems() -> Sequence[str]:
    """What there are pipelines for."""
    return tuple(_CI_FILES)


def _required(manifest: Manifest) -> list[str]:
    """The settings that cannot be left out; of alternatives, the first."""
    schema = manifest.settings
    names = list(_names(schema))
    for keyword in ("oneOf", "anyOf"):
        branches = schema.get(keyword)
        if isinstance(branches, list) and branches:
            names += _names(branches[0])
    return names


def _names(schema: object) -> Sequence[str]:
    required = schema.get("required") if isinstance(schema, dict) else None
    return [str(name) for name in required] if isinstance(required, list) else []


def _require_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"{name!r} cannot be a name", expected="lower-case words joined by _")


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _read(source: str, values: Mapping[str, str]) -> bytes:
    return _filled((_FOLDER / source).read_text(encoding="utf-8"), values).encode()


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _HOLE.sub(lambda hole: values[hole[1]], text)
