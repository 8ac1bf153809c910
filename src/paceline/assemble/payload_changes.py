"""Each vendor payload that a change of files changes: the requests before and after, on samples and test events."""

from __future__ import annotations

import base64
import binascii
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from paceline.assemble.contract_tests.bench import Bench, Mismatch, build_requests, mismatches
from paceline.assemble.contract_tests.suite import MappingUnderTest, Suite
from paceline.assemble.door import record_type
from paceline.connectors.catalog import Catalog
from paceline.connectors.described import DescribedConnector
from paceline.contracts.validation import compile_schema
from paceline.contracts.versions import VersionRange
from paceline.delivery.plan import Refused
from paceline.errors import PacelineError
from paceline.model.case import Case
from paceline.model.connector import SignatureAuth
from paceline.model.contract import ContractFile
from paceline.model.delivery import Delivery, Request
from paceline.model.event import Filtered, parse_time
from paceline.model.mapping import EVERY_EVENT, MappingFile
from paceline.workspace.commits import write_snapshot
from paceline.workspace.load import load_workspace
from paceline.workspace.samples import sample_event
from paceline.workspace.workspace import Workspace, event_key

SECRET: Final = "REDACTED"  # noqa: S105 - stands in place of secrets
_HIDDEN = re.compile(rf"{SECRET}_([A-Za-z0-9_]+)")
_Outcome = dict[str, object]


class PayloadChange(msgspec.Struct, frozen=True, kw_only=True):
    """What goes to a vendor for one event, before and after; None where there was, or is, nothing to send it.

    `integration` is empty for a mapping that no integration uses. An outcome has one of `requests` (with secrets
    replaced), `payload` (where no request can be made without real settings), `filtered`, `refused` and `quarantined`.
    """

    mapping: str
    integration: str
    event: str
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    differences: tuple[Mismatch, ...]


class PayloadChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Every change, how many outcomes were compared, and mappings whose files changed without changing a payload."""

    compared: int
    changed: tuple[PayloadChange, ...]
    without_effect: tuple[str, ...]


def payload_changes(root: Path, commit: str) -> PayloadChanges:
    """What changed in a workspace's payloads since a commit. Files that are broken on a side count as not there."""
    with tempfile.TemporaryDirectory(prefix="paceline-diff-") as folder:
        before = _Side(write_snapshot(root, commit, Path(folder)))
        return _compare(before, _Side(root))


def _compare(before: _Side, after: _Side) -> PayloadChanges:
    compared = 0
    changed: list[PayloadChange] = []
    names = sorted({*before.workspace.mappings, *after.workspace.mappings})
    for mapping in names:
        events = {**before.events(mapping), **after.events(mapping)}
        for integration in sorted({*before.users(mapping), *after.users(mapping)}):
            for label, (event, now) in events.items():
                left = before.outcome(mapping, integration, label, event, now)
                right = after.outcome(mapping, integration, label, event, now)
                compared += 1
                if left != right:
                    changed.append(_change(mapping, integration, label, left, right))
    affected = {change.mapping for change in changed}
    edited = (name for name in names if before.workspace.mappings.get(name) != after.workspace.mappings.get(name))
    return PayloadChanges(
        compared=compared,
        changed=tuple(changed),
        without_effect=tuple(name for name in edited if name not in affected),
    )


def _change(
    mapping: str, integration: str, event: str, before: _Outcome | None, after: _Outcome | None
) -> PayloadChange:
    return PayloadChange(
        mapping=mapping,
        integration=integration,
        event=event,
        before=before,
        after=after,
        differences=tuple(mismatches(before or {}, after or {}, "")),
    )


class _Side:
    """A workspace as it was, or is."""

    def __init__(self, root: Path) -> None:
        self.workspace: Workspace = load_workspace(root)
        self._catalog = Catalog(root / "connectors")
        self._suite = Suite(root=root, catalog=self._catalog, samples=self.workspace.samples, mappings={})
        self._benches: dict[str, Bench | None] = {}

    def users(self, mapping: str) -> list[str]:
        """The integrations that use a mapping; the empty name stands for none."""
        if mapping not in self.workspace.mappings:
            return []
        using = [
            name for name, one in self.workspace.integrations.items() if mapping in (*one.events, *one.direct_events)
        ]
        return using or [""]

    def events(self, mapping: str) -> dict[str, tuple[Mapping[str, object], str]]:
        """Samples of a mapping's event and the events of its test cases, with the time at which they are mapped."""
        spec = self.workspace.mappings.get(mapping)
        if spec is None:
            return {}
        usual = Case(name="").now
        found: dict[str, tuple[Mapping[str, object], str]] = {
            f"samples/{name}.json": (sample, usual)
            for name, sample in self.workspace.samples.items()
            if _takes(spec, sample)
        }
        cases = self.workspace.cases.get(mapping)
        for case in cases.cases if cases else ():
            given = case.events if case.events is not None else [case.event]
            for number, event in enumerate(given):
                if isinstance(event, dict):
                    place = f" ({number + 1})" if len(given) > 1 else ""
                    found[f"tests/{mapping}.yaml: {case.name}{place}"] = (event, case.now)
        return found

    def outcome(
        self, mapping: str, integration: str, label: str, event: Mapping[str, object], now: str
    ) -> _Outcome | None:
        """What goes to the vendor; None where nothing would send it."""
        if integration not in self.users(mapping):
            return None
        bench, moment = self._bench(mapping), parse_time(now)
        if bench is None or moment is None:
            return {"refused": {"reason": "the mapping cannot be used: paceline check says why"}}
        if label.startswith("samples/") and (broken := self._quarantined(mapping, event)):
            return {"quarantined": broken}
        match bench.outcome(event, moment):
            case Filtered(rule=rule):
                return {"filtered": {"rule": rule}}
            case Refused(refusal=refusal):
                return {"refused": {"rule": refusal.rule, "reason": refusal.reason}}
            case Delivery() as delivery:
                return self._requests(delivery, integration, now_ms=int(moment.timestamp() * 1000))

    def _bench(self, mapping: str) -> Bench | None:
        if mapping not in self._benches:
            tested = MappingUnderTest(
                spec=self.workspace.mappings[mapping], file=self.workspace.document("mapping", mapping=mapping)
            )
            try:
                self._benches[mapping] = Bench(self._suite, tested)
            except PacelineError:
                self._benches[mapping] = None
        return self._benches[mapping]

    def _quarantined(self, mapping: str, event: Mapping[str, object]) -> _Outcome | None:
        """Why the door would not take a sample: its contract, in the newest version that the mapping takes."""
        contract = self._contract(self.workspace.mappings[mapping])
        if contract is None:
            return None
        try:
            violations = compile_schema(contract.schema).violations(event)
        except PacelineError:
            return None
        if not violations:
            return None
        first = violations[0]
        return {"contract": f"{contract.contract} {contract.version}", "at": first.pointer, "reason": first.message}

    def _contract(self, spec: MappingFile) -> ContractFile | None:
        name = self.workspace.contract_for(event_key(spec.from_))
        if name is None:
            return None
        try:
            taken = VersionRange.parse(spec.from_.contract)
        except PacelineError:
            return None
        versions = [one for one in self.workspace.versions(name) if taken.admits(one)]
        return self.workspace.contracts[name][str(max(versions))] if versions else None

    def _requests(self, delivery: Delivery, integration: str, *, now_ms: int) -> _Outcome:
        connector = self._catalog.load(self.workspace.mappings[delivery.mapping].to.connector)
        used = self.workspace.integrations.get(integration)
        settings = _without_secrets(connector, used.settings if used else {})
        try:
            requests = build_requests(connector, [delivery], settings, now_ms=now_ms)
        except (PacelineError, ValueError, TypeError, KeyError):
            # Some requests cannot be made without real settings (a key that is parsed, say).
            return {"payload": delivery.item.payload}
        return {"requests": [_shown(request) for request in requests]}


def _takes(spec: MappingFile, sample: Mapping[str, object]) -> bool:
    key = sample_event(sample)
    if key is None:
        return False
    if spec.from_.event_name == EVERY_EVENT:
        return key[0] is spec.from_.type
    return record_type(*key) == record_type(*event_key(spec.from_))


def _without_secrets(connector: DescribedConnector, settings: Mapping[str, object]) -> dict[str, object]:
    """Settings for requests that people see: what is secret is its name, and what is missing too."""
    schema = connector.manifest.settings
    declared = schema.get("properties")
    known = {**settings}
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        known.setdefault(str(name), f"{SECRET}_{name}")
    for name, rules in declared.items() if isinstance(declared, dict) else ():
        choices = rules.get("enum") if isinstance(rules, dict) else None
        if choices and str(known.get(name, "")).startswith(SECRET):
            known[name] = choices[0]
    auth = connector.manifest.auth
    if isinstance(auth, SignatureAuth):
        known.pop(auth.secret_setting, None)  # a signature tells nothing
    return {name: f"{SECRET}_{name}" if name in connector.secret_settings else value for name, value in known.items()}


def _shown(request: Request) -> _Outcome:
    parts: dict[str, object] = {"method": request.method, "url": request.url, "headers": dict(request.headers)}
    if request.query:
        parts["query"] = dict(request.query)
    body: Any = request.body
    parts["body"] = msgspec.json.decode(body) if isinstance(body, msgspec.Raw) else msgspec.to_builtins(body)
    return {name: _redacted(value) for name, value in parts.items()}


def _redacted(value: object) -> object:
    """The value with `[name]` where the secret setting of that name would stand."""
    match value:
        case str():
            return _HIDDEN.sub(r"[\1]", _decoded(value))
        case dict():
            return {str(_redacted(key)): _redacted(inner) for key, inner in value.items()}
        case list():
            return [_redacted(inner) for inner in value]
        case _:
            return value


def _decoded(text: str) -> str:
    """Basic credentials as they are before base64, where a secret is in them."""
    scheme, _, encoded = text.partition(" ")
    if scheme != "Basic":
        return text
    try:
        plain = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text
    return f"Basic {plain}" if SECRET in plain else text


def changed_mappings(changes: PayloadChanges) -> Iterator[tuple[str, str, list[PayloadChange]]]:
    """The changes by mapping and integration, in order."""
    groups: dict[tuple[str, str], list[PayloadChange]] = {}
    for change in changes.changed:
        groups.setdefault((change.mapping, change.integration), []).append(change)
    for (mapping, integration), found in groups.items():
        yield mapping, integration, found
