"""Contact data in the forms that advertising platforms hash, so that both sides get the same digest.

Meta: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
Google: https://developers.google.com/google-ads/api/docs/conversions/upload-online
TikTok: https://ads.tiktok.com/help/article/how-to-create-a-custom-audience-with-a-customer-file
All read 2026-11-23. docs/mapping.md says which function serves which platform's field.
"""

from __future__ import annotations

import re
from typing import Final

from paceline.mapping.functions.definition import TEXT_VALUE, Example, Function, Parameter, Refused
from paceline.mapping.kinds import TEXT
from paceline.mapping.refusals import Stop

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\Z")
# Google asks to remove all periods that precede the domain name in addresses of these two
# (https://developers.google.com/google-ads/api/docs/conversions/upload-online, read 2026-11-23).
_DOTLESS_DOMAINS: Final = frozenset({"gmail.com", "googlemail.com"})
_MAX_PHONE_CHARACTERS: Final = 60
_REGION: Final = re.compile(r"[A-Za-z]{2}\Z")
_ZIP_FILLING: Final = re.compile(r"[\s-]+")
_ZIP_PLUS_FOUR: Final = re.compile(r"[0-9]{5}-[0-9]{4}\Z")


def normalize_email(text: str) -> str:
    address = text.strip().lower()
    if not _EMAIL.match(address):
        raise Stop("wrong_type", "normalize_email takes an e-mail address, but was given other text")
    return address


def normalize_gmail(text: str) -> str:
    local, _, domain = normalize_email(text).partition("@")
    return f"{local.replace('.', '')}@{domain}" if domain in _DOTLESS_DOMAINS else f"{local}@{domain}"


def normalize_phone(text: str, region: str | None = None) -> str:
    """E.164, by Google's libphonenumber; whether the number is in use is not asked."""
    # Loaded by the first mapping that needs it: the tables take 20 ms.
    import phonenumbers  # noqa: PLC0415

    if len(text) > _MAX_PHONE_CHARACTERS:
        raise Stop("wrong_type", "normalize_phone takes a telephone number, but was given a longer text")
    try:
        number = phonenumbers.parse(text, None if region is None else region.upper())
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        hint = "" if region else "; without a region, it must begin with + and the country's code"
        raise Stop("wrong_type", f"normalize_phone takes a telephone number, but was given other text{hint}")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def normalize_name(text: str) -> str:
    """Letters of every alphabet stay as they are, accents included; what is inside of a name stays apart."""
    kept = "".join(
        [character if character.isalpha() or character.isspace() or _is_mark(character) else "" for character in text]
    )
    return " ".join(kept.lower().split())


def normalize_city(text: str) -> str:
    return normalize_name(text).replace(" ", "")


def normalize_zip(text: str, country: str | None = None) -> str:
    is_american = country.strip().lower() in {"us", "usa"} if country else bool(_ZIP_PLUS_FOUR.match(text.strip()))
    code = _ZIP_FILLING.sub("", text).lower()
    return code[:5] if is_american else code


def normalize_country(text: str) -> str:
    code = text.strip().lower()
    if not _REGION.match(code):
        raise Stop("wrong_type", "normalize_country takes the two letters of a country, but was given other text")
    return code


def _is_mark(character: str) -> bool:
    """Combining marks are parts of the letters before them."""
    return "\u0300" <= character <= "\u036f"


def _region_problem(value: object) -> str:
    is_region = isinstance(value, str) and _REGION.match(value)
    return "" if is_region else 'a region is a country of two letters (ISO 3166-1), such as "DE"'


_EMAIL_VALUE: Final = Parameter(name="email", kinds=TEXT)
_NO_EMAIL: Final = "text that is not an e-mail address refuses the event"

FUNCTIONS: Final = (
    Function(
        name="normalize_email",
        group="Contact data",
        summary="An e-mail address without white space around it and in lower case, as platforms hash it.",
        parameters=(_EMAIL_VALUE,),
        result=TEXT,
        wrong=_NO_EMAIL,
        run=normalize_email,
        examples=(
            Example('" Ada@Example.com " | normalize_email', "ada@example.com"),
            Example('"Ada" | normalize_email', Refused("wrong_type")),
        ),
    ),
    Function(
        name="normalize_gmail",
        group="Contact data",
        summary="Like normalize_email; dots before @gmail.com and @googlemail.com are removed, as Google asks.",
        parameters=(_EMAIL_VALUE,),
        result=TEXT,
        wrong=_NO_EMAIL,
        run=normalize_gmail,
        examples=(Example('"Ada.Lovelace@gmail.com" | normalize_gmail', "adalovelace@gmail.com"),),
    ),
    Function(
        name="normalize_phone",
        group="Contact data",
        summary="A telephone number in E.164, such as +14155550123. The region is the country of numbers that do not "
        "name theirs; add `| keep_digits` for platforms that want digits only.",
        parameters=(
            Parameter(name="phone", kinds=TEXT),
            Parameter(name="region", kinds=TEXT, is_optional=True, problem=_region_problem),
        ),
        result=TEXT,
        wrong="text that cannot be a telephone number refuses the event",
        run=normalize_phone,
        examples=(
            Example('"(650) 555-1212" | normalize_phone("US")', "+16505551212"),
            Example('"+49 (0)30 901820" | normalize_phone', "+4930901820"),
            Example('"030 901820" | normalize_phone("DE") | keep_digits', "4930901820"),
            Example('"030 901820" | normalize_phone', Refused("wrong_type")),
        ),
    ),
    Function(
        name="normalize_name",
        group="Contact data",
        summary="A person's name in lower case, without punctuation and digits, and with single spaces.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=normalize_name,
        examples=(
            Example('" Valéry  O\'Neill-Smith " | normalize_name', "valéry oneillsmith"),
            Example('"정" | normalize_name', "정"),
        ),
    ),
    Function(
        name="normalize_city",
        group="Contact data",
        summary="A city or state in lower case, without punctuation, digits and spaces.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=normalize_city,
        examples=(Example('"St. Gallen" | normalize_city', "stgallen"),),
    ),
    Function(
        name="normalize_zip",
        group="Contact data",
        summary="A postal code in lower case, without spaces and dashes; of one of the United States (ZIP+4, or "
        "by the country), the first five digits.",
        parameters=(TEXT_VALUE, Parameter(name="country", kinds=TEXT, is_optional=True)),
        result=TEXT,
        run=normalize_zip,
        examples=(
            Example('"M1 1AE" | normalize_zip', "m11ae"),
            Example('"94035-1234" | normalize_zip("US")', "94035"),
        ),
    ),
    Function(
        name="normalize_country",
        group="Contact data",
        summary="A country's two letters (ISO 3166-1) in lower case.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        wrong="other text than two letters refuses the event",
        run=normalize_country,
        examples=(
            Example('" DE " | normalize_country', "de"),
            Example('"Germany" | normalize_country', Refused("wrong_type")),
        ),
    ),
)
