"""The words of a name, so that `emailAddress`, `email_address` and `E-Mail` come to the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from paceline.mapping.suggestion import spec_paths

_BOUNDARY: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|[^A-Za-z0-9]+")
_ENDS_IN_S: Final = frozenset({
    "access", "address", "ads", "apns", "bus", "business", "class", "css", "dns", "gas", "gps", "has", "https",
    "ios", "is", "js", "news", "os", "plus", "process", "sales", "series", "sms", "status", "success", "this",
    "utms", "was",
})  # fmt: skip

# Other spellings and abbreviations. Keys are one or more words; the first match from the left, longest first, counts.
_SAME: Final = {
    "mail": "email", "e mail": "email", "email address": "email", "email addr": "email", "tel": "phone",
    "telephone": "phone", "mobile": "phone", "cell": "phone", "cellphone": "phone", "msisdn": "phone",
    "phone number": "phone", "mobile number": "phone", "mobile phone": "phone", "phone no": "phone",
    "telephone number": "phone", "cell phone": "phone", "zip": "postal", "zipcode": "postal",
    "zip code": "postal", "postcode": "postal", "post code": "postal", "postal code": "postal",
    "postalcode": "postal", "zip postal code": "postal", "first name": "firstname", "given name": "firstname",
    "fname": "firstname", "forename": "firstname", "last name": "lastname", "family name": "lastname",
    "surname": "lastname", "lname": "lastname", "fn": "firstname", "ln": "lastname", "ph": "phone", "em": "email",
    "zp": "postal", "date of birth": "birthday", "birth date": "birthday", "birthdate": "birthday",
    "dob": "birthday", "birth day": "birthday", "sex": "gender", "lat": "latitude", "lng": "longitude",
    "lon": "longitude", "long": "longitude", "qty": "quantity", "img": "image", "pic": "image",
    "picture": "image", "photo": "image", "uri": "url", "href": "url", "ua": "useragent",
    "user agent": "useragent", "lang": "language", "tz": "timezone", "time zone": "timezone",
    "referer": "referrer", "organisation": "organization", "org": "organization", "promo": "promotion",
    "desc": "description", "descr": "description", "msg": "message", "addr": "address", "cat": "category",
    "ver": "version", "pos": "position", "cust": "customer", "prod": "product", "evt": "event", "ev": "event",
    "usr": "user", "dev": "device", "ts": "timestamp", "time stamp": "timestamp", "datetime": "timestamp",
    "date time": "timestamp", "ip address": "ip", "ip addr": "ip", "line item": "item", "colour": "color",
    "operating system": "os", "ccy": "currency", "amt": "amount", "num": "number", "no": "number", "nr": "number",
    "acct": "account", "txn": "transaction", "trx": "transaction", "trans": "transaction", "uid": "user id",
    "sid": "session id", "identifier": "id", "ident": "id", "sign up": "signup", "signed up": "signup",
    "log in": "login", "user name": "username", "web site": "website", "param": "parameter", "prop": "property",
    "attr": "attribute", "dpi": "density", "pixel density": "density", "app build": "app build",
    "e commerce": "ecommerce", "whats app": "whatsapp", "apn": "apns", "op sys": "os", "cpn": "coupon",
    "addr1": "address 1", "addr2": "address 2", "street1": "street 1", "line1": "line 1", "line2": "line 2",
}  # fmt: skip

# What tools mean by much the same thing, and how much.
_RELATED: Final = {
    ("item", "product"): 0.9, ("content", "product"): 0.6, ("content", "item"): 0.6, ("line", "product"): 0.4,
    ("customer", "user"): 0.8, ("contact", "user"): 0.75, ("profile", "user"): 0.75, ("person", "user"): 0.8,
    ("member", "user"): 0.7, ("subscriber", "user"): 0.7, ("lead", "user"): 0.6, ("visitor", "anonymous"): 0.7,
    ("order", "transaction"): 0.85, ("order", "purchase"): 0.75, ("purchase", "transaction"): 0.7,
    ("checkout", "order"): 0.4, ("cart", "basket"): 0.9, ("company", "organization"): 0.9,
    ("company", "account"): 0.7, ("group", "company"): 0.7, ("group", "account"): 0.7,
    ("group", "organization"): 0.7, ("company", "business"): 0.7, ("state", "region"): 0.85,
    ("state", "province"): 0.9, ("region", "province"): 0.8, ("language", "locale"): 0.85,
    ("price", "amount"): 0.6, ("price", "cost"): 0.8, ("value", "revenue"): 0.75, ("value", "total"): 0.65,
    ("value", "amount"): 0.7, ("value", "price"): 0.6, ("revenue", "total"): 0.75, ("revenue", "amount"): 0.6,
    ("amount", "total"): 0.65, ("fee", "cost"): 0.8, ("brand", "manufacturer"): 0.6, ("brand", "make"): 0.6,
    ("manufacturer", "make"): 0.8, ("title", "name"): 0.55, ("type", "category"): 0.5, ("kind", "type"): 0.8,
    ("time", "timestamp"): 0.95, ("date", "time"): 0.75, ("date", "timestamp"): 0.7, ("at", "time"): 0.6,
    ("at", "timestamp"): 0.5, ("at", "date"): 0.6, ("query", "search"): 0.6, ("keyword", "term"): 0.8,
    ("string", "query"): 0.5, ("platform", "os"): 0.7, ("url", "link"): 0.9, ("url", "location"): 0.3,
    ("url", "website"): 0.7, ("promotion", "coupon"): 0.5, ("discount", "coupon"): 0.4,
    ("voucher", "coupon"): 0.9, ("count", "quantity"): 0.7, ("count", "number"): 0.8, ("number", "quantity"): 0.5,
    ("index", "position"): 0.9, ("rank", "position"): 0.8, ("reference", "id"): 0.4, ("key", "id"): 0.6,
    ("uuid", "id"): 0.8, ("guid", "id"): 0.8, ("code", "id"): 0.4, ("number", "id"): 0.4,
    ("app", "application"): 0.95, ("message", "body"): 0.5, ("message", "text"): 0.6, ("body", "content"): 0.7,
    ("description", "summary"): 0.6, ("attribute", "property"): 0.85, ("attribute", "trait"): 0.85,
    ("property", "trait"): 0.6, ("parameter", "property"): 0.8, ("field", "property"): 0.6,
    ("field", "attribute"): 0.7, ("screen", "display"): 0.7, ("screen", "page"): 0.4,
    ("shipping", "delivery"): 0.85, ("method", "type"): 0.5, ("method", "tier"): 0.5, ("store", "shop"): 0.9,
    ("street", "address"): 0.75, ("created", "signup"): 0.6, ("created", "registration"): 0.7,
    ("creation", "created"): 0.9, ("sent", "send"): 0.9, ("locality", "city"): 0.8, ("town", "city"): 0.9,
    ("avatar", "image"): 0.6, ("carrier", "operator"): 0.7, ("geo", "location"): 0.8, ("event", "action"): 0.5,
    ("event", "activity"): 0.6, ("uuid", "message"): 0.2, ("advertising", "ad"): 0.9,
    ("advertiser", "advertising"): 0.9, ("tracking", "track"): 0.8, ("library", "sdk"): 0.85,
    ("build", "version"): 0.4, ("anonymous", "device"): 0.4, ("anonymous", "client"): 0.6,
    ("anonymous", "cookie"): 0.7, ("job", "title"): 0.4, ("plan", "subscription"): 0.5,
    ("employee", "staff"): 0.8, ("number", "phone"): 0.3, ("utm", "campaign"): 0.85,
    ("variant", "variation"): 0.9, ("currency", "iso"): 0.2,
}  # fmt: skip
_WEAK: Final = {
    "id": 0.5, "name": 0.6, "number": 0.5, "code": 0.4, "value": 0.7, "type": 0.6, "the": 0.1, "of": 0.1,
    "data": 0.3, "info": 0.2, "custom": 0.3, "user": 0.35, "contact": 0.4, "customer": 0.4, "profile": 0.4,
    "person": 0.4, "is": 0.2, "has": 0.2, "at": 0.5, "on": 0.2, "in": 0.2, "by": 0.2, "to": 0.5, "event": 0.6,
    "property": 0.5, "attribute": 0.5, "field": 0.4, "list": 0.5, "string": 0.2, "initial": 0.25, "current": 0.5,
    "first": 0.5, "last": 0.5, "home": 0.3, "item": 0.5, "product": 0.5, "content": 0.6, "order": 0.7,
    "page": 0.6, "device": 0.7, "total": 0.7, "text": 0.4, "url": 0.8, "a": 0.1, "an": 0.1, "and": 0.1,
    "for": 0.1, "ms": 0.2, "micro": 0.2, "sec": 0.2, "msec": 0.3, "client": 0.5, "external": 0.6, "default": 0.2,
    "set": 0.2, "once": 0.1, "always": 0.1, "new": 0.3, "key": 0.4,
}  # fmt: skip
_STOP_WORDS: Final = """
a an and any are as at be been being but by can do does each either for from has have how if in into is it its may
more must no not of on once one only or other our out per set should so such than that the their them then there
these they this to up use used user using was we were what when where which while who whom will with within would
you your value data send sent sends specify specified optional required unique field example e g eg i ie format
string number also via
"""
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())
_MOST_WORDS_OF_ONE: Final = 4
_FUZZY_AT_LEAST: Final = 0.62


def raw_words(text: str) -> list[str]:
    """The words of a name or sentence in lower case, plurals made singular.

    >>> raw_words("lineItems[].unitPrice")
    ['line', 'item', 'unit', 'price']
    """
    return [_singular(word.lower()) for word in _BOUNDARY.split(text) if word]


def words(text: str) -> tuple[str, ...]:
    """The words of a name in their common form.

    >>> words("ZIP_code"), words("userEmailAddress"), words("useragent")
    (('postal',), ('user', 'email'), ('useragent',))
    """
    return _common(tuple(raw_words(text)))


@lru_cache(maxsize=20_000)
def _common(found: tuple[str, ...]) -> tuple[str, ...]:
    common: list[str] = []
    position = 0
    while position < len(found):
        for length in range(min(_MOST_WORDS_OF_ONE, len(found) - position), 0, -1):
            same = _SAME.get(" ".join(found[position : position + length]))
            if same is not None:
                common.extend(same.split())
                break
        else:
            length = 1
            common.extend(_taken_apart(found[position]))
        position += length
    return tuple(common)


def _singular(word: str) -> str:
    if len(word) < 4 or word in _ENDS_IN_S or not word.endswith("s") or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("xes", "ches", "shes", "sses")) else word[:-1]


@lru_cache(maxsize=20_000)
def _taken_apart(word: str) -> tuple[str, ...]:
    """`orderid` is `order id`: two words that are known, written as one."""
    if len(word) < 6 or word in KNOWN_WORDS:
        return (word,)
    for end in range(len(word) - 2, 2, -1):
        first, second = word[:end], _singular(word[end:])
        if first in KNOWN_WORDS and second in KNOWN_WORDS:
            return _common((first, second))
    return (word,)


def weight(word: str) -> float:
    """How much a word says."""
    return _WEAK.get(word, 0.6 if word.isdigit() else 1.0)


@lru_cache(maxsize=100_000)
def likeness(first: str, second: str) -> float:
    """How much two words mean the same, from 0 to 1."""
    if first == second:
        return 1.0
    related = _RELATED.get((first, second)) or _RELATED.get((second, first))
    if related:
        return related
    if min(len(first), len(second)) < 5 or first[0] != second[0]:
        return 0.0
    shared = _trigrams(first) & _trigrams(second)
    dice = 2 * len(shared) / (len(_trigrams(first)) + len(_trigrams(second)))
    return dice * 0.9 if dice >= _FUZZY_AT_LEAST else 0.0


@lru_cache(maxsize=20_000)
def _trigrams(word: str) -> frozenset[str]:
    padded = f"^{word}$"
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


@lru_cache(maxsize=200_000)
def agreement(asked: tuple[str, ...], offered: tuple[str, ...]) -> float:
    """How well two names agree, from 0 to 1: every word has to find its like on the other side.

    >>> agreement(("order", "id"), ("order", "id"))
    1.0
    """
    if not asked or not offered:
        return 0.0
    if asked == offered:
        return 1.0
    total = found = 0.0
    for words_here, words_there in ((asked, offered), (offered, asked)):
        for word in words_here:
            total += weight(word)
            found += weight(word) * max(likeness(word, other) for other in words_there)
    return found / total


def _known(tables: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in tables for word in raw_words(text) if len(word) > 1)


def _vocabulary() -> frozenset[str]:
    tables = (spec_paths.PATHS, spec_paths.PERSON, spec_paths.ADDRESS, spec_paths.PRODUCT)
    names = [text for table in tables for key, names in table.items() for text in (key, names)]
    return _known([*names, *_SAME.values()]) | frozenset(word for pair in _RELATED for word in pair)


KNOWN_WORDS: Final = _vocabulary()
