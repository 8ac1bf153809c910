"""The image, the compose file and the manifests: every command in them exists, and nothing runs as root."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from paceline.testing.system import PACELINE

ROOT = Path(__file__).parents[2]
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
PROBED = {"/health", "/ready"}

pytestmark = pytest.mark.skipif(not MANIFESTS, reason="the manifests are not part of an installed paceline")


def documents() -> Iterator[dict[str, Any]]:
    for file in MANIFESTS:
        yield from yaml.safe_load_all(file.read_text(encoding="utf-8"))


def pods() -> list[dict[str, Any]]:
    return [one["spec"]["template"]["spec"] for one in documents() if one["kind"] in {"Deployment", "Job"}]


def containers() -> list[dict[str, Any]]:
    return [container for pod in pods() for container in pod["containers"]]


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def commands() -> list[list[str]]:
    found = [container["args"] for container in containers()]
    found += [service["command"] for service in compose()["services"].values() if service.get("image") == "paceline"]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_command_exists_with_its_options(command: list[str]) -> None:
    """An unknown option is told before the missing workspace is."""
    done = subprocess.run([*PACELINE, *command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "no such option" not in done.stderr.lower()
    assert "/workspace" in done.stderr, done.stderr


def test_every_pod_runs_as_nobody_in_particular_and_cannot_write_its_own_files() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert not container["securityContext"]["allowPrivilegeEscalation"]


def test_every_process_that_stays_is_probed_where_it_answers() -> None:
    for container in containers():
        if "serve" in container["args"]:
            probes = {name: probe for name, probe in container.items() if name.endswith("Probe")}
            assert set(probes) == {"startupProbe", "livenessProbe", "readinessProbe"}
            assert {probe["httpGet"]["path"] for probe in probes.values()} <= PROBED


def test_every_deployment_has_a_disruption_budget_and_kustomization_names_every_file() -> None:
    all_of = list(documents())
    deployed = {one["metadata"]["name"] for one in all_of if one["kind"] == "Deployment"}
    guarded = {one["metadata"]["name"] for one in all_of if one["kind"] == "PodDisruptionBudget"}
    (kustomization,) = [one for one in all_of if one["kind"] == "Kustomization"]
    assert deployed == guarded
    assert set(kustomization["resources"]) == {file.name for file in MANIFESTS} - {"kustomization.yaml"}


def test_image_ends_as_another_user_with_extras_that_exist() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    extras = re.search(r'"\.\[([a-z,-]+)\]"', text)
    assert extras is not None
    known = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[project.optional-dependencies]")[2]
    assert all(f"\n{extra} = [" in known for extra in extras[1].split(","))
    assert text.rindex("USER 10001") > text.rindex("FROM ")


def test_metric_that_scaling_asks_for_is_one_that_workers_have() -> None:
    from paceline.observe.exposition import write_metrics

    (scaled,) = [one for one in documents() if one["kind"] == "ScaledObject"]
    (trigger,) = scaled["spec"]["triggers"]
    (name,) = re.findall(r"paceline_\w+", trigger["metadata"]["query"])
    assert f"# TYPE {name} gauge" in write_metrics([])
