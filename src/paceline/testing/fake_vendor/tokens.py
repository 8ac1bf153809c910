"""The fake vendors' OAuth 2.0 token endpoints: who may have an access token, and whose tokens are good."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

import msgspec

from paceline.delivery.oauth2 import grant_of
from paceline.model.connector import OAuth2Auth, OAuth2Grant
from paceline.testing.fake_vendor.credentials import Account, Sent
from paceline.testing.fake_vendor.replies import Reply

LIFE_SECS = 1800


class Tokens:
    """The tokens that one vendor gave out, and to whom. A vendor without known accounts gives one to everybody."""

    def __init__(self, auth: OAuth2Auth) -> None:
        self._auth = auth
        self._path = re.compile(re.escape(_path_of(auth.token_url)))
        self._given: dict[str, Account] = {}
        self._count = 0

    def is_asked(self, sent: Sent) -> bool:
        """Whether this is a request for a token."""
        return sent.method == "POST" and self._path.fullmatch(sent.path) is not None

    def answer(self, sent: Sent, accounts: Sequence[Account]) -> Reply:
        """A new token, or why there is none (RFC 6749, sections 5.1 and 5.2)."""
        form = _client_of(sent) | (sent.body if isinstance(sent.body, dict) else {})
        if form.get("grant_type") not in set(OAuth2Grant):
            return _refuse("unsupported_grant_type")
        if not form.get("client_id") or not form.get("client_secret"):
            return _refuse("invalid_client")
        self._count += 1
        token = f"fake-token-{self._count}"
        if accounts:
            clients = [one for one in accounts if _is_client(self._auth, one, form)]
            account = next((one for one in clients if _has_grant(self._auth, one, form)), None)
            if account is None:
                return _refuse("invalid_grant" if clients else "invalid_client")
            self._given[token] = account
        base_url = {} if self._auth.base_url_from is None else {self._auth.base_url_from: f"https://{sent.host}"}
        body = {"access_token": token, "token_type": "Bearer", "expires_in": LIFE_SECS, **base_url}
        return Reply(status=200, body=msgspec.json.encode(body))

    def holders(self) -> Sequence[Account]:
        """Everybody who has a token, as accounts whose settings have it."""
        return [
            msgspec.structs.replace(one, settings={**one.settings, "access_token": token})
            for token, one in self._given.items()
        ]

    def forget(self) -> None:
        """From now on no token is good that was given before."""
        self._given.clear()


def _path_of(url: str) -> str:
    after_host = url.partition("://")[2] or url
    return "/" + after_host.partition("/")[2]


def _client_of(sent: Sent) -> dict[str, object]:
    """The client where it stands in a header (RFC 6749, section 2.3.1), by the names that it has in a form."""
    scheme, _, encoded = sent.headers.get("authorization", "").partition(" ")
    try:
        client, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": client, "client_secret": secret} if scheme == "Basic" and colon else {}


def _is_client(auth: OAuth2Auth, account: Account, form: dict[str, object]) -> bool:
    return all(
        form[field] == account.settings.get(setting)
        for field, setting in (("client_id", auth.client_id_setting), ("client_secret", auth.client_secret_setting))
    )


def _has_grant(auth: OAuth2Auth, account: Account, form: dict[str, object]) -> bool:
    if form["grant_type"] != grant_of(auth, account.settings):
        return False
    setting = auth.refresh_token_setting or "refresh_token"
    return form["grant_type"] != OAuth2Grant.REFRESH_TOKEN or form.get("refresh_token") == account.settings.get(setting)


def _refuse(error: str) -> Reply:
    return Reply(status=400, body=msgspec.json.encode({"error": error}))
