"""What is known about the texts of each `format`: examples, what they have in common, which include others."""

from __future__ import annotations

from collections.abc import Mapping

samples: Mapping[str, tuple[str, ...]] = {
    "date": ("2026-11-23", "2024-02-29", "1970-01-01"),
    "date-time": ("2026-11-23T10:30:00Z", "2026-11-23T10:30:00.123Z", "2024-02-29T23:59:59+02:00"),
    "time": ("10:30:00Z", "10:30:00.5+02:00"),
    "duration": ("P1D", "PT1H30M", "P2W"),
    "email": ("ada@example.com", "a@b.co", "first.last+tag@sub.example.org"),
    "idn-email": ("ada@example.com", "jürgen@example.com"),
    "hostname": ("example.com", "a", "shop-1.example.org"),
    "idn-hostname": ("example.com", "münchen.example"),
    "ipv4": ("192.0.2.1", "0.0.0.0", "255.255.255.255"),  # noqa: S104 - an example, nothing is bound to it
    "ipv6": ("2001:db8::1", "::", "::ffff:192.0.2.1"),
    "uri": ("https://example.com/path?x=1", "urn:example:1", "mailto:ada@example.com"),
    "uri-reference": ("/path?x=1", "https://example.com/", "", "#part"),
    "iri": ("https://example.com/ä", "https://example.com/"),
    "iri-reference": ("/ä", "https://example.com/", ""),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000"),
    "uri-template": ("https://example.com/{id}", "/path", ""),
    "json-pointer": ("/a/0", "", "/a~1b"),
    "relative-json-pointer": ("1/a", "0#"),
    "regex": ("^[a-z]+$", "", "a|b"),
}
"""Valid texts of each format, the usual one first."""

envelopes: Mapping[str, str] = {
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "date-time": "^[0-9]{4}-[0-9]{2}-[0-9]{2}.[0-9]{2}:[0-9]{2}:[0-9]{2}",
    "time": "^[0-9]{2}:[0-9]{2}:[0-9]{2}",
    "duration": "^P[0-9A-Z]+$",
    "email": ".@.",
    "ipv4": r"^[0-9.]{7,15}$",
    "ipv6": "^[0-9a-fA-F:.]{2,45}$",
    "uri": "^[A-Za-z][^ ]*:",
    "uuid": "^[0-9a-fA-F-]{36}$",
}
"""A pattern that every text of the format matches (and some others too): enough to prove that something cannot be."""

longest: Mapping[str, int] = {
    "date": 10,
    "email": 320,
    "hostname": 253,
    "ipv4": 15,
    "ipv6": 45,
    "uuid": 36,
}
"""How many characters a text of the format has at most, for those that are not open to the end."""

included_in: Mapping[str, frozenset[str]] = {
    "email": frozenset({"idn-email"}),
    "uri": frozenset({"uri-reference", "iri", "iri-reference"}),
    "iri": frozenset({"iri-reference"}),
    "uri-reference": frozenset({"iri-reference"}),
}
"""Formats of which every text is also one of the others'."""


def stretched(wanted: str, length: int) -> str | None:
    """A text of a format with at least so many characters, or None where there is none or none is known.

    >>> stretched("time", 15)
    '10:30:00.11111Z'
    """
    if length > longest.get(wanted, length):
        return None
    match wanted:
        case "date-time":
            return _padded("2026-11-23T10:30:00.1", "1", length - 1) + "Z"
        case "time":
            return _padded("10:30:00.1", "1", length - 1) + "Z"
        case "duration":
            return _padded("P1", "1", length - 1) + "D"
        case "email" | "idn-email":
            return "a" * min(64, max(1, length - 12)) + "@" + _host(max(11, length - 65))
        case "hostname" | "idn-hostname":
            return _host(length)
        case "uri" | "iri" | "uri-reference" | "iri-reference":
            return _padded("https://example.com/", "a", length)
        case "json-pointer" | "uri-template":
            return _padded("/", "a", length)
        case "relative-json-pointer":
            return _padded("0/", "a", length)
        case "regex":
            return "a" * length
        case _:
            return next((sample for sample in samples.get(wanted, ()) if len(sample) >= length), None)


def _padded(text: str, filler: str, length: int) -> str:
    return text + filler * max(0, length - len(text))


def _host(length: int) -> str:
    """A host name of so many characters, in labels of 63 at most."""
    labels = ["a" * 60] * (max(0, length - 12) // 61)
    return ".".join([*labels, "a" * max(1, length - 61 * len(labels) - 8) + ".example"])
