"""What `paceline build` writes: the same bytes, one integration, no secret, and deploy files that parse."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from functions import SHOP

from paceline.assemble.build import BuildOptions, build
from paceline.deploy.archive import zip_bytes
from paceline.deploy.modules import needed_by
from paceline.deploy.vendoring import Target, fits, lambda_target, vendored
from paceline.errors import EnvironmentFaultError, UnknownNameError, UsageError, WorkspaceError

NAME = "customerio_onboarding"
OFFLINE = BuildOptions(offline=True)


def test_same_workspace_gives_the_same_bytes(builds: dict[str, Path], tmp_path: Path) -> None:
    build("lambda", SHOP, NAME, tmp_path / "again", BuildOptions(offline=True, source="web"))
    for path in (builds["lambda"]).iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_archive_is_small(builds: dict[str, Path]) -> None:
    assert (builds["lambda"] / "function.zip").stat().st_size <= 15_000_000


def test_archive_holds_one_integration_and_what_it_needs(builds: dict[str, Path]) -> None:
    with zipfile.ZipFile(builds["lambda"] / "function.zip") as archive:
        names = archive.namelist()
        bundle = json.loads(archive.read("paceline_integration/integration.json"))
    assert {name.split("/")[0].partition("-")[0] for name in names} - {"__pycache__"} == {
        "jsonschema_rs", "msgspec", "paceline", "paceline_integration", "lambda_function.py",
    }  # fmt: skip
    assert not [name for name in names if re.search(r"paceline/(cli|testing|decision|connectors/[a-z]+/)", name)]
    assert not [name for name in names if "mapping/parser" in name or "mapping/compile" in name]
    assert sorted(bundle["contracts"]) == ["checkout_started", "identify", "order_completed", "signed_up"]
    assert bundle["integration"]["integration"] == NAME
    assert sorted(bundle["actions"]["actions"]) == sorted({mapping["action"] for mapping in bundle["mappings"]})


def test_no_secret_is_packed(tmp_path: Path) -> None:
    workspace = tmp_path / "shop"
    shutil.copytree(SHOP, workspace, ignore=shutil.ignore_patterns(".paceline"))
    (workspace / ".env").write_text("CIO_SITE_ID=nightingale-site\nCIO_API_KEY=nightingale-key\n")
    for target in ("gcf", "container", "etl"):
        build(target, workspace, NAME, tmp_path / target, OFFLINE)
        for path in (tmp_path / target).rglob("*"):
            assert path.is_dir() or b"nightingale" not in path.read_bytes()


def test_integration_past_its_end_is_not_built(tmp_path: Path) -> None:
    ends = dt.date(2027, 2, 15)
    build("etl", SHOP, NAME, tmp_path / "a", BuildOptions(today=ends))
    with pytest.raises(WorkspaceError, match="expired on 2027-02-15"):
        build("etl", SHOP, NAME, tmp_path / "b", BuildOptions(today=ends + dt.timedelta(days=1)))
    assert not (tmp_path / "b").exists()


def test_unknown_integration_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="customerio_onbording") as raised:
        build("etl", SHOP, "customerio_onbording", tmp_path / "a", OFFLINE)
    assert NAME in raised.value.remedy


def test_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="other files"):
        build("etl", SHOP, NAME, tmp_path, OFFLINE)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_second_build_takes_away_what_is_no_longer_there(tmp_path: Path) -> None:
    build("container", SHOP, NAME, tmp_path / "a", OFFLINE)
    build("etl", SHOP, NAME, tmp_path / "a", OFFLINE)
    assert not (tmp_path / "a" / "service.yaml").exists()
    assert (tmp_path / "a" / "job.yaml").exists()


def test_every_integration_of_the_shop_can_be_packed(tmp_path: Path) -> None:
    for path in (SHOP / "integrations").glob("*.yaml"):
        built = build("container", SHOP, path.stem, tmp_path / path.stem, OFFLINE)
        code = "import sys; sys.path.insert(0, '.'); from pathlib import Path; "
        code += "from paceline.assemble.function.parts import Packed; "
        code += "print(len(Packed(Path('paceline_integration').resolve()).plan.versions))"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path / path.stem, capture_output=True, text=True, check=False
        )
        assert done.stdout.strip().isdigit(), done.stderr
        assert built.modules < 200


class _Cloud(yaml.SafeLoader):
    """Understands CloudFormation's short forms."""


_Cloud.add_multi_constructor("!", lambda loader, tag, node: (tag, getattr(node, "value", None)))


def template(builds: dict[str, Path]) -> dict[str, Any]:
    return yaml.load((builds["lambda"] / "template.yaml").read_text(), Loader=_Cloud)


def test_sam_template_reads_secrets_by_reference_and_allows_no_more_than_needed(builds: dict[str, Path]) -> None:
    found = template(builds)
    function = found["Resources"]["Function"]["Properties"]
    assert set(found["Parameters"]) >= {"CioApiKey", "CioSiteId"}
    assert function["Environment"]["Variables"]["CIO_API_KEY"] == ("Sub", "aws-sm:${CioApiKey}")
    statements = function["Policies"][0]["Statement"]
    assert [one["Action"] for one in statements] == ["sqs:SendMessage", "secretsmanager:GetSecretValue"]
    assert all("*" not in str(one["Resource"]) for one in statements)
    assert function["Events"]["Queue"]["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(("target", "name"), [("container", "service.yaml"), ("etl", "job.yaml")])
def test_kubernetes_files_take_every_right_away(builds: dict[str, Path], target: str, name: str) -> None:
    text = (builds[target] / name).read_text()
    assert all(yaml.safe_load_all(text))
    for part in ("readOnlyRootFilesystem: true", "runAsNonRoot: true", "drop: [ALL]", "secretKeyRef"):
        assert part in text


@pytest.mark.parametrize("target", ["lambda", "gcf"])
def test_terraform_is_balanced_and_has_no_hole_left(builds: dict[str, Path], target: str) -> None:
    text = (builds[target] / "main.tf").read_text()
    code = re.sub(r'"(?:[^"\\]|\\.)*"|#[^\n]*', "", text)
    assert code.count("{") == code.count("}")
    assert code.count("[") == code.count("]")
    assert "@{" not in text
    assert "CIO_API_KEY" in text


def test_wheel_that_cannot_work_there_is_not_packed_and_the_way_out_is_told() -> None:
    other = lambda_target("3.13" if sys.version_info[:2] != (3, 13) else "3.12", "aarch64")
    with pytest.raises(EnvironmentFaultError, match="no wheel of msgspec") as raised:
        vendored(["msgspec"], other, offline=True)
    assert "--wheels" in raised.value.remedy


def test_wheels_of_a_folder_are_taken(tmp_path: Path) -> None:
    wheel = zip_bytes({"demo/__init__.py": b"", "demo/a.pyi": b"", "demo-1.dist-info/RECORD": b"", "../evil.py": b""})
    (tmp_path / "demo-1-cp313-cp313-manylinux_2_17_aarch64.manylinux2014_aarch64.whl").write_bytes(wheel)
    assert list(vendored(["demo"], lambda_target("3.13", "aarch64"), wheels=tmp_path, offline=True)) == [
        "demo/__init__.py"
    ]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("py3-none-any", True), ("cp312-cp312-manylinux_2_34_x86_64", True), ("cp310-abi3-manylinux2014_x86_64", True),
        ("cp312-cp312-manylinux_2_35_x86_64", False), ("cp312-cp312-musllinux_1_2_x86_64", False),
        ("cp311-cp311-manylinux2014_x86_64", False), ("cp313-abi3-manylinux2014_x86_64", False),
        ("cp312-cp312-manylinux2014_aarch64", False), ("cp312-cp312-win_amd64", False), ("py2-none-any", False),
    ],
)  # fmt: skip
def test_tags_are_judged_as_pip_judges_them(tag: str, expected: bool) -> None:
    assert fits(tag, Target(python="3.12", machine="x86_64", glibc=(2, 34))) is expected


def test_imports_for_type_checkers_are_not_followed() -> None:
    code = b"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import yaml\nimport msgspec\n"
    assert needed_by([], [code], sys.stdlib_module_names).packages == {"msgspec"}


def test_generated_code_that_was_packed_has_no_builtins(builds: dict[str, Path]) -> None:
    code = "import paceline_integration.mapping_0 as m; print(m.apply.__builtins__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=builds["etl"], capture_output=True, text=True, check=False)
    assert done.stdout == "{}\n", done.stderr
