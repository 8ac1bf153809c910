"""Checks a request's credentials against the settings that the fake vendor was told, or at least for being there."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.delivery.authentication import add_credentials
from paceline.delivery.webhooks import read_secret, verify
from paceline.errors import UsageError
from paceline.model.connector import Auth, BasicAuth, HeaderAuth, SignatureAuth


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may send: the settings of one integration, and its name where it is known."""

    settings: Mapping[str, object]
    integration: str = ""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it arrived. Header names are lower-case; `body` is the decoded one, `raw` its bytes."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    body: object = None


class _Anything(Mapping[str, object]):
    """Settings in which every name has some value: shows where credentials belong, not what they are."""

    def __getitem__(self, name: str) -> object:
        return "x"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def find_account(auth: Auth, accounts: Sequence[Account], sent: Sent, *, now_secs: float) -> Account | None:
    """Whose credentials these are; None for nobody's. Without any known account, credentials only have to be there."""
    if isinstance(auth, SignatureAuth):
        return _find_signer(auth, accounts, sent, now_secs=now_secs)
    if accounts:
        return next((account for account in accounts if _carries(auth, account.settings, sent, exactly=True)), None)
    return Account(settings={}) if _carries(auth, _Anything(), sent, exactly=False) else None


def _carries(auth: Auth, settings: Mapping[str, object], sent: Sent, *, exactly: bool) -> bool:
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    body: dict[str, object] = {}
    try:
        add_credentials(auth, settings, headers=headers, query=query, body=body)
    except UsageError:
        return False
    top = sent.body if isinstance(sent.body, dict) else {}
    sent = _with_usual_header(auth, sent) if isinstance(auth, HeaderAuth) else sent
    if exactly:
        return (
            all(sent.headers.get(name.lower()) == value for name, value in headers.items())
            and all(sent.query.get(name) == value for name, value in query.items())
            and all(top.get(name) == value for name, value in body.items())
        )
    if isinstance(auth, BasicAuth):
        return _has_user(sent.headers.get("authorization", ""))
    return (
        all(_has_more_than(sent.headers.get(name.lower(), ""), value[:-1]) for name, value in headers.items())
        # One of several alternatives (GA4's measurement_id or firebase_app_id) is enough.
        and (not query or any(sent.query.get(name) for name in query))
        and all(top.get(name) for name in body)
    )


def _with_usual_header(auth: HeaderAuth, sent: Sent) -> Sent:
    """The request with its secret in the header where we would send it, wherever the vendor takes it."""
    found = next((sent.headers[name.lower()] for name in auth.other_names if name.lower() in sent.headers), None)
    usual = {} if found is None else {auth.header.lower(): found}
    return msgspec.structs.replace(sent, headers={**usual, **sent.headers})


def _has_more_than(value: str, prefix: str) -> bool:
    return value.startswith(prefix) and len(value) > len(prefix)


def _has_user(authorization: str) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, colon, _ = base64.b64decode(encoded, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return scheme == "Basic" and bool(user) and bool(colon)


def _find_signer(auth: SignatureAuth, accounts: Sequence[Account], sent: Sent, *, now_secs: float) -> Account | None:
    for account in accounts:
        secret = account.settings.get(auth.secret_setting)
        if not isinstance(secret, str):
            return account
        if verify(read_secret(secret), sent.headers, sent.raw, now_secs=now_secs) is None:
            return account
    return None if accounts else Account(settings={})
