"""What must hold for the debt of any workspace, on real folders."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from debt_workspaces import PROPERTIES, Adapter, Field, items_of, measure, split_adapter, write_workspace
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from paceline.assemble.debt.measure import DebtReport
from paceline.model.debt import DebtKind

NOTES = ["", "total", "todo", "after discounts and in cents", "asked for by the mailing team"]
FIELDS = st.lists(
    st.builds(
        lambda name, form, note: Field(target=name, expression=form.format(name), note=note),
        st.sampled_from(PROPERTIES),
        st.sampled_from(["$.properties.{}", "$.properties.{} | number", "= fixed"]),
        st.sampled_from(NOTES),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda field: field.target,
).map(tuple)
ADAPTERS = st.builds(
    Adapter,
    team=st.sampled_from(["growth", "sales", "support"]),
    event=st.sampled_from(["Order Completed", "Signed Up"]),
    vendor=st.sampled_from(["crm", "mailer"]),
    fields=FIELDS,
    is_tested=st.booleans(),
    has_runbook=st.booleans(),
)
WORKSPACES = st.lists(ADAPTERS, min_size=1, max_size=3, unique_by=lambda one: one.mapping)
CONTRACTS = st.sampled_from([(), ("Order Completed",), ("Order Completed", "Signed Up")])
few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def report_on(adapters: Sequence[Adapter], contracts: Sequence[str] = ()) -> DebtReport:
    with tempfile.TemporaryDirectory() as folder:
        return measure(write_workspace(Path(folder) / "shop", adapters, contracts=contracts))


@few
@given(adapters=WORKSPACES, extra=ADAPTERS, contracts=CONTRACTS)
def test_one_more_adapter_never_lowers_the_score(
    adapters: list[Adapter], extra: Adapter, contracts: Sequence[str]
) -> None:
    assume(extra.mapping not in {one.mapping for one in adapters})
    before, after = report_on(adapters, contracts).score, report_on([*adapters, extra], contracts).score
    assert after.score >= before.score
    assert after.principal_hours >= before.principal_hours


@few
@given(adapters=WORKSPACES, contracts=CONTRACTS, seed=st.randoms(use_true_random=False))
def test_renaming_and_reordering_files_changes_nothing(
    adapters: list[Adapter], contracts: Sequence[str], seed: object
) -> None:
    renamed = [msgspec.structs.replace(one, name=f"other_{number}") for number, one in enumerate(adapters)]
    seed.shuffle(renamed)  # type: ignore[attr-defined]
    before, after = report_on(adapters, contracts), report_on(renamed, contracts)
    assert after.score == before.score
    assert [item.subject for item in after.items] == [item.subject for item in before.items]


@few
@given(adapters=WORKSPACES, contracts=CONTRACTS, at=st.integers(1, 4))
def test_splitting_a_mapping_into_two_files_changes_nothing(
    adapters: list[Adapter], contracts: Sequence[str], at: int
) -> None:
    split = [part for one in adapters for part in split_adapter(one, at)]
    assert report_on(split, contracts).score == report_on(adapters, contracts).score


@few
@given(adapter=ADAPTERS, other=st.sampled_from(["alpha", "zeta"]), contracts=CONTRACTS)
def test_merging_two_duplicates_lowers_the_score(adapter: Adapter, other: str, contracts: Sequence[str]) -> None:
    copy = msgspec.structs.replace(adapter, team=other)
    two = report_on([adapter, copy], contracts)
    assert len(items_of(two, DebtKind.DUPLICATE_ADAPTER)) == 1
    with tempfile.TemporaryDirectory() as folder:
        root = write_workspace(Path(folder) / "shop", [adapter, copy], contracts=contracts)
        (root / f"mappings/{copy.mapping}.yaml").unlink()
        (root / f"tests/{copy.mapping}.yaml").unlink(missing_ok=True)
        shared = root / f"integrations/{copy.mapping.replace('.', '_')}.yaml"
        shared.write_text(shared.read_text().replace(f"events: [{copy.mapping}]", f"events: [{adapter.mapping}]"))
        merged = measure(root)
    assert not items_of(merged, DebtKind.DUPLICATE_ADAPTER)
    assert merged.score.score < two.score.score


@few
@given(adapter=ADAPTERS, note=st.sampled_from(["{0}", "The {0}.", "{0} field", "todo", "n/a", "TBD: {0}", "- ", "x"]))
def test_filler_documents_nothing(adapter: Adapter, note: str) -> None:
    bare = msgspec.structs.replace(
        adapter, fields=tuple(msgspec.structs.replace(field, note="") for field in adapter.fields)
    )
    filled = msgspec.structs.replace(
        adapter,
        fields=tuple(msgspec.structs.replace(field, note=note.format(field.target)) for field in adapter.fields),
    )
    assert report_on([filled]).score == report_on([bare]).score


@pytest.mark.parametrize("contracts", [(), ("Order Completed",)])
def test_note_that_was_pasted_to_three_fields_counts_for_none(contracts: Sequence[str]) -> None:
    def adapter(*notes: str) -> Adapter:
        fields = tuple(
            Field(target=name, expression=f"$.properties.{name} | number", note=note)
            for name, note in zip(PROPERTIES, notes, strict=False)
        )
        return Adapter(team="growth", event="Order Completed", vendor="crm", fields=fields)

    pasted = report_on([adapter(*["needed by the mailing team"] * 3)], contracts)
    own = report_on([adapter("needed by mailing", "what the tax office asks", "shown in every letter")], contracts)
    assert len(items_of(pasted, DebtKind.UNDOCUMENTED_MAPPING)) == 3
    assert not items_of(own, DebtKind.UNDOCUMENTED_MAPPING)
