"""Toggles of an OpenFeature provider.

toggles = OpenFeatureToggles(FlagdProvider(host="flagd"), domain="shop", monotonic_secs=time.monotonic)
"""

from __future__ import annotations

from collections.abc import Callable

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason
from openfeature.provider import FeatureProvider

from paceline.lifecycle.route_step import RouteStep
from paceline.model.route import Route

LOOK_SECS = 0.5
_MOST_KEYS = 100_000
_routes = {route.value: route for route in Route}


class OpenFeatureToggles:
    """See the port. An answer is kept for half a second, so that a busy key costs one evaluation in that time.

    `domain` keeps the provider apart from others of the same process.
    """

    def __init__(self, provider: FeatureProvider, *, domain: str, monotonic_secs: Callable[[], float]) -> None:
        api.set_provider(provider, domain)
        self._client = api.get_client(domain)
        self._monotonic_secs = monotonic_secs
        self._looked_secs = -LOOK_SECS
        self._by_key: dict[tuple[str, str], Route] = {}
        self._by_toggle: dict[str, Route] = {}

    def look(self) -> None:
        """See the port."""
        now_secs = self._monotonic_secs()
        if now_secs - self._looked_secs >= LOOK_SECS:
            self._looked_secs = now_secs
            if self.definitions_may_differ():
                self.forget()

    def definitions_may_differ(self) -> bool:
        """Whether what was evaluated before may be out of date. Of a provider in general nobody knows."""
        return True

    def forget(self) -> None:
        """Evaluate anew."""
        self._by_key.clear()
        self._by_toggle.clear()

    def route(self, toggle: str, key: str) -> Route:
        """See the port."""
        route = self._by_toggle.get(toggle) or self._by_key.get((toggle, key))
        return route or self._evaluate(toggle, key)

    def step(self, toggle: str) -> RouteStep | None:
        """See the port: only a file says."""
        return None

    def set_step(self, toggle: str, step: RouteStep) -> bool:
        """See the port: only in a file."""
        return False

    def _evaluate(self, toggle: str, key: str) -> Route:
        context = EvaluationContext(targeting_key=key)
        details = self._client.get_string_details(toggle, Route.DIRECT.value, context)
        route = _routes.get(details.value, Route.DIRECT)
        if details.reason in {Reason.STATIC, Reason.DISABLED, Reason.ERROR}:
            self._by_toggle[toggle] = route  # the same for every key
        else:
            if len(self._by_key) >= _MOST_KEYS:
                self._by_key.clear()
            self._by_key[toggle, key] = route
        return route
