"""A connector made from its description: whatever manifest and actions say, done by the same code for every vendor."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

import msgspec

from paceline.delivery.answers import read_answer
from paceline.delivery.authentication import sign_request
from paceline.delivery.request import RequestPlan
from paceline.errors import UnknownNameError, nearest_name
from paceline.model.connector import (
    Action,
    ActionsFile,
    AnswerTable,
    Idempotency,
    IdPlace,
    Manifest,
    SignatureAuth,
)
from paceline.model.delivery import Answer, Item, Outcome, Request
from paceline.model.event import Refusal
from paceline.ports.connector import BatchLimits

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

_REFERENCE = re.compile(r"\$\{(env|file):[^}]+\}\Z")


class SettingFault(msgspec.Struct, frozen=True, kw_only=True):
    """One problem of an integration's settings. `path` leads to the value, outermost key first."""

    path: tuple[str | int, ...]
    message: str
    hint: str = ""


class FinishesRequest(Protocol):
    """`build` of a connector's own code: takes the request that the description made, returns the one to send. Pure."""

    def __call__(
        self, request: Request, items: Sequence[Item], settings: Mapping[str, object], *, action: str, now_ms: int
    ) -> Request: ...


class FinishesOutcomes(Protocol):
    """`read` of a connector's own code: takes the outcomes by the answer table, returns the right ones. Pure."""

    def __call__(
        self, outcomes: Sequence[Outcome], items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
    ) -> Sequence[Outcome]: ...


class FollowsUp(Protocol):
    """`follow_up` of a connector's own code: the second call that an answer to `request` asks for, if any. Pure."""

    def __call__(
        self, request: Request, items: Sequence[Item], answer: Answer, *, action: str, now_ms: int
    ) -> Request | None: ...


class DescribedConnector:
    """One vendor, ready for use; implements the port `Connector`.

    `manifest` and `actions` are the description. `secret_settings` names the settings that are credentials.
    """

    def __init__(self, manifest: Manifest, actions: ActionsFile, code: ModuleType | None = None) -> None:
        self.manifest = manifest
        self.actions: Mapping[str, Action] = actions.actions
        self._finish_request: FinishesRequest | None = getattr(code, "build", None)
        self._finish_outcomes: FinishesOutcomes | None = getattr(code, "read", None)
        self._follow_up: FollowsUp | None = getattr(code, "follow_up", None)
        self._plans: dict[str, _Plan] = {}
        self._validators: dict[str, Draft202012Validator] = {}

    @property
    def name(self) -> str:
        return self.manifest.connector

    def without_delivery_marks(self) -> DescribedConnector:
        """The connector as it would write an event that is no delivery yet: no idempotency key, no time of sending."""
        unmarked = msgspec.structs.replace(self.manifest, idempotency=Idempotency(place=IdPlace.NONE))
        connector = DescribedConnector(unmarked, ActionsFile(actions=_without_marks(self.actions)))
        connector._finish_request = self._finish_request
        return connector

    @property
    def secret_settings(self) -> frozenset[str]:
        return secret_settings(self.manifest)

    def action(self, name: str) -> Action:
        """The description of one action. Raises UnknownNameError."""
        try:
            return self.actions[name]
        except KeyError:
            raise UnknownNameError(f"action of {self.name}", name, self.actions) from None

    def batch_limits(self, action: str) -> BatchLimits:
        return self._plan(action).limits

    def batch_key(self, action: str, payload: Mapping[str, object]) -> object:
        return self._plan(action).batch_key(payload)

    def build(self, action: str, items: Sequence[Item], settings: Mapping[str, object], *, now_ms: int) -> Request:
        request = self._plan(action).build(items, settings, now_ms=now_ms)
        if self._finish_request is not None:
            request = self._finish_request(request, items, settings, action=action, now_ms=now_ms)
        if isinstance(self.manifest.auth, SignatureAuth):
            request = sign_request(request, items, self.manifest.auth, settings, now_ms=now_ms)
        return request

    def follow_up(
        self, action: str, items: Sequence[Item], settings: Mapping[str, object], answer: Answer, *, now_ms: int
    ) -> Request | None:
        if self._follow_up is None:
            return None
        request = self.build(action, items, settings, now_ms=now_ms)
        return self._follow_up(request, items, answer, action=action, now_ms=now_ms)

    def read(self, action: str, items: Sequence[Item], answer: Answer, *, now_ms: int) -> Sequence[Outcome]:
        outcomes: Sequence[Outcome] = read_answer(self._answers(action), items, answer, now_ms=now_ms)
        if self._finish_outcomes is None:
            return outcomes
        return self._finish_outcomes(outcomes, items, answer, action=action, now_ms=now_ms)

    def settings_faults(self, settings: Mapping[str, object]) -> list[SettingFault]:
        """What is wrong with an integration's settings. A reference such as `${env:KEY}` stands for a right value."""
        known = self.manifest.settings.get("properties")
        names = known if isinstance(known, dict) else {}
        faults: list[SettingFault] = []
        for error in self._validator("settings", self.manifest.settings).iter_errors(dict(settings)):
            path = tuple(error.instance_path)
            if _is_reference(_value_at(settings, path)):
                continue
            unknown = getattr(error.kind, "unexpected", None)
            if unknown:
                faults += [_unknown_setting(path, name, names) for name in unknown]
            elif needed := _alternatives(self.manifest.settings, error.schema_path):
                faults.append(SettingFault(path=path, message=f"give exactly one of {', '.join(needed)}"))
            else:
                hint = str(names[path[0]].get("description", "")) if path and path[0] in names else ""
                faults.append(SettingFault(path=path, message=error.message, hint=hint))
        return faults

    def payload_refusal(self, action: str, payload: Mapping[str, object]) -> Refusal | None:
        """None when the vendor would take this payload, or else the first rule of its schema that it breaks."""
        validator = self._validator(f"action:{action}", self.action(action).payload)
        if validator.is_valid(payload):
            return None
        error = next(iter(validator.iter_errors(payload)))
        pointer = "".join(f"/{part}" for part in error.instance_path)
        needed = _alternatives(self.action(action).payload, error.schema_path)
        problem = f"it needs {' or '.join(needed)}" if needed else _shorten(error.message)
        return Refusal(
            rule=f"{self.name}.{action}{pointer}",
            reason="missing" if needed else _REASONS.get(error.kind.name, "refused"),
            message=f"{self.manifest.title} would not take {pointer or 'this payload'}: {problem}",
        )

    def _answers(self, action: str) -> AnswerTable:
        return self.action(action).answers or self.manifest.answers

    def _plan(self, action: str) -> _Plan:
        plan = self._plans.get(action)
        if plan is None:
            plan = self._plans[action] = _Plan(self.manifest, self.action(action))
        return plan

    def _validator(self, name: str, schema: Mapping[str, object]) -> Draft202012Validator:
        validator = self._validators.get(name)
        if validator is None:
            from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 - only where something is checked

            # Masked: a message must not quote what an event or a setting holds.
            validator = self._validators[name] = Draft202012Validator(dict(schema), mask="the value")
        return validator


def _without_marks(actions: Mapping[str, Action]) -> dict[str, Action]:
    return {
        name: msgspec.structs.replace(action, idempotency=None, body=msgspec.structs.replace(action.body, sent_at=None))
        for name, action in actions.items()
    }


class _Plan(RequestPlan):
    """A request plan with what a lane asks about every single delivery."""

    def __init__(self, manifest: Manifest, action: Action) -> None:
        super().__init__(manifest, action)
        batch = self.batch
        self.limits = BatchLimits(
            max_items=batch.max_items, max_bytes=batch.max_bytes, max_item_bytes=batch.max_item_bytes
        )


_REASONS = {"required": "missing", "type": "wrong_type", "maxLength": "too_long", "maxItems": "too_many"}


def secret_settings(manifest: Manifest) -> frozenset[str]:
    """The names of the settings that are credentials."""
    properties = manifest.settings.get("properties")
    named = properties.items() if isinstance(properties, dict) else ()
    return frozenset(name for name, schema in named if isinstance(schema, dict) and schema.get("secret") is True)


def _alternatives(schema: object, path: Sequence[str | int]) -> list[str]:
    """The names between which an `anyOf` or `oneOf` of plain `required` lets one choose, if `path` leads there."""
    for part in path:
        schema = schema[part] if isinstance(schema, dict | list) else None  # type: ignore[index]
    branches = schema if path and path[-1] in {"anyOf", "oneOf"} and isinstance(schema, list) else []
    if not all(isinstance(branch, dict) and set(branch) == {"required"} for branch in branches):
        return []
    return [" and ".join(branch["required"]) for branch in branches]


def _shorten(message: str, most: int = 300) -> str:
    return message if len(message) <= most else message[:most] + "…"


def _is_reference(value: object) -> bool:
    return isinstance(value, str) and _REFERENCE.match(value) is not None


def _value_at(settings: Mapping[str, object], path: Sequence[str | int]) -> object:
    value: object = settings
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
    return value


def _unknown_setting(path: tuple[str | int, ...], name: str, known: Mapping[str, object]) -> SettingFault:
    close = nearest_name(name, known) if not path else None
    hint = f"did you mean {close!r}?" if close else f"known: {', '.join(sorted(known))}" if not path else ""
    return SettingFault(path=(*path, name), message=f"unknown setting {name!r}", hint=hint)
