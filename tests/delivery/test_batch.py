"""Which deliveries share a request."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.batch import make_batches
from paceline.model.delivery import Delivery, Item
from paceline.model.record import Position


def deliveries(pairs: list[tuple[str, str]]) -> list[Delivery]:
    """Deliveries from (group, ordering key) pairs, numbered by their offsets."""
    return [
        Delivery(
            id=str(number),
            position=Position(0, number),
            key=key,
            mapping="m",
            action=group,
            item=Item(delivery_id=str(number), payload={}),
            event_id=str(number),
            event_name="x",
            source="web",
        )
        for number, (group, key) in enumerate(pairs)
    ]


def batches_of(pairs: list[tuple[str, str]], most: int, *, distinct: bool = False) -> list[list[Delivery]]:
    return make_batches(
        deliveries(pairs), batch_key=lambda one: one.action, max_items=lambda _: most, distinct_keys=distinct
    )


pairs = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=60)


@given(pairs, st.integers(1, 7), st.booleans())
def test_every_delivery_is_in_exactly_one_batch(some: list[tuple[str, str]], most: int, distinct: bool):
    ids = [one.id for batch in batches_of(some, most, distinct=distinct) for one in batch]
    assert sorted(ids, key=int) == [str(number) for number in range(len(some))]


@given(pairs, st.integers(1, 7), st.booleans())
def test_batch_holds_one_group_and_no_more_than_the_limit(some: list[tuple[str, str]], most: int, distinct: bool):
    for batch in batches_of(some, most, distinct=distinct):
        assert len(batch) <= most
        assert len({one.action for one in batch}) == 1


@given(pairs, st.integers(1, 7))
def test_distinct_batches_sent_in_turn_keep_the_order_of_every_key(some: list[tuple[str, str]], most: int):
    batches = batches_of(some, most, distinct=True)
    for key in "xyz":
        offsets = [one.position.offset for batch in batches for one in batch if one.key == key]
        assert offsets == sorted(offsets)
    assert all(len({one.key for one in batch}) == len(batch) for batch in batches)


def test_deliveries_that_fit_share_a_request():
    assert [len(batch) for batch in batches_of([("a", "x")] * 5, 2)] == [2, 2, 1]
