"""A new mapping with samples and tests: from the connector's default mapping, or drafted from contract and action."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from paceline.assemble.contract_tests.bench import Bench
from paceline.assemble.contract_tests.coverage import MappingCoverage, mapping_coverage
from paceline.assemble.contract_tests.suite import MappingUnderTest, Suite, connector_suite
from paceline.assemble.mapping_repair import Repair, repaired
from paceline.connectors.catalog import Catalog
from paceline.delivery.plan import Refused
from paceline.errors import UnknownNameError, UsageError
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.schemas import Schema
from paceline.model.case import Case, ExpectedRefusal
from paceline.model.contract import ContractFile
from paceline.model.delivery import Delivery
from paceline.model.event import EventType, Filtered, parse_time
from paceline.model.mapping import EVERY_EVENT, FieldRule, MappingFile, MappingFrom, MappingTo
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.samples import sample_event
from paceline.workspace.scaffold_events import changed_events, full_event, least_event, smaller_events
from paceline.workspace.scaffold_mapping import Likely, OpenField, draft_mapping, kept_fields
from paceline.workspace.scaffold_sources import likely_sources
from paceline.workspace.scaffold_text import cases_text, mapping_text, schema_reference
from paceline.workspace.workspace import Workspace, event_key
from paceline.workspace.yaml_document import read_yaml

MAX_CASES = 24

_TRUNCATED = re.compile(r"\.(\w+)!? \| truncate\((\d{1,4})\)")


class NewMapping(msgspec.Struct, frozen=True, kw_only=True):
    """Files to write, by path below the workspace, and what a person has to know about them.

    `default` names the connector's mapping that it was made from, empty for a draft. `coverage` is None where tests
    can only be measured once the open fields are decided. `personal` says where personal data flows that the mapping
    only declares because it was repaired.
    """

    root: Path
    mapping: str
    files: Mapping[str, bytes]
    default: str
    open_fields: Sequence[OpenField]
    coverage: MappingCoverage | None = None
    personal: Sequence[str] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing that the vendor needs is open."""
        return not any(one.is_required for one in self.open_fields)


Ranks: TypeAlias = Callable[[Workspace, ContractFile, str, Schema], Likely]
"""Makes the ranking of sources for one mapping: of a contract, to a connector's action with this payload schema."""


def new_mapping(
    path: Path, event: str, to: str, *, name: str = "", ranks: Ranks | None = None, is_repaired: bool = False
) -> NewMapping:
    """Work out a mapping of an event to `connector.action`. Nothing is written.

    With `ranks` every field is a suggestion by that ranking, also where the connector has a default mapping, and the
    file is marked as proposed. With `is_repaired`, what the check refuses is mended where that changes no payload: an
    event without what the vendor needs is refused beforehand, text is cut, personal data is declared.

    The event is given by its name, its contract's name, or as a call such as `identify`. Without an action, that of the
    connector's default mapping counts. Raises UnknownNameError and UsageError for what does not exist or cannot be
    chosen.
    """
    root = find_workspace(path)
    workspace = load_workspace(root)
    catalog = Catalog(root / "connectors")
    contract = _newest(workspace, event)
    connector, _, action = to.partition(".")
    default = _default_mapping(catalog, connector, action, contract) if ranks is None else None
    action = action or (default.to.action if default else _only_action(catalog, connector))
    described = catalog.load(connector)
    payload: Schema = described.action(action).payload
    mapping = name or f"{contract.contract}.{connector}"
    if mapping in workspace.names("mapping"):
        raise UsageError(f"there is a mapping {mapping!r} already", remedy="choose another name with --name")
    head = MappingFile(
        mapping=mapping,
        version=1,
        from_=MappingFrom(type=contract.type, event=contract.event, contract=_range(contract.version)),
        to=MappingTo(connector=connector, action=action),
        when=default.when if default else None,
        note=default.note if default else "",
        fields=default.fields if default else {},
        proposed=ranks is not None,
    )
    if default:
        draft = kept_fields(head, contract.schema, payload)
    else:
        likely = likely_sources if ranks is None else ranks(workspace, contract, connector, payload)
        draft = draft_mapping(head, contract.schema, payload, likely=likely)
    spec = msgspec.structs.replace(head, fields=dict(draft.fields))
    open_fields = draft.open_fields
    repair = Repair(mapping=spec)
    if is_repaired and any(one.is_required for one in open_fields):
        repair = repaired(spec, {contract.version: contract.schema}, described)
        if not repair.left:
            open_fields = [one for one in open_fields if not one.is_required]
    making = _Making(workspace, catalog, contract, repair.mapping, open_fields=open_fields, default=default)
    return msgspec.structs.replace(making.made(), personal=repair.personal)


class _Making:
    """Samples, tests and text for one mapping."""

    def __init__(
        self,
        workspace: Workspace,
        catalog: Catalog,
        contract: ContractFile,
        spec: MappingFile,
        *,
        open_fields: Sequence[OpenField],
        default: MappingFile | None,
    ) -> None:
        self._workspace = workspace
        self._contract = contract
        self._spec = spec
        self._open_fields = open_fields
        known = {
            name: sample for name, sample in workspace.samples.items() if sample_event(sample) == event_key(contract)
        }
        self._new_samples = {} if known else dict(_samples(contract))
        self._samples: dict[str, Mapping[str, object]] = {**known, **self._new_samples}
        self._default = default
        self._suite = Suite(root=workspace.path, catalog=catalog, samples=self._samples, mappings={})

    def made(self) -> NewMapping:
        """Everything, ready to be written."""
        texts = {file: document.text for file, document in self._workspace.documents.items()}
        has_schemas = (self._workspace.path / "schemas").is_dir()
        schema = {
            kind: schema_reference(texts, folder, kind, has_schemas=has_schemas)
            for folder, kind in (("mappings", "mapping"), ("tests", "tests"))
        }
        name = self._spec.mapping
        files = {
            f"mappings/{name}.yaml": mapping_text(self._spec, self._open_fields, schema=schema["mapping"]).encode()
        }
        for sample, event in self._new_samples.items():
            files[f"samples/{sample}.json"] = msgspec.json.format(msgspec.json.encode(event), indent=2) + b"\n"
        cases, coverage = self._cases(files[f"mappings/{name}.yaml"])
        if cases:
            files[f"tests/{name}.yaml"] = cases_text(name, cases, schema=schema["tests"]).encode()
        return NewMapping(
            root=self._workspace.path,
            mapping=name,
            files=files,
            default=self._default.mapping if self._default else "",
            open_fields=self._open_fields,
            coverage=coverage,
        )

    def _cases(self, text: bytes) -> tuple[list[Case], MappingCoverage | None]:
        """Tests that notice every rule, as far as events that the contract accepts can show it."""
        compiled = compile_mapping(self._spec)
        if not isinstance(compiled, CompiledMapping):
            return [], None
        candidates = list(self._candidates())
        if any(one.is_required for one in self._open_fields):
            # The vendor would refuse every payload so far, so the tests say what the mapping makes until then.
            return [case for name, event in candidates[:2] if (case := self._raw_case(compiled, name, event))], None
        document, _ = read_yaml(text, f"mappings/{self._spec.mapping}.yaml")
        assert document is not None
        tested = MappingUnderTest(spec=self._spec, file=document)
        bench = Bench(self._suite, tested)
        chosen: list[Case] = []
        coverage: MappingCoverage | None = None
        for name, event in candidates:
            case = self._case(bench, name, event)
            if coverage is not None and not coverage.survivors:
                break
            alone = msgspec.structs.replace(tested, cases=[case])
            better = mapping_coverage(self._suite, alone, before=coverage)
            if coverage is None or better.covered > coverage.covered:
                chosen, coverage = [*chosen, case], better
            if len(chosen) == MAX_CASES:
                break
        return chosen, coverage

    def _candidates(self) -> Iterator[tuple[str, str | dict[str, object]]]:
        """Names of cases, and events: samples by name, others in full."""
        what = self._contract.event or f"{self._contract.type} call"
        richest_first = sorted(self._samples, key=lambda name: -len(msgspec.json.encode(self._samples[name])))
        for name in richest_first:
            yield f"{_article(what)} {what} as in samples/{name}.json", name
        if not richest_first:
            return
        full = self._samples[richest_first[0]]
        whole = full_event(self._contract)
        if whole is not None and not self._new_samples:
            yield f"{_article(what)} {what} with everything", whole
            full = whole
        for path, smaller in smaller_events(self._contract, full):
            yield f"{_article(what)} {what} without {path}", smaller
        for how, changed in changed_events(self._contract, full, _limits(self._spec)):
            yield f"{_article(what)} {what} {how}", changed
        yield from self._borrowed()

    def _borrowed(self) -> Iterator[tuple[str, dict[str, object]]]:
        """The events with which the connector tests its default mapping, as events of this name."""
        if self._default is None:
            return
        own = connector_suite(self._suite.catalog, self._default.to.connector)
        for case in own.mappings[self._default.mapping].cases:
            given = own.samples.get(case.event) if isinstance(case.event, str) else case.event
            if given is not None:
                name = {"event": self._contract.event} if self._contract.type is EventType.TRACK else {}
                yield f"{self._default.mapping}: {case.name}:", {**given, **name}

    def _case(self, bench: Bench, name: str, event: str | dict[str, object]) -> Case:
        now = parse_time(Case(name=name).now)
        assert now is not None
        match bench.outcome(self._samples[event] if isinstance(event, str) else event, now):
            case Delivery(item=item):
                return Case(name=f"{name} becomes a payload", event=event, payload=item.payload)
            case Filtered():
                return Case(name=f"{name} is left out", event=event, filtered=True)
            case Refused(refusal=refusal):
                refused = ExpectedRefusal(rule=refusal.rule, reason=refusal.reason)
                return Case(name=f"{name} is refused", event=event, refused=refused)

    def _raw_case(self, compiled: CompiledMapping, name: str, event: str | dict[str, object]) -> Case | None:
        given = self._samples[event] if isinstance(event, str) else event
        made = compiled.apply(dict(given), now_ms=0)
        return Case(name=f"{name} becomes a payload", event=event, payload=made) if isinstance(made, dict) else None


def _limits(spec: MappingFile) -> dict[str, int]:
    """By the last name of a path, how long a text the mapping lets through."""
    written = " ".join(_expressions_of(spec.fields))
    return {name: int(most) for name, most in _TRUNCATED.findall(written)}


def _expressions_of(fields: Mapping[str, FieldRule | str]) -> Iterator[str]:
    for rule in fields.values():
        if isinstance(rule, str):
            yield rule
        else:
            yield rule.value or ""
            yield from _expressions_of(rule.fields or {})


def _samples(contract: ContractFile) -> Iterator[tuple[str, dict[str, Any]]]:
    full, least = full_event(contract), least_event(contract)
    if full is not None:
        yield contract.contract, full
    if least is not None and least.keys() and least != full:
        yield f"{contract.contract}_least", least


def _newest(workspace: Workspace, event: str) -> ContractFile:
    """The newest version of the contract that a name means."""
    for name, versions in workspace.contracts.items():
        newest = str(workspace.versions(name)[-1])
        contract = versions[newest]
        if event in {name, contract.event, contract.type.value if contract.type is not EventType.TRACK else name}:
            return contract
    known = [contract.event_name for versions in workspace.contracts.values() for contract in versions.values()]
    raise UnknownNameError("contract for the event", event, dict.fromkeys(known), where="contracts/")


def _default_mapping(catalog: Catalog, connector: str, action: str, contract: ContractFile) -> MappingFile | None:
    """The connector's own mapping for an event: one that names it before one for every track event."""
    mappings = [one for one in catalog.default_mappings(connector).values() if not action or one.to.action == action]
    named = (one for one in mappings if event_key(one.from_) == event_key(contract))
    every = (one for one in mappings if contract.type is EventType.TRACK and one.from_.event_name == EVERY_EVENT)
    return next(named, None) or next(every, None)


def _only_action(catalog: Catalog, connector: str) -> str:
    actions = list(catalog.load(connector).actions)
    if len(actions) == 1:
        return actions[0]
    raise UsageError(
        f"which action of {connector}?",
        where="--to",
        remedy=f"say one of {', '.join(f'{connector}.{a}' for a in actions)}",
    )


def _range(version: str) -> str:
    major, minor, _ = version.split(".")
    return f"^{major}.{minor}"


def _article(noun: str) -> str:
    return "an" if noun[:1].lower() in "aeio" else "a"
