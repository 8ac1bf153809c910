"""Joins route toggles to lanes, and lets people look at them and move them."""

from __future__ import annotations

import hashlib
import importlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import msgspec

from paceline.assemble.adapters import normalized_sources
from paceline.assemble.audit import open_auditor
from paceline.assemble.opening import OpenWorkspace
from paceline.errors import EnvironmentFaultError, MissingExtraError, UnknownNameError, UsageError
from paceline.lifecycle.route_evidence import Evidence, Judgement, judge
from paceline.lifecycle.route_step import RouteStep, next_step, parse_step
from paceline.model import settings
from paceline.model.integration import IntegrationFile
from paceline.model.route import ReadyWhen
from paceline.observe.facts import TogglesBroken
from paceline.observe.telemetry import Telemetry
from paceline.ports.clock import Clock
from paceline.ports.routes import RouteChange, RouteState, Toggles
from paceline.ports.store import Store
from paceline.runtime.clock import SystemClock
from paceline.runtime.deliver.route_watch import RouteRules
from paceline.workspace.adapter_catalog import find_adapter

if TYPE_CHECKING:
    from openfeature.provider import FeatureProvider

PLAIN_ROUTES = frozenset({"direct", "bus"})
NO_RULES = "rules of its own"


class RouteView(msgspec.Struct, frozen=True, kw_only=True):
    """An integration's route for people: where it stands, what was seen there, and what that is worth.

    `step` is empty for a toggle with rules of its own. `next_step` is where it would go; `state` is None before a
    worker has run the lane with this toggle.
    """

    integration: str
    route: str
    step: str
    next_step: str = ""
    advance: str = ""
    ready_when: ReadyWhen | None = None
    state: RouteState | None = None
    judgement: Judgement | None = None


class MovedRoute(msgspec.Struct, frozen=True, kw_only=True):
    """What `paceline route set` did."""

    integration: str
    toggle: str
    before: str
    after: str
    file: str


def is_toggle(integration: IntegrationFile) -> bool:
    """Whether the integration's route is a toggle."""
    return integration.route not in PLAIN_ROUTES


def open_toggles(opened: OpenWorkspace, telemetry: Telemetry, clock: Clock) -> Toggles:
    """The toggles of a workspace. Raises MissingExtraError, UsageError, EnvironmentFaultError."""
    try:
        from paceline.drivers.toggles.flagd_file import FlagdFileToggles  # noqa: PLC0415 - of the extra `toggles`
        from paceline.drivers.toggles.openfeature import OpenFeatureToggles  # noqa: PLC0415
    except ModuleNotFoundError:
        raise MissingExtraError(
            "a route that is a toggle needs OpenFeature, which is not installed", "toggles"
        ) from None
    choice = opened.workspace.settings.toggles
    match choice:
        case settings.FlagdFile():
            return FlagdFileToggles(
                toggles_file(opened.workspace.path, choice),
                monotonic_secs=clock.monotonic_secs,
                on_broken=lambda reason: telemetry.record(TogglesBroken(reason=reason)),
            )
        case settings.OpenFeatureProvider():
            provider = _make_provider(opened, choice)
            return OpenFeatureToggles(
                provider, domain=f"paceline:{opened.workspace.path}", monotonic_secs=clock.monotonic_secs
            )
        case _:
            assert_never(choice)


def toggles_file(root: Path, choice: settings.FlagdFile) -> Path:
    """Where the file of toggles is."""
    return root / choice.path


def route_rules(opened: OpenWorkspace, integration: IntegrationFile) -> RouteRules:
    """How the integration's toggle is to be moved."""
    return RouteRules(
        integration=integration.integration,
        ready_when=integration.ready_when,
        advance=integration.advance,
        fingerprint=plan_fingerprint(opened, integration),
    )


def plan_fingerprint(opened: OpenWorkspace, integration: IntegrationFile) -> str:
    """Stands for everything that a payload of the integration is made with: other mappings need other evidence."""
    workspace = opened.workspace
    mappings = [workspace.mappings[name] for name in (*integration.events, *integration.direct_events)]
    contracts = {name: sorted(versions) for name, versions in workspace.contracts.items()}
    adapters = [find_adapter(workspace, name).spec for name in sorted(set(normalized_sources(workspace).values()))]
    content = [mappings, contracts, adapters, integration.connector, integration.sources, integration.noise]
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()[:16]


async def view_route(opened: OpenWorkspace, store: Store, name: str) -> RouteView:
    """Where an integration's route stands. Raises UnknownNameError."""
    integration = _integration(opened, name)
    if not is_toggle(integration):
        return RouteView(integration=name, route=integration.route, step=integration.route)
    clock_ms = time.time_ns() // 1_000_000
    toggles = open_toggles(opened, Telemetry(), SystemClock())
    step = toggles.step(integration.route)
    state = (await store.route_states()).get(name)
    if state is not None and step is not None and state.evidence.step != step.percent:
        state = msgspec.structs.replace(state, evidence=Evidence(step=step.percent, since_ms=clock_ms))
    later = None if step is None else next_step(step)
    return RouteView(
        integration=name,
        route=integration.route,
        step=NO_RULES if step is None else str(step),
        next_step="" if later is None else str(later),
        advance=integration.advance,
        ready_when=integration.ready_when,
        state=state,
        judgement=None if state is None else judge(state.evidence, integration.ready_when, now_ms=clock_ms),
    )


async def set_route(opened: OpenWorkspace, store: Store, name: str, text: str, *, why: str) -> MovedRoute:
    """Move an integration's toggle to the step that a person wrote, and write down who and why.

    Raises UsageError for an integration without a toggle, a step that is none, or toggles that are not in a file.
    """
    integration = _integration(opened, name)
    if not is_toggle(integration):
        raise UsageError(
            f"the route of {name} is {integration.route!r}, not a toggle",
            where=f"integrations/{name}.yaml",
            remedy="write the name of a toggle there, and define it in toggles.flagd.json as docs/routes.md shows",
        )
    choice = opened.workspace.settings.toggles
    if not isinstance(choice, settings.FlagdFile):
        raise UsageError(
            "these toggles are kept by an OpenFeature provider", remedy="move the flag there; paceline follows it"
        )
    after = parse_step(text)
    toggles = open_toggles(opened, Telemetry(), SystemClock())
    before = toggles.step(integration.route)
    auditor = open_auditor(opened.workspace.path)
    auditor.record("route.set", name, reason=why, before=_text(before), after=str(after))
    state = await view_route(opened, store, name)
    toggles.set_step(integration.route, after)
    await _remember(store, state, before, after, who=auditor.who, why=why)
    return MovedRoute(
        integration=name,
        toggle=integration.route,
        before=_text(before),
        after=str(after),
        file=str(toggles_file(opened.workspace.path, choice)),
    )


async def _remember(
    store: Store, view: RouteView, before: RouteStep | None, after: RouteStep, *, who: str, why: str
) -> None:
    now_ms = time.time_ns() // 1_000_000
    fresh = Evidence(step=after.percent, since_ms=now_ms)
    state = view.state or RouteState(integration=view.integration, toggle=view.route, step=str(after), evidence=fresh)
    change = RouteChange(
        at_ms=now_ms,
        before=_text(before),
        after=str(after),
        who=who,
        why=why,
        compared=state.evidence.compared,
        fingerprint=state.evidence.fingerprint,
        judgement=view.judgement,
    )
    await store.save_route_state(msgspec.structs.replace(state, changes=state.changed(change)))


def _text(step: RouteStep | None) -> str:
    return NO_RULES if step is None else str(step)


def _integration(opened: OpenWorkspace, name: str) -> IntegrationFile:
    integrations = opened.workspace.integrations
    if name not in integrations:
        raise UnknownNameError("integration", name, integrations)
    return integrations[name]


def _make_provider(opened: OpenWorkspace, choice: settings.OpenFeatureProvider) -> FeatureProvider:
    where = "paceline.yaml (toggles)"
    module, _, name = choice.provider.partition(":")
    made_with = opened.resolve_secrets(choice.settings, where=where, needed_by="the toggles")
    assert isinstance(made_with, dict)
    try:
        provider: FeatureProvider = getattr(importlib.import_module(module), name)(**made_with)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"there is no OpenFeature provider {choice.provider!r} ({error})", where=where) from None
    except Exception as error:
        raise EnvironmentFaultError(
            f"the OpenFeature provider {choice.provider!r} does not start ({error})", where=where
        ) from error
    return provider
