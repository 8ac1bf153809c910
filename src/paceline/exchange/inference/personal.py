"""Hints at personal data, from the names of fields and from the form of their values. A hint is to be confirmed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from paceline.exchange.names import words

_KINDS_BY_NAME: Mapping[str, str] = {
    **dict.fromkeys(("email", "e mail", "mail address"), "email"),
    **dict.fromkeys(("phone", "mobile", "telephone", "msisdn", "cell phone", "phone number"), "phone"),
    **dict.fromkeys(("first name", "last name", "full name", "surname", "given name", "family name", "maiden name", "user name", "username", "nickname"), "name"),  # noqa: E501 - one line a kind
    **dict.fromkeys(("address", "street", "address line", "postal code", "zip", "zip code", "postcode", "zipcode"), "address"),  # noqa: E501 - one line a kind
    **dict.fromkeys(("birthday", "birth date", "date of birth", "dob", "birthdate"), "birth_date"),
    **dict.fromkeys(("ip", "ip address", "remote addr"), "ip"),
    **dict.fromkeys(("ssn", "social security number", "national id", "tax id", "passport", "passport number"), "national_id"),  # noqa: E501 - one line a kind
    **dict.fromkeys(("iban", "bank account", "account number"), "bank_account"),
    **dict.fromkeys(("card number", "credit card", "pan", "cvv", "cvc"), "payment_card"),
    **dict.fromkeys(("latitude", "longitude", "lat", "lng", "geo"), "location"),
    **dict.fromkeys(("advertising id", "device id", "idfa", "idfv", "gaid", "imei"), "device_id"),
    **dict.fromkeys(("gender", "sex"), "gender"),
    **dict.fromkeys(("password", "passwd", "secret", "access token", "api key"), "credential"),
}  # fmt: skip
_NOT_PERSONAL = frozenset({"email id", "email type", "email subject", "email template", "ip version", "address type"})
_FORMATS = {"email": "email", "ipv4": "ip", "ipv6": "ip"}
_PHONE = re.compile(r"\+[1-9][0-9 ().-]{6,18}[0-9]", re.ASCII)
_CARD = re.compile(r"[0-9]{4}([ -]?[0-9]{4}){2}[ -]?[0-9]{1,7}", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)


def kind_by_name(name: str) -> str | None:
    """The kind of personal data that a field's name speaks of, or None.

    >>> kind_by_name("customerEmail"), kind_by_name("shipping_address"), kind_by_name("email_subject")
    ('email', 'address', None)
    """
    parts = [word.lower() for word in words(name)]
    spoken = " ".join(parts)
    if any(spoken.endswith(harmless) for harmless in _NOT_PERSONAL):
        return None
    for length in (3, 2, 1):
        tail = " ".join(parts[-length:])
        if tail in _KINDS_BY_NAME:
            return _KINDS_BY_NAME[tail]
    return None


def kind_by_form(text: str, format_name: str | None) -> str | None:
    """The kind of personal data that a text has the form of, or None. Check digits are checked.

    >>> kind_by_form("+49 30 901820", None), kind_by_form("4111 1111 1111 1111", None), kind_by_form("4111", None)
    ('phone', 'payment_card', None)
    """
    if format_name is not None:
        return _FORMATS.get(format_name)
    forms = (("phone", _is_phone), ("payment_card", _is_card), ("bank_account", _is_iban))
    return next((kind for kind, has_form in forms if has_form(text)), None)


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None


def _is_card(text: str) -> bool:
    """A number of 13 to 19 digits with a right Luhn check digit (ISO/IEC 7812-1)."""
    if _CARD.fullmatch(text) is None:
        return False
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _is_iban(text: str) -> bool:
    """An IBAN with right check digits (ISO 13616: the rearranged number leaves 1 when divided by 97)."""
    if _IBAN.fullmatch(text) is None:
        return False
    rearranged = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in rearranged)) % 97 == 1
