"""An imported destination of RudderStack sends what RudderStack sends, over public cases of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rudderstack_cases import Row, Score, batch_parts, data_folder, read_cases, read_rows, score

from paceline.connectors.catalog import Catalog

pytestmark = pytest.mark.conformance

CATALOG = Catalog(with_entry_points=False)
VENDORS = {
    CATALOG.manifest(name).names_elsewhere.get("rudderstack", name): name
    for name, folder in CATALOG.folders.items()
    if (folder / "rudderstack.py").is_file()
}
LEAST_EQUAL = 0.95

# The least share of equal fields where several events are sent together, and why it is no more.
BATCHES = {
    "customerio": (0.88, "Customer.io takes neither attributes nor relationships with an object's deletion"),
    "sendgrid": (1.0, ""),
}


@pytest.fixture(scope="module")
def folder() -> Path:
    found = data_folder()
    if found is None:
        pytest.skip("the public cases are not here; PACELINE_CONFORMANCE_DATA names their folder")
    return found


@pytest.fixture(scope="module")
def scores(folder: Path) -> dict[str, Score]:
    return {vendor: score(cases) for vendor, cases in read_cases(folder).items() if vendor in VENDORS}


def scored(scores: dict[str, Score], vendor: str) -> Score:
    if vendor not in scores:
        pytest.skip(f"there are no public cases of {vendor}")
    return scores[vendor]


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_every_request_goes_to_the_same_place_with_the_same_credentials(scores: dict[str, Score], vendor: str) -> None:
    assert scored(scores, vendor).unlike == []


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_named_exceptions_come_out_as_their_reason_says(scores: dict[str, Score], vendor: str) -> None:
    assert scored(scores, vendor).broken == []


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_nearly_every_field_of_every_body_is_the_same(scores: dict[str, Score], vendor: str) -> None:
    assert scored(scores, vendor).field_ratio >= LEAST_EQUAL


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_events_that_rudderstack_refuses_are_refused(scores: dict[str, Score], vendor: str) -> None:
    assert scored(scores, vendor).not_refused == []


def batch_cases() -> list[Row]:
    found = data_folder()
    path = found / "batch_cases.jsonl" if found else None
    return [case for case in read_rows(path) if case["vendor"] in BATCHES] if path and path.is_file() else []


@pytest.mark.parametrize("case", batch_cases(), ids=lambda case: str(case["vendor"]))
def test_several_events_become_the_same_items(case: Row) -> None:
    least, _ = BATCHES[case["vendor"]]
    theirs, ours, _ = batch_parts(case)
    assert (theirs & ours).total() / (theirs | ours).total() >= least
    assert {leaf.partition(" .")[0] for leaf in theirs} == {leaf.partition(" .")[0] for leaf in ours}
