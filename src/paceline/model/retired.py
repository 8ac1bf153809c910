"""The file kind `retired/<name>.yaml`: the tombstone of an integration, and the record of its end."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from paceline.model.contract import Day, Name, Owner
from paceline.model.integration import Stage


class FinalCounts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last account of its lane, as `paceline ledger` showed it."""

    accepted: int = 0
    delivered: int = 0
    filtered: int = 0
    suppressed: int = 0
    rejected: int = 0
    dead: int = 0


class RetiredFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An integration that is no more.

    Its lane goes on to let events pass, so that its ledger still adds up and it holds nothing back in the log; nothing
    is sent. Its address /v1/in/NAME answers 410. Written by `paceline retire`.
    """

    integration: Name
    connector: Annotated[str, Meta(description="The vendor that it delivered to.")]
    stage: Annotated[Stage, Meta(description="Its last stage.")]
    owner: Annotated[Owner, Meta(description="Who answered for it.")]
    since: Annotated[Day | None, Meta(description="The day on which it was added, where git knows it.")] = None
    retired: Annotated[Day, Meta(description="The day on which it was removed.")]
    because: Annotated[str, Meta(description="Why it is gone.")]
    replaced_by: Annotated[str, Meta(description="What to use instead; empty for nothing.")] = ""
    plan: Annotated[str, Meta(description="The RFC of its migration, if it had one.")] = ""
    mappings: Annotated[list[str], Meta(description="The mappings that it used.")] = []
    consumers: Annotated[list[str], Meta(description="Who sent to it or used it, and has been told.")] = []
    counts: Annotated[FinalCounts | None, Meta(description="The last account of its lane, where it ever ran.")] = None
