"""What foreign pipelines read from a User-Agent header, as expressions of the mapping language.

RudderStack parses the header of web events with ua-parser-js and sends browser and system along. These expressions
say the same for the browsers that people use, so an imported mapping shows what is done and can be changed:

    browser             "Chrome", "Edge", "Firefox", "Safari", "Mobile Safari", "Opera", "Samsung Browser", "IE"
    browser_version     "86.0.4240.111"
    system              "Mac OS", "Windows", "iOS", "Android", "Chromium OS", "Linux"

Names as in https://github.com/faisalman/ua-parser-js (version 0.7, read 2026-11-23). Each is missing where it is not
known. `agent` is a path, such as `$.context.userAgent`.
"""

from __future__ import annotations

from collections.abc import Sequence

_BROWSERS: Sequence[tuple[str, str, str]] = (
    ("Edg/", "Edg/", "Edge"),
    ("OPR/", "OPR/", "Opera"),
    ("SamsungBrowser/", "SamsungBrowser/", "Samsung Browser"),
    ("Firefox/", "Firefox/", "Firefox"),
    ("CriOS/", "CriOS/", "Chrome"),
    ("Chrome/", "Chrome/", "Chrome"),
    ("Mobile/", "Version/", "Mobile Safari"),
    ("Safari/", "Version/", "Safari"),
    ("Trident/", "rv:", "IE"),
)
"""What the header has, after what the version stands, the browser. The first that is there counts."""

_SYSTEMS: Sequence[tuple[str, str]] = (
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Mac OS X", "Mac OS"),
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("CrOS", "Chromium OS"),
    ("Linux", "Linux"),
)


def browser(agent: str) -> str:
    """The browser's name."""
    return _choose(agent, [(mark, f'"{name}"') for mark, _, name in _BROWSERS])


def browser_version(agent: str) -> str:
    """The browser's whole version."""
    found = [
        (mark, f'{agent} | split("{before}") | at(1) | split(" ") | first | split(")") | first')
        for mark, before, _ in _BROWSERS
    ]
    return _choose(agent, found)


def system(agent: str) -> str:
    """The operating system's name."""
    return _choose(agent, [(mark, f'"{name}"') for mark, name in _SYSTEMS])


def device(agent: str) -> str:
    """What a person would call the device: a product of Apple's, an Android phone by its model, or else the system."""
    model = f'{agent} | split("Android") | at(1) | split(")") | first | split(" Build/") | first | split("; ") | last'
    names = [("iPhone", '"iPhone"'), ("iPad", '"iPad"'), ("Mac OS X", '"Mac"'), ("Android", model)]
    return _choose(agent, [*names, ("Windows", '"Windows"'), ("CrOS", '"Chrome OS"'), ("Linux", '"Linux"')])


def _choose(agent: str, cases: Sequence[tuple[str, str]]) -> str:
    """The value of the first case whose mark is in the header."""
    return " else ".join(f'if contains({agent}, "{mark}") then {value}' for mark, value in cases)
