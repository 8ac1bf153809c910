"""The steps of a route toggle, and flagd's definition of each. Pure.

flagd's format: https://flagd.dev/reference/flag-definitions/ and
https://flagd.dev/reference/custom-operations/fractional-operation/ (read 2026-11-23). Its fractional operation gives
a key the same bucket each time, and a key that a smaller share had, a larger one keeps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from paceline.errors import UsageError
from paceline.model.route import Route

_CANARY = re.compile(r"canary[ -]?(?P<percent>[0-9]{1,2}) ?%?")
_VARIANTS = {route.value: route.value for route in Route}


class RouteStep(msgspec.Struct, frozen=True, order=True):
    """One step: `direct`, `shadow`, a canary of 1 to 99 percent of the keys, or `bus`. Later steps are greater.

    A canary's other keys are in shadow, so that the comparison goes on.
    """

    percent: int

    @property
    def is_canary(self) -> bool:
        """Whether some keys take one path and some the other."""
        return 0 < self.percent < _BUS_PERCENT

    def __str__(self) -> str:
        if self.is_canary:
            return f"canary {self.percent}%"
        return {_DIRECT_PERCENT: Route.DIRECT, _SHADOW_PERCENT: Route.SHADOW}.get(self.percent, Route.BUS).value


_DIRECT_PERCENT, _SHADOW_PERCENT, _BUS_PERCENT = -1, 0, 100

DIRECT = RouteStep(_DIRECT_PERCENT)
SHADOW = RouteStep(_SHADOW_PERCENT)
BUS = RouteStep(_BUS_PERCENT)
LADDER = (DIRECT, SHADOW, RouteStep(1), RouteStep(10), RouteStep(50), BUS)
"""The steps that a toggle takes by itself."""


def parse_step(text: str) -> RouteStep:
    """The step that a person wrote. Raises UsageError for anything else.

    >>> str(parse_step("canary 10%")), str(parse_step("canary10")), str(parse_step("bus"))
    ('canary 10%', 'canary 10%', 'bus')
    """
    word = text.strip().lower()
    plain = {str(step): step for step in (DIRECT, SHADOW, BUS)}
    if word in plain:
        return plain[word]
    canary = _CANARY.fullmatch(word)
    if canary is None or not (step := RouteStep(int(canary["percent"]))).is_canary:
        raise UsageError(f"{text!r} is no step of a route", expected="direct, shadow, canary N% (1 to 99) or bus")
    return step


def next_step(step: RouteStep) -> RouteStep | None:
    """The step of the ladder after this one; None after the last.

    >>> str(next_step(parse_step("canary 7%")))
    'canary 10%'
    """
    return next((later for later in LADDER if later > step), None)


def previous_step(step: RouteStep) -> RouteStep:
    """Where to go back to when a step turns out to be wrong: shadow, which sends nothing by the bus path.

    >>> str(previous_step(BUS)), str(previous_step(SHADOW))
    ('shadow', 'direct')
    """
    return DIRECT if step <= SHADOW else SHADOW


def flag_of(step: RouteStep, *, metadata: Mapping[str, str | float | bool] | None = None) -> dict[str, object]:
    """flagd's definition of a toggle that stands at a step.

    >>> flag_of(parse_step("canary 10%"))["targeting"]
    {'fractional': [['bus', 10], ['shadow', 90]]}
    """
    flag: dict[str, object] = {
        "state": "ENABLED",
        "variants": dict(_VARIANTS),
        "defaultVariant": Route.SHADOW.value if step.is_canary else str(step),
    }
    if step.is_canary:
        shares = [[Route.BUS.value, step.percent], [Route.SHADOW.value, _BUS_PERCENT - step.percent]]
        flag["targeting"] = {"fractional": shares}
    if metadata:
        flag["metadata"] = dict(metadata)
    return flag


def step_of(flag: object) -> RouteStep | None:
    """The step at which a definition stands; None for one that is none of ours, such as one with rules of its own."""
    if not isinstance(flag, Mapping):
        return None
    if flag.get("state") == "DISABLED":
        return DIRECT
    for step in (DIRECT, SHADOW, BUS, *map(RouteStep, range(1, _BUS_PERCENT))):
        ours = flag_of(step)
        if all(flag.get(name) == ours.get(name) for name in ("variants", "defaultVariant")) and (
            flag.get("targeting") or None
        ) == ours.get("targeting"):
            return step
    return None
