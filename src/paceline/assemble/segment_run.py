"""Run mappings that are written in Segment's directives: imported, compiled by our compiler, applied."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from paceline.errors import UsageError
from paceline.exchange.segment_directives.layout import laid_out, target
from paceline.exchange.segment_directives.translation import Translation
from paceline.exchange.segment_directives.writing import Written, object_of
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.model.event import Filtered, Refusal
from paceline.model.mapping import MappingFields, MappingFile, MappingFrom, MappingTo

MAX_CACHED: Final = 512
_ROOT: Final = "resolved"


class DirectiveRunner:
    """Resolves Segment mappings. A mapping that comes again is not translated again."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[bytes, CompiledMapping] = OrderedDict()

    def resolve(self, mapping: object, event: dict[str, Any], *, now_ms: int) -> Mapping[str, object]:
        """`{"resolved": …}`: the payload; without the key when the mapping as a whole comes to nothing.

        Raises UsageError when the mapping is none, when a part of it has no counterpart, and when the event is refused.
        """
        compiled = self._cached(mapping)
        outcome = compiled.apply(event, now_ms=now_ms)
        match outcome:
            case Refusal():
                raise UsageError(outcome.message, where=outcome.rule.removeprefix(f"{_ROOT}."))
            case Filtered():
                return {}
            case _ if _is_whole(mapping):
                return outcome
            case _:
                return {_ROOT: outcome.get(_ROOT, {})}

    def _cached(self, mapping: object) -> CompiledMapping:
        key = msgspec.json.encode(mapping)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = _compiled(mapping)
            if len(self._compiled) > MAX_CACHED:
                self._compiled.popitem(last=False)
        return compiled


def _is_whole(mapping: object) -> bool:
    """Whether the mapping is one directive, so that its result need not be an object."""
    return isinstance(mapping, dict) and any(key.startswith("@") for key in mapping)


def _compiled(mapping: object) -> CompiledMapping:
    if not isinstance(mapping, dict):
        raise UsageError("a mapping is an object", where="mapping")
    translation = Translation()
    if _is_whole(mapping):
        return _compiled_fields({(_ROOT,): translation.value(mapping)})
    written = translation.fields(mapping)
    if not written or "" in written:
        # No target has an empty name, but an object may have such a key.
        return _compiled_fields({(_ROOT,): object_of(written)})
    return _compiled_fields({(_ROOT, key): value for key, value in written.items()})


def _compiled_fields(written: Mapping[tuple[str, ...], Written]) -> CompiledMapping:
    places = {target(*keys): keys for keys in written}
    fields: MappingFields = {place: written[keys].text for place, keys in places.items()}
    compiled = compile_mapping(_spec(fields))
    if isinstance(compiled, CompiledMapping):
        return compiled
    # What is too much for one expression is laid out as fields of its own.
    for place in sorted({fault.path[1] for fault in compiled if fault.code in {"syntax", "loops"}}):
        keys = places[place]
        del fields[place]
        fields.update(laid_out({keys[-1]: written[keys]}, under=keys[:-1]))
    compiled = compile_mapping(_spec(fields))
    if isinstance(compiled, CompiledMapping):
        return compiled
    fault = compiled[0]
    raise UsageError(fault.message, where=fault.path[1].removeprefix(f"{_ROOT}."), remedy=fault.hint)


def _spec(fields: MappingFields) -> MappingFile:
    return MappingFile(
        mapping="segment.directives",
        version=1,
        from_=MappingFrom(),
        to=MappingTo(connector="segment", action="directives"),
        fields=fields,
    )
