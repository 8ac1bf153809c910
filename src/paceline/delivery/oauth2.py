"""Access tokens of OAuth 2.0: the request for one, and what its answer says. Pure.

Two grants: client credentials (RFC 6749, section 4.4) and refresh token (section 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from paceline.delivery.authentication import read_setting
from paceline.delivery.request import fill_template, parse_template
from paceline.model.connector import OAuth2Auth, OAuth2Grant
from paceline.model.delivery import Answer, Outcome, OutcomeClass, WireRequest

EXPIRY_MARGIN_SECS = 60.0
"""How long before its end a token is not used any more."""

DEFAULT_LIFE_SECS = 1800.0
"""How long a token is used whose answer does not say how long it lives (Salesforce's does not)."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An access token, how long it may be used, and the settings that came with it (a base URL, a refresh token)."""

    access_token: str
    life_secs: float
    settings: Mapping[str, str]


class _TokenAnswer(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float | None = None
    refresh_token: str | None = None


class _TokenError(msgspec.Struct, frozen=True):
    error: str = ""


def token_request(auth: OAuth2Auth, settings: Mapping[str, object]) -> WireRequest:
    """The request for a new token. Raises UsageError for a setting that is missing."""
    grant = grant_of(auth, settings)
    form = {
        "grant_type": str(grant),
        "client_id": read_setting(settings, auth.client_id_setting),
        "client_secret": read_setting(settings, auth.client_secret_setting),
    }
    if grant is OAuth2Grant.REFRESH_TOKEN:
        form["refresh_token"] = read_setting(settings, auth.refresh_token_setting or "refresh_token")
    if auth.scopes:
        form["scope"] = " ".join(auth.scopes)
    headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
    url = fill_template(parse_template(auth.token_url), settings, {})
    return WireRequest(method="POST", url=url, headers=headers, body=urlencode(form).encode())


def grant_of(auth: OAuth2Auth, settings: Mapping[str, object]) -> OAuth2Grant:
    """The grant of these settings: a refresh token that is given is used, also where a vendor needs none."""
    has_refresh_token = auth.refresh_token_setting is not None and settings.get(auth.refresh_token_setting) is not None
    return OAuth2Grant.REFRESH_TOKEN if has_refresh_token else auth.grant


def made_up_token(auth: OAuth2Auth, settings: Mapping[str, object]) -> Mapping[str, str]:
    """The settings that a token would bring, for whoever shows requests without sending them.

    The base URL is the place that gives tokens, which is where it mostly leads. Raises UsageError for a setting that
    is missing.
    """
    url = fill_template(parse_template(auth.token_url), settings, {})
    base_url = {} if auth.base_url_from is None else {auth.base_url_from: "/".join(url.split("/")[:3])}
    return {"access_token": "ACCESS_TOKEN", **base_url}


def read_token(auth: OAuth2Auth, answer: Answer) -> Token | Outcome:
    """The token in an answer, or the outcome that every delivery has for want of one.

    A refusal (400, 401, 403) is `auth`: somebody has to renew the grant. Anything else may pass by itself.
    """
    if answer.status == 200:
        try:
            said = msgspec.json.decode(answer.body, type=_TokenAnswer)
            fields = msgspec.json.decode(answer.body, type=dict[str, object])
        except msgspec.DecodeError:
            return _outcome(OutcomeClass.TRANSIENT, answer, "the token answer is not what OAuth 2.0 says")
        settings = {auth.refresh_token_setting or "refresh_token": said.refresh_token} if said.refresh_token else {}
        if auth.base_url_from is not None:
            base_url = fields.get(auth.base_url_from)
            if not isinstance(base_url, str) or not base_url:
                return _outcome(OutcomeClass.CONFIG, answer, f"the token answer has no {auth.base_url_from}")
            settings[auth.base_url_from] = base_url
        life_secs = DEFAULT_LIFE_SECS if said.expires_in is None else said.expires_in - EXPIRY_MARGIN_SECS
        return Token(access_token=said.access_token, life_secs=max(life_secs, 1.0), settings=settings)
    if answer.status in {400, 401, 403}:
        advice = "authorize the app at the vendor again, or correct its credentials in the settings"
        return _outcome(OutcomeClass.AUTH, answer, f"no access token: {_error_of(answer)}; {advice}")
    if answer.status == 429:
        return _outcome(OutcomeClass.THROTTLE, answer, "no access token: too many requests for one")
    if answer.fault in {"refused_address", "tls"}:
        return _outcome(OutcomeClass.SECURITY, answer, f"no access token: {answer.fault}")
    return _outcome(OutcomeClass.TRANSIENT, answer, f"no access token: {answer.fault or answer.status}")


def _error_of(answer: Answer) -> str:
    """RFC 6749, section 5.2: `error` is one of a few words. The description may quote a secret: it is left out."""
    try:
        return msgspec.json.decode(answer.body, type=_TokenError).error[:100] or str(answer.status)
    except msgspec.DecodeError:
        return str(answer.status)


def _outcome(outcome_class: OutcomeClass, answer: Answer, message: str) -> Outcome:
    return Outcome(outcome_class=outcome_class, status=answer.status, message=message)
