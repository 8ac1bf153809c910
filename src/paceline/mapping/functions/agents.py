"""What a browser or app says about itself.

Read by uap-core's patterns (https://github.com/ua-parser/uap-core), which every language's ua-parser shares; the
library is optional: `pip install "paceline[user-agent]"`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Final

from paceline.mapping.functions.definition import Example, Function, Missing, Parameter
from paceline.mapping.kinds import OBJECT, TEXT

_MAX_CHARACTERS: Final = 1_000
AGENT_PARTS: Final = ("browser", "browser_version", "os", "os_version", "device_brand", "device_model")


def user_agent(text: str) -> dict[str, object] | None:
    return _parts(text[:_MAX_CHARACTERS]) or None


@lru_cache(maxsize=2_000)
def _parts(text: str) -> dict[str, object]:
    """Lanes see the same few hundred agents again and again; nobody changes what a mapping gives."""
    # Loaded by the first mapping that needs it: the patterns take a tenth of a second.
    import ua_parser  # noqa: PLC0415

    found = ua_parser.parse(text)
    browser, system, device = found.user_agent, found.os, found.device
    parts = (
        browser and browser.family,
        browser and _version(browser.major, browser.minor, browser.patch),
        system and system.family,
        system and _version(system.major, system.minor, system.patch),
        device and device.brand,
        device and device.model,
    )
    return {name: part for name, part in zip(AGENT_PARTS, parts, strict=True) if part}


def _version(*numbers: str | None) -> str:
    return ".".join(number for number in numbers if number)


def user_agent_problem() -> str:
    """Why the function cannot be used here, and how to help it; empty when it can."""
    if find_spec("ua_parser") is not None:
        return ""
    return 'user_agent needs a library that is not installed: pip install "paceline[user-agent]"'


_IPHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)

FUNCTIONS: Final = (
    Function(
        name="user_agent",
        group="URLs and user agents",
        summary="What a user agent says: an object with `browser`, `browser_version`, `os`, `os_version`, "
        "`device_brand` and `device_model`, each left out where it is not known. Needs `paceline[user-agent]`.",
        parameters=(Parameter(name="user_agent", kinds=TEXT),),
        result=OBJECT,
        may_miss=True,
        run=user_agent,
        unusable=user_agent_problem,
        examples=(
            Example("$.context.userAgent | user_agent.os", "iOS", {"context": {"userAgent": _IPHONE}}),
            Example('"?" | user_agent', Missing()),
        ),
    ),
)
