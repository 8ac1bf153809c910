"""Compile a mapping file into a function. This is the only place where generated source becomes code."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, cast

from paceline.mapping.analysis import Analysis
from paceline.mapping.faults import MappingFault
from paceline.mapping.generate.program import Plan, program_source, value_source
from paceline.mapping.generate.runtime import NAMESPACE
from paceline.mapping.plan import plan_mapping
from paceline.model.event import Filtered, Refusal
from paceline.model.mapping import MappingFile

Payload: TypeAlias = dict[str, Any]


class Apply(Protocol):
    """Turns one event into one payload."""

    def __call__(self, event: dict[str, Any], *, now_ms: int) -> Payload | Filtered | Refusal:
        """`event` is a JSON object as a decoder gives it, and is not changed; the payload may share parts of it.

        `now_ms` is what `now()` gives, in milliseconds since 1970. Never raises: an event that the mapping cannot
        take is a Refusal (its rule is the target field, or `when`), one that it does not want is Filtered.
        """


class CompiledMapping:
    """One mapping, ready to run. Made by `compile_mapping`; immutable, and safe to share between threads.

    `apply(event, now_ms=…)` maps an event. `source` is its Python code, for people to read. `plan` holds the analyzed
    expressions, for the type check.
    """

    __slots__ = ("apply", "plan", "source", "spec")

    def __init__(self, spec: MappingFile, plan: Plan) -> None:
        self.spec = spec
        self.plan = plan
        self.source = program_source(plan)
        self.apply = cast(Apply, _loaded(self.source, "apply"))

    @property
    def name(self) -> str:
        return self.spec.mapping

    @property
    def version(self) -> int:
        return self.spec.version

    @property
    def event_name(self) -> str:
        """The name of the events that this mapping takes: a track event's name, or the type of another call."""
        return self.spec.from_.event_name

    def __repr__(self) -> str:
        return f"CompiledMapping({self.name!r}, version={self.version})"


def compile_mapping(spec: MappingFile) -> CompiledMapping | list[MappingFault]:
    """The mapping as a function, or everything that is wrong with it.

    >>> from paceline.model.mapping import MappingFrom, MappingTo
    >>> spec = MappingFile(
    ...     mapping="signed_up.crm", version=1, from_=MappingFrom(event="Signed Up"),
    ...     to=MappingTo(connector="crm", action="identify"), fields={"id": "$.userId!"},
    ... )
    >>> compile_mapping(spec).apply({"userId": "u1"}, now_ms=0)
    {'id': 'u1'}
    """
    plan = plan_mapping(spec)
    return plan if isinstance(plan, list) else CompiledMapping(spec, plan)


class Evaluate(Protocol):
    """Gives the value of one expression, or MISSING. Raises Stop when the expression refuses the event."""

    def __call__(self, event: dict[str, Any], item: object, now_ms: int, index: int) -> object: ...


def compile_value(value: Analysis, *, in_each: bool) -> Evaluate:
    """One expression as a function; for explanations, not for the hot path."""
    return cast(Evaluate, _loaded(value_source(value, in_each=in_each), "evaluate"))


def _loaded(source: str, name: str) -> object:
    namespace: dict[str, Any] = dict(NAMESPACE)
    # Safe: the source was written by our generator from a checked tree. Every name in it is ours (a fixed word, or a
    # prefix of ours and a-z, 0-9 and _), and every text or number of the file is in it as a literal made by repr().
    exec(compile(source, "<mapping>", "exec", dont_inherit=True), namespace)  # noqa: S102
    return namespace[name]
