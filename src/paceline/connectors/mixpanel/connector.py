"""Puts the project's token into profile updates, where Mixpanel wants it in every single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.model.delivery import Item, Request

_WITH_TOKEN = frozenset({"update_profile", "update_group", "delete_profile"})


def build(
    request: Request, items: Sequence[Item], settings: Mapping[str, object], *, action: str, now_ms: int
) -> Request:
    """The request with the token in each of its items.

    Source: https://docs.mixpanel.com/reference/delete-profile, read 2026-11-23.
    """
    if action not in _WITH_TOKEN:
        return request
    assert isinstance(request.body, list)
    token = settings.get("project_token")
    return msgspec.structs.replace(request, body=[{"$token": token, **entry} for entry in request.body])
