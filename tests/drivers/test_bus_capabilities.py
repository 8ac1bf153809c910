"""A bus that cannot do what gateway and worker need is refused, with what it lacks."""

from __future__ import annotations

import msgspec
import pytest

from paceline.assemble.storage import require_capable
from paceline.errors import UsageError
from paceline.ports.bus import BusCapabilities

ABLE = BusCapabilities(name="some", durable=True, shared=True, dense_offsets=True)


def test_bus_that_can_do_everything_is_accepted() -> None:
    require_capable(ABLE)


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ("durable", "would be lost with the process"),
        ("shared", "other processes cannot read"),
        ("dense_offsets", "the ledger could not add up"),
    ],
)
def test_bus_that_lacks_something_is_refused_with_what_it_lacks(lacking: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        require_capable(msgspec.structs.replace(ABLE, **{lacking: False}))
