"""What delivers one integration, from a packed folder or from a workspace."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import msgspec

from paceline.assemble.door import HasSources, make_door
from paceline.assemble.lane_parts import LaidMapping, connector_version, lay_out
from paceline.connectors.described import DescribedConnector
from paceline.delivery.egress import EgressPolicy, parse_egress
from paceline.delivery.plan import LanePlan
from paceline.delivery.retry import RetryPolicy
from paceline.deploy.bundle import CODE_FILE, Bundle, read_bundle
from paceline.errors import UsageError
from paceline.model.integration import IntegrationFile, Ordering
from paceline.runtime.deliver.lane_settings import LaneSettings
from paceline.runtime.gateway.door import Door
from paceline.workspace.secrets import resolve, reveal

PACKAGE = "paceline_integration"


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """One integration, ready to be delivered. `settings` have their secrets; `source` is whom unnamed events are of."""

    integration: IntegrationFile
    connector: DescribedConnector
    plan: LanePlan
    settings: Mapping[str, object]
    door: Door
    egress: EgressPolicy
    source: str

    @property
    def lane_settings(self) -> LaneSettings:
        """What a lane has to know, for events that admission has not judged before."""
        return LaneSettings(
            name=self.integration.integration,
            topic="events",
            plan=self.plan,
            retry=RetryPolicy(window_secs=self.integration.limits.retry_window_hours * 3600),
            keeps_order=self.integration.ordering is Ordering.PER_KEY,
            connector_version=connector_version(self.connector),
        )

    def __repr__(self) -> str:
        return f"Parts({self.integration.integration})"


class Packed:
    """A packed folder, as far as it can be read without secrets: a Python package with the bundle beside its code."""

    def __init__(self, folder: Path) -> None:
        self.bundle: Bundle = read_bundle(folder)
        if str(folder.parent) not in sys.path:
            sys.path.insert(0, str(folder.parent))
        code = _load("connector") if (folder / CODE_FILE).is_file() else None
        self.connector = DescribedConnector(self.bundle.manifest, self.bundle.actions, code)
        integration = self.bundle.integration
        mappings = [
            LaidMapping(
                name=packed.name,
                version=packed.version,
                takes=packed.takes,
                action=packed.action,
                apply=_load(packed.module).apply,
            )
            for packed in self.bundle.mappings
        ]
        sources = frozenset(integration.sources) if integration.sources else None
        self.plan = lay_out(integration.integration, mappings, self.connector, sources=sources)

    def open(self, environment: Mapping[str, str]) -> Parts:
        """With its secrets. Raises MissingSecretError, and UsageError for what the connector refuses."""
        bundle = self.bundle
        name = bundle.integration.integration
        secrets = EnvironmentSecrets(environment)
        where = f"integrations/{name}.yaml"
        settings = secrets.resolve_secrets(bundle.integration.settings, where=where, needed_by=f"integration {name}")
        assert isinstance(settings, dict)
        faults = self.connector.settings_faults(settings)
        if faults:
            place = ".".join(str(step) for step in ("settings", *faults[0].path))
            raise UsageError(faults[0].message, where=f"{where} ({place})", remedy=faults[0].hint)
        return Parts(
            integration=bundle.integration,
            connector=self.connector,
            plan=self.plan,
            settings=settings,
            door=make_door(bundle.settings, bundle.contracts, secrets),
            egress=parse_egress(bundle.settings.egress.allow, ports=bundle.settings.egress.ports),
            source=bundle.source,
        )


class EnvironmentSecrets(HasSources):
    """Secrets from the variables and the mounted files of a function."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def resolve_secrets(self, value: object, *, where: str, needed_by: str) -> object:
        """See the protocol."""
        read = lambda path: Path(path).read_text(encoding="utf-8")  # noqa: E731
        return reveal(resolve(value, self._environment, read, where=where, needed_by=needed_by))


def _load(module: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{module}")
