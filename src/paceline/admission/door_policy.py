"""What the door does with an event that breaks its contract, and with what no contract declares. Pure.

An event names its contract version in `context.protocols.event_version`, the place that Segment's event versioning uses
(https://segment.com/docs/protocols/tracking-plan/create/, read 2026-11-23): a version (`"1.2.0"`), or the major number
alone, which stands for the newest version with it. Otherwise the newest version judges.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec

from paceline.contracts.declared_fields import DeclaredFields, without_fields
from paceline.contracts.validation import Validator, Violation
from paceline.contracts.versions import Version
from paceline.model.door import DoorChanges, DoorRules, OnBroken, OnUndeclaredEvent, OnUndeclaredField
from paceline.model.record import Verdict

UNDECLARED_EVENT_RULE = "contract:undeclared"
MOST_NAMED = 10
"""How many violations of one event the record of it names; the rest is counted."""

_LONGEST_VERSION = 32
_MOST_REMEMBERED = 1_000


def rules_for(default: DoorRules, source: DoorChanges | None, contract: DoorChanges | None) -> DoorRules:
    """The rules for a pair: what the contract says, else what the source says, else the default.

    >>> rules_for(DoorRules(), DoorChanges(broken=OnBroken.REJECT), DoorChanges(broken=OnBroken.STAMP)).broken
    <OnBroken.STAMP: 'stamp'>
    """
    values: dict[str, object] = msgspec.structs.asdict(default)
    for changes in (source, contract):
        if changes is not None:
            values |= {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}
    return msgspec.convert(values, DoorRules)


class Decision(enum.StrEnum):
    """Whether an event is taken in."""

    ACCEPT = "accept"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the door does with one event.

    `dataschema` (`order_completed/1.2.0`) goes onto the record, empty when no contract judged. `verdict` goes onto the
    record of a quarantined event, and tells the sender of a rejected one why. `event` is what to store in place of what
    came in; None when that is unchanged. `dropped` are the pointers of removed fields.
    """

    decision: Decision
    dataschema: str = ""
    verdict: Verdict | None = None
    event: dict[str, object] | None = None
    violations: tuple[Violation, ...] = ()
    dropped: tuple[str, ...] = ()


ACCEPTED = Judgement(decision=Decision.ACCEPT)
"""An event that nothing is said about."""


class DoorVersion:
    """One contract version, ready to judge."""

    def __init__(self, contract: str, version: Version, validator: Validator) -> None:
        self.version = version
        self.dataschema = f"{contract}/{version}"
        self.is_valid = validator.is_valid
        self.violations = validator.violations
        self.declared = DeclaredFields(validator.schema)
        self.accepted = Judgement(decision=Decision.ACCEPT, dataschema=self.dataschema)


class ContractDoor:
    """Judges the events of one contract. Make one for each contract and set of rules, when a workspace is loaded.

    Example: `ContractDoor("order_completed", versions, rules).judge(event).decision`
    """

    def __init__(self, name: str, versions: Sequence[tuple[Version, Validator]], rules: DoorRules) -> None:
        if not versions:
            raise ValueError(f"{name} has no version")
        self.name = name
        self.rules = rules
        self._versions = {version: DoorVersion(name, version, validator) for version, validator in versions}
        self._newest = self._versions[max(self._versions)]
        self._by_written: dict[object, DoorVersion | None] = {}

    def judge(self, event: dict[str, object]) -> Judgement:
        """Judge one event (the whole of it, in the shape of the Segment spec). The event is not changed."""
        context = event.get("context")
        protocols = context.get("protocols") if type(context) is dict else None
        written = protocols.get("event_version") if type(protocols) is dict else None
        judging = self._newest if written is None else self._named(written)
        if judging is None:
            return self._unknown_version(event)
        if self.rules.undeclared_field is not OnUndeclaredField.ALLOW:
            return self._judge_fields(event, judging)
        if judging.is_valid(event):
            return judging.accepted
        return self._broken(event, judging, tuple(judging.violations(event)))

    def _judge_fields(self, event: dict[str, object], judging: DoorVersion) -> Judgement:
        undeclared = judging.declared.undeclared(event)
        if self.rules.undeclared_field is OnUndeclaredField.DROP:
            kept = without_fields(event, undeclared) if undeclared else event
            if judging.is_valid(kept):
                if not undeclared:
                    return judging.accepted
                return msgspec.structs.replace(judging.accepted, event=kept, dropped=undeclared)
            return self._broken(kept, judging, tuple(judging.violations(kept)), dropped=undeclared)
        found = tuple(judging.violations(event))
        known = {violation.pointer for violation in found}
        found += tuple(_undeclared_field(pointer) for pointer in undeclared if pointer not in known)
        return self._broken(event, judging, found) if found else judging.accepted

    def _named(self, written: object) -> DoorVersion | None:
        """The version that an event names; None when there is none of that name."""
        if type(written) not in (str, int) or len(str(written)) > _LONGEST_VERSION:
            return None
        if written not in self._by_written:
            if len(self._by_written) >= _MOST_REMEMBERED:
                return self._find(written)  # somebody sends versions at random: no memory for that
            self._by_written[written] = self._find(written)
        return self._by_written[written]

    def _find(self, written: object) -> DoorVersion | None:
        text = str(written)
        fitting = [version for version in self._versions if text in {str(version), str(version.major)}]
        return self._versions[max(fitting)] if fitting else None

    def _unknown_version(self, event: dict[str, object]) -> Judgement:
        released = ", ".join(str(version) for version in sorted(self._versions))
        violation = Violation(
            pointer="/context/protocols/event_version",
            keyword="version",
            message=f"the contract has no such version; released: {released}",
            schema_pointer="",
        )
        return self._broken(event, self._newest, (violation,))

    def _broken(
        self,
        event: dict[str, object],
        judging: DoorVersion,
        violations: tuple[Violation, ...],
        *,
        dropped: tuple[str, ...] = (),
    ) -> Judgement:
        named = violations[:MOST_NAMED]
        more = f" (and {len(violations) - len(named)} more)" if len(violations) > len(named) else ""
        detail = "; ".join(f"{violation.pointer}: {violation.message}" for violation in named) + more
        verdict = Verdict(rule=f"contract:{judging.dataschema}{violations[0].pointer}", detail=detail)
        changed = event if dropped else None
        if self.rules.broken is OnBroken.STAMP:
            return Judgement(
                decision=Decision.ACCEPT,
                dataschema=judging.dataschema,
                event=_stamped(event, judging.dataschema, named),
                violations=violations,
                dropped=dropped,
            )
        decision = Decision.REJECT if self.rules.broken is OnBroken.REJECT else Decision.QUARANTINE
        return Judgement(
            decision=decision,
            dataschema=judging.dataschema,
            verdict=verdict,
            event=changed,
            violations=violations,
            dropped=dropped,
        )


def judge_undeclared(event_name: str, rules: DoorRules) -> Judgement:
    """What becomes of an event that no contract describes."""
    if rules.undeclared_event is OnUndeclaredEvent.ALLOW:
        return ACCEPTED
    verdict = Verdict(rule=UNDECLARED_EVENT_RULE, detail=f"no contract describes the event {event_name!r}")
    is_refused = rules.undeclared_event is OnUndeclaredEvent.REJECT
    return Judgement(decision=Decision.REJECT if is_refused else Decision.QUARANTINE, verdict=verdict)


def _undeclared_field(pointer: str) -> Violation:
    return Violation(pointer=pointer, keyword="undeclared", message="the field is not declared", schema_pointer="")


def _stamped(event: Mapping[str, object], dataschema: str, violations: Sequence[Violation]) -> dict[str, object]:
    """A copy of the event with its violations in `context.protocols`, where mappings and readers can see them."""
    context = event.get("context")
    context = dict(context) if isinstance(context, dict) else {}
    protocols = context.get("protocols")
    noted = [{"field": violation.pointer, "message": violation.message} for violation in violations]
    context["protocols"] = {
        **(protocols if isinstance(protocols, dict) else {}),
        "contract": dataschema,
        "violations": noted,
    }
    return {**event, "context": context}
