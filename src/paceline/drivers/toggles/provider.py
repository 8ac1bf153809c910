"""flagd definitions of a file as an OpenFeature provider, evaluated by flagd's own in-process evaluator.

OpenFeature: https://openfeature.dev/specification/sections/providers; flagd-core: https://pypi.org/project/openfeature-flagd-core/
(read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider, Metadata


class FlagdFileProvider(AbstractProvider):
    """Answers from the definitions that it was given last.

    provider = FlagdFileProvider()
    provider.use('{"flags": {...}}')
    """

    def __init__(self) -> None:
        super().__init__()
        self._core = FlagdCore()

    def use(self, definitions: str) -> None:
        """Take over a whole file of definitions. Raises ValueError or OpenFeatureError for one that is not flagd's."""
        self._core.set_flags(definitions)

    def get_metadata(self) -> Metadata:
        return Metadata("paceline flagd file")

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        return self._core.resolve_boolean_value(flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        return self._core.resolve_string_value(flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        return self._core.resolve_integer_value(flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        return self._core.resolve_float_value(flag_key, default_value, evaluation_context)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        return self._core.resolve_object_value(flag_key, default_value, evaluation_context)
