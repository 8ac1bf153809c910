"""Puts credentials where a vendor wants them. Pure: the secrets are in the settings already."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from paceline.delivery.encoding import encode_body
from paceline.delivery.message_ids import message_id
from paceline.delivery.webhooks import read_secret, sign
from paceline.errors import UsageError
from paceline.model.connector import (
    Auth,
    BasicAuth,
    BearerAuth,
    BodyAuth,
    HeaderAuth,
    IdForm,
    NoAuth,
    OAuth2Auth,
    QueryAuth,
    SignatureAuth,
)
from paceline.model.delivery import BodyFormat, Item, Request
from paceline.model.event import Refusal

Settings = Mapping[str, object]


def add_credentials(
    auth: Auth, settings: Settings, *, headers: dict[str, str], query: dict[str, str], body: dict[str, object]
) -> None:
    """Add the credentials to the part of a request that is theirs. Raises UsageError for a setting that is missing."""
    match auth:
        case NoAuth() | SignatureAuth():
            return  # a signature covers the finished body: see `sign_request`
        case BasicAuth():
            username = read_setting(settings, auth.username_setting) if auth.username_setting else auth.username
            password = read_setting(settings, auth.password_setting) if auth.password_setting else auth.password
            headers["Authorization"] = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        case BearerAuth():
            headers["Authorization"] = f"Bearer {read_setting(settings, auth.token_setting)}"
        case OAuth2Auth():
            headers["Authorization"] = f"Bearer {read_setting(settings, 'access_token')}"
        case HeaderAuth():
            headers[auth.header] = f"{auth.prefix}{read_setting(settings, auth.setting)}"
        case QueryAuth():
            for name, setting in auth.parameters.items():
                if settings.get(setting) is not None:
                    query[name] = str(settings[setting])
        case BodyAuth():
            for name, setting in auth.fields.items():
                body[name] = read_setting(settings, setting)
        case _:
            assert_never(auth)


def sign_request(
    request: Request, items: Sequence[Item], auth: SignatureAuth, settings: Settings, *, now_ms: int
) -> Request:
    """The request with the headers of Standard Webhooks; without a secret in the settings only with `webhook-id`.

    The body is written here, once, because the signature covers the very bytes that are sent. A body that cannot be
    written stays as it is: `encode` refuses it.
    """
    webhook_id = message_id(items, IdForm.TEXT)
    headers = {**request.headers, "webhook-id": webhook_id}
    secret = settings.get(auth.secret_setting)
    encoded = encode_body(request.body, request.body_format) if isinstance(secret, str) else b""
    if not isinstance(secret, str) or isinstance(encoded, Refusal):
        return msgspec.structs.replace(request, headers=headers)
    timestamp = now_ms // 1000
    headers["webhook-timestamp"] = str(timestamp)
    headers["webhook-signature"] = sign(read_secret(secret), webhook_id, timestamp, encoded)
    body = msgspec.Raw(encoded) if request.body_format is BodyFormat.JSON else request.body
    return msgspec.structs.replace(request, headers=headers, body=body)


def read_setting(settings: Settings, name: str) -> str:
    """A setting as text. Raises UsageError when it is not given."""
    value = settings.get(name)
    if value is None:
        raise UsageError(
            f"the setting {name!r} is missing", where=f"settings.{name}", remedy="add it to the integration"
        )
    return str(value)
