"""Finding connectors by their folders, and reading only what is asked for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from paceline.connectors import catalog as catalog_module
from paceline.connectors.catalog import IN_TREE, Catalog
from paceline.errors import UnknownNameError, UsageError


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    """A workspace's connectors/ with a copy of segment named crm."""
    folder = tmp_path / "connectors" / "crm"
    shutil.copytree(IN_TREE / "segment", folder)
    _edit(folder / "manifest.yaml", "connector: segment", "connector: crm")
    return folder.parent


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_connectors_in_the_tree_are_found_by_their_folders() -> None:
    folders = {folder.parent.name for folder in IN_TREE.glob("*/manifest.yaml")}
    assert set(Catalog(with_entry_points=False).names) == folders
    assert {"webhook", "segment", "customerio", "ga4"} <= folders


def test_workspace_adds_a_connector_of_its_own(own_folder: Path) -> None:
    connector = Catalog(own_folder).load("crm")
    assert (connector.name, set(connector.actions)) == ("crm", set(Catalog().load("segment").actions))


def test_workspaces_own_connector_wins_over_one_in_the_tree(own_folder: Path) -> None:
    shutil.copytree(IN_TREE / "segment", own_folder / "segment")
    _edit(own_folder / "segment" / "manifest.yaml", "title: Segment", "title: Our Segment")
    assert Catalog(own_folder).manifest("segment").title == "Our Segment"


def test_missing_folder_of_a_workspace_is_fine(tmp_path: Path) -> None:
    assert "segment" in Catalog(tmp_path / "connectors").names


def test_packages_offer_connectors_by_entry_point(
    own_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "acme_crm"
    shutil.copytree(own_folder / "crm", package)
    _edit(package / "manifest.yaml", "connector: crm", "connector: acme")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    offered = [EntryPoint("acme", "acme_crm", catalog_module.ENTRY_POINT_GROUP)]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: offered)
    assert Catalog().load("acme").name == "acme"


def test_package_cannot_take_the_place_of_a_connector_of_ours(
    own_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(own_folder / "crm", tmp_path / "site" / "evil")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    offered = [EntryPoint("segment", "evil", catalog_module.ENTRY_POINT_GROUP)]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: offered)
    assert Catalog().folders["segment"] == IN_TREE / "segment"


def test_entry_point_that_names_no_package_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [EntryPoint("acme", "there_is_no_such_package", catalog_module.ENTRY_POINT_GROUP)]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: offered)
    with pytest.raises(UsageError, match="names no package"):
        _ = Catalog().names


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'customerio'"):
        Catalog().load("custmerio")


def test_unknown_action_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'track_event'"):
        Catalog().load("customerio").action("track_evnt")


def test_metadata_is_read_without_running_the_connectors_code(own_folder: Path) -> None:
    (own_folder / "crm" / "connector.py").write_text("raise RuntimeError('code ran')")
    assert Catalog(own_folder).manifest("crm").connector == "crm"


def test_connectors_own_code_finishes_its_requests(own_folder: Path) -> None:
    code = "import msgspec\ndef build(request, items, settings, *, action, now_ms):\n"
    code += "    return msgspec.structs.replace(request, method='PUT')\n"
    (own_folder / "crm" / "connector.py").write_text(code)
    connector = Catalog(own_folder).load("crm")
    from connector_samples import NOW_MS, SETTINGS, make_items

    items = make_items("segment", "track")
    assert connector.build("track", items, SETTINGS["segment"], now_ms=NOW_MS).method == "PUT"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("connector: crm", "connector: other", "the folder is 'crm' but the manifest says 'other'"),
        ("default_region: us", "default_region: mars", "default_region 'mars' has no base URL"),
        ("ordered: false", "ordred: false", r"unknown field `ordred`"),
        ("type: basic", "type: magic", r"\$\.auth"),
        ("title: Segment", "title: [", "not YAML"),
    ],
)
def test_wrong_manifest_is_an_error_that_says_where(own_folder: Path, old: str, new: str, message: str) -> None:
    _edit(own_folder / "crm" / "manifest.yaml", old, new)
    with pytest.raises(UsageError, match=message) as caught:
        Catalog(own_folder).load("crm")
    assert caught.value.where.endswith("crm/manifest.yaml")


def test_missing_actions_are_an_error_that_says_where(own_folder: Path) -> None:
    (own_folder / "crm" / "actions.yaml").unlink()
    with pytest.raises(UsageError, match=r"actions\.yaml"):
        Catalog(own_folder).load("crm")


def test_names_are_listed_without_reading_yaml_or_schemas() -> None:
    code = "from paceline.connectors.catalog import Catalog; import sys; Catalog().names; "
    code += "print(sorted({'yaml', 'jsonschema_rs', 'httptools'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
