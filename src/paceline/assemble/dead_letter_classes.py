"""What each class of dead letter means, who has to act, and what to do first."""

from __future__ import annotations

import enum

import msgspec

from paceline.model.delivery import DeadLetterClass


class Action(enum.StrEnum):
    """What to do with a dead letter, unless somebody knows better."""

    RETRY = "retry"
    """Nothing is wrong with it: send it again when the vendor works."""
    FIX = "fix"
    """Repair what made it fail, then send it again."""
    DISCARD = "discard"
    """It cannot be sent again."""


class LetterClassFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One class: `means` and `first_step` are sentences, `runbook` is a page of the documentation."""

    means: str
    first_step: str
    action: Action
    runbook: str
    is_contract_owners: bool = False


def _facts(name: DeadLetterClass, means: str, first_step: str, action: Action) -> LetterClassFacts:
    return LetterClassFacts(
        means=means,
        first_step=first_step,
        action=action,
        runbook=f"docs/runbooks/dead-letters-{name.replace('_', '-')}.md",
        is_contract_owners=name is DeadLetterClass.CONTRACT,
    )


_classes = {
    DeadLetterClass.CONTRACT: _facts(
        DeadLetterClass.CONTRACT,
        "The event breaks its contract, so no integration gets it.",
        "See what is broken and by whom (paceline violations), then correct the sender or the contract.",
        Action.FIX,
    ),
    DeadLetterClass.MAPPING: _facts(
        DeadLetterClass.MAPPING,
        "The mapping cannot make a payload of the event, or the vendor's schema refuses what it made.",
        "Correct the mapping, add the event as a test case, and send the letters again.",
        Action.FIX,
    ),
    DeadLetterClass.VENDOR_PERMANENT: _facts(
        DeadLetterClass.VENDOR_PERMANENT,
        "The vendor has refused it in a way that no further try can change.",
        "Read what the vendor said, correct the mapping or the vendor's settings, and send the letters again.",
        Action.FIX,
    ),
    DeadLetterClass.VENDOR_EXHAUSTED: _facts(
        DeadLetterClass.VENDOR_EXHAUSTED,
        "The vendor did not take it for the whole retry window (24 hours unless the integration says otherwise).",
        "See that the vendor works again (paceline explain retry), and send the letters again.",
        Action.RETRY,
    ),
    DeadLetterClass.AUTH: _facts(
        DeadLetterClass.AUTH,
        "The vendor refused our credentials for the whole retry window.",
        "Put a good secret in place, see one delivery succeed, and send the letters again.",
        Action.FIX,
    ),
    DeadLetterClass.INTERNAL: _facts(
        DeadLetterClass.INTERNAL,
        "We could not handle the event: a defect of a mapping function, a connector or of paceline.",
        "Report it, upgrade or correct the connector, and send the letters again.",
        Action.FIX,
    ),
}


def facts_of(letter_class: DeadLetterClass) -> LetterClassFacts:
    """The facts of a class."""
    return _classes[letter_class]
