"""The addresses below /v1/in/: of webhook sources, of integrations that read one, and of those that are no more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from paceline.lifecycle.deprecations import NOTICE_DAYS
from paceline.lifecycle.expiry import first_moment_ms, last_moment_ms
from paceline.model.integration import AfterExpiry, IntegrationFile, Stage
from paceline.runtime.gateway.door import WebhookAddress
from paceline.workspace.calendar import day_or_none
from paceline.workspace.workspace import Workspace


def webhook_addresses(workspace: Workspace) -> Mapping[str, WebhookAddress]:
    """What stands behind /v1/in/NAME, by name.

    A source's address ends when every integration that names the source does. An integration has an address of its own
    when exactly one of its sources is a webhook; where a source has the same name, they are one address.
    """
    webhooks = [name for name, source in workspace.settings.sources.items() if source.webhook is not None]
    addresses = {name: _retired(workspace, name) for name in workspace.retired}
    addresses |= {name: _of_source(workspace, name) for name in webhooks}
    for name, integration in workspace.integrations.items():
        source = webhook_source_of(workspace, integration)
        if source is not None and name not in webhooks:
            addresses[name] = _of_integration(integration, source)
    return addresses


def webhook_source_of(workspace: Workspace, integration: IntegrationFile) -> str | None:
    """The webhook source whose requests an integration's own address takes; None where it has no such address."""
    declared = workspace.settings.sources
    named = [name for name in integration.sources if name in declared and declared[name].webhook is not None]
    return named[0] if len(named) == 1 else None


def _of_source(workspace: Workspace, source: str) -> WebhookAddress:
    readers = [one for one in workspace.integrations.values() if source in one.sources]
    ends = [day_or_none(one.expires) if one.stage is not Stage.MARATHON else None for one in readers]
    last = max((end for end in ends if end is not None), default=None)
    if last is None or None in ends:
        return WebhookAddress(source=source)
    latest = next(one for one, end in zip(readers, ends, strict=True) if end == last)
    address = _of_integration(latest, source)
    if len(readers) == 1 and readers[0].integration == source:
        return address
    # Refusing is an integration's choice for its own address; others may still want what comes in at the source's.
    return WebhookAddress(source=source, since_ms=address.since_ms, ends_ms=address.ends_ms, plan=address.plan)


def _of_integration(integration: IntegrationFile, source: str) -> WebhookAddress:
    end = day_or_none(integration.expires)
    if end is None or integration.stage is Stage.MARATHON:
        return WebhookAddress(source=source)
    return WebhookAddress(
        source=source,
        since_ms=first_moment_ms(end - dt.timedelta(days=NOTICE_DAYS[0])),
        ends_ms=last_moment_ms(end),
        plan=integration.migration.plan if integration.migration is not None else "",
        is_refused=integration.after_expiry is AfterExpiry.REFUSE,
    )


def _retired(workspace: Workspace, name: str) -> WebhookAddress:
    tombstone = workspace.retired[name]
    day = day_or_none(tombstone.retired)
    ended_ms = first_moment_ms(day) if day is not None else 1
    return WebhookAddress(
        source="",
        since_ms=ended_ms,
        ends_ms=ended_ms,
        plan=tombstone.plan,
        is_refused=True,
        replacement=tombstone.replaced_by,
    )
