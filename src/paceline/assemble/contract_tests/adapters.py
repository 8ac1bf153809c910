"""Runs the contract tests of adapters: given a request, the events that must come of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from paceline.assemble.adapters import compiled_adapter
from paceline.assemble.contract_tests.bench import CaseResult, Judgement, Mismatch, Verdict, mismatches
from paceline.assemble.contract_tests.suite import PREFIX
from paceline.mapping.adapter import CompiledAdapter
from paceline.mapping.adapter_coverage import Carried, SourceField, source_coverage
from paceline.mapping.foreign_request import request_of_file
from paceline.model.adapter import AdapterCase, AdapterRefusal, ForeignRequest
from paceline.model.event import Filtered, Refusal, parse_time
from paceline.workspace.adapter_catalog import KnownAdapter

Adapted = list[dict[str, object]] | Filtered | Refusal


def run_adapter(known: KnownAdapter) -> list[CaseResult]:
    """Every case's result, in the order of the file. Raises UsageError when the adapter does not compile."""
    compiled = compiled_adapter(known.spec, file=known.file.file)
    return [_run(known, compiled, index, case) for index, case in enumerate(known.cases)]


def requests_of(known: KnownAdapter) -> dict[str, ForeignRequest]:
    """The requests that an adapter's tests and samples state, by name; what is none is left out."""
    found: dict[str, ForeignRequest] = {}
    used = {case.request for case in known.cases if isinstance(case.request, str)}
    for name, value in known.requests.items():
        if known.is_own and name not in used:
            continue  # the samples of a workspace are of all its adapters
        read = _read(value)
        if isinstance(read, ForeignRequest):
            found[name] = read
    return found | {case.name: case.request for case in known.cases if isinstance(case.request, ForeignRequest)}


def adapter_coverage(known: KnownAdapter) -> list[SourceField]:
    """What becomes of every field of the adapter's sample requests. Raises UsageError when it does not compile."""
    compiled = compiled_adapter(known.spec, file=known.file.file)
    requests = [request_of_file(one, received_ms=0) for one in requests_of(known).values()]
    return source_coverage(compiled, requests, now_ms=0)


def settled_share(fields: Sequence[SourceField]) -> tuple[int, float]:
    """How many fields are carried over, decide something or are left out on purpose; and that in per cent."""
    settled = sum(field.state is not Carried.NOT_CARRIED for field in fields)
    return settled, 100 * settled / len(fields) if fields else 0.0


def _run(known: KnownAdapter, compiled: CompiledAdapter, index: int, case: AdapterCase) -> CaseResult:
    started = time.perf_counter()
    judged = _judge(known, compiled, case)
    secs = time.perf_counter() - started
    assert known.cases_file is not None
    verdict = Verdict.FAULTY if judged.problem else Verdict.DIFFERS if judged.mismatches else Verdict.PASSED
    return CaseResult(
        mapping=f"{PREFIX}{known.spec.adapter}",
        name=case.name,
        file=known.cases_file.file,
        line=0 if verdict is Verdict.PASSED else known.cases_file.place(("cases", index, "name")).line,
        index=index,
        verdict=verdict,
        mismatches=judged.mismatches,
        problem=judged.problem,
        secs=secs,
        actual=judged.actual,
    )


def _judge(known: KnownAdapter, compiled: CompiledAdapter, case: AdapterCase) -> Judgement:
    received = parse_time(case.received)
    if received is None:
        return Judgement(f"received: {case.received!r} is not a time such as 2026-01-01T00:00:00Z")
    if sum([case.events is not None, case.refused is not None, case.filtered]) != 1:
        return Judgement("the case must expect one of events, refused and filtered")
    given = _read(known.requests.get(case.request)) if isinstance(case.request, str) else case.request
    if given is None:
        names = ", ".join(sorted(known.requests)) or "none"
        return Judgement(f"request: there is no sample request {case.request!r}; known: {names}")
    if isinstance(given, str):
        return Judgement(f"request: the sample {case.request!r} is no request: {given}")
    received_ms = int(received.timestamp() * 1000)
    adapted = compiled.adapt(request_of_file(given, received_ms=received_ms), now_ms=received_ms)
    if case.filtered:
        return Judgement("" if isinstance(adapted, Filtered) else f"expected no event, but {describe(adapted)}")
    if case.refused is not None:
        if not isinstance(adapted, Refusal):
            return Judgement(f"expected to be refused, but {describe(adapted)}")
        return _compare_refusal(case.refused, adapted)
    if not isinstance(adapted, list):
        return Judgement(f"expected events, but {describe(adapted)}")
    assert case.events is not None
    return _compare_events(case.events, adapted)


def describe(adapted: Adapted) -> str:
    """What became of a request, in words."""
    match adapted:
        case Filtered():
            return f"the request was filtered by {adapted.rule}"
        case Refusal():
            return f"the request was refused by {adapted.rule} ({adapted.reason}: {adapted.message})"
        case _:
            return f"it made {len(adapted)} event{'' if len(adapted) == 1 else 's'}"


def stated(event: Mapping[str, object], *, with_raw: bool) -> dict[str, object]:
    """An event as a test states it: where it comes from only where that is wanted, and no empty context."""
    shown = dict(event)
    context = shown.get("context")
    if isinstance(context, dict) and not with_raw:
        kept = {name: value for name, value in context.items() if name != "raw"}
        shown["context"] = kept
        if not kept:
            del shown["context"]
    return shown


def _compare_events(expected: Sequence[Mapping[str, object]], adapted: Sequence[Mapping[str, object]]) -> Judgement:
    found: list[Mismatch] = []
    actual: list[object] = []
    for number in range(max(len(expected), len(adapted))):
        wanted = expected[number] if number < len(expected) else None
        context = wanted.get("context") if wanted is not None else None
        with_raw = isinstance(context, dict) and "raw" in context
        got = stated(adapted[number], with_raw=with_raw) if number < len(adapted) else None
        path = f"events/{number}"
        if wanted is None or got is None:
            there, came = msgspec.UNSET if wanted is None else wanted, msgspec.UNSET if got is None else got
            found.append(Mismatch(path=path, expected=there, got=came))
        else:
            found += mismatches(wanted, got, path)
        if got is not None:
            actual.append(got)
    return Judgement("", tuple(found), {"events": actual} if found else {})


def _compare_refusal(expected: AdapterRefusal, refusal: Refusal) -> Judgement:
    given = {name: value for name in ("rule", "reason") if (value := getattr(expected, name)) is not None}
    actual = {name: getattr(refusal, name) for name in given}
    found = tuple(mismatches(given, actual, "refused"))
    return Judgement("", found, {"refused": actual} if found else {})


def _read(value: object) -> ForeignRequest | str | None:
    """A sample as a request; why it is none; None when there is no such sample."""
    if value is None:
        return None
    try:
        return msgspec.convert(value, ForeignRequest)
    except msgspec.ValidationError as error:
        return str(error)
