"""What the description cannot say about HubSpot: custom events are called by the account's number and their name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.errors import UsageError
from paceline.model.delivery import Item, Request


def build(
    request: Request, items: Sequence[Item], settings: Mapping[str, object], *, action: str, now_ms: int
) -> Request:
    """The request; an event's name gets `pe<hub_id>_` in front. Raises UsageError without the setting."""
    if action != "send_event" or not isinstance(request.body, dict):
        return request
    if "hub_id" not in settings:
        raise UsageError("custom events need the account's number", where="settings.hub_id", remedy="add hub_id")
    name = f"pe{settings['hub_id']}_{request.body['eventName']}"
    return msgspec.structs.replace(request, body={**request.body, "eventName": name})
