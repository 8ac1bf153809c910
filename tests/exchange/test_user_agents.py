"""Expressions that read browser, system and device from a User-Agent header as ua-parser-js does."""

from __future__ import annotations

import pytest

from paceline.exchange import user_agents
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.model.mapping import MappingFile, MappingFrom, MappingTo

PATH = "$.context.userAgent"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
ANDROID = "Mozilla/5.0 (Linux; Android 13; SM-S901B Build/TP1A) AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def read(agent: object) -> dict[str, object]:
    spec = MappingFile(
        mapping="page.acme",
        version=1,
        from_=MappingFrom(),
        to=MappingTo(connector="acme", action="send"),
        fields={
            "browser": user_agents.browser(PATH),
            "version": user_agents.browser_version(PATH),
            "system": user_agents.system(PATH),
            "device": user_agents.device(PATH),
        },
    )
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping)
    payload = compiled.apply({"context": {"userAgent": agent}}, now_ms=0)
    assert isinstance(payload, dict)
    return payload


@pytest.mark.parametrize(
    ("agent", "browser", "version", "system", "device"),
    [
        (f"{MAC} Chrome/86.0.4240.111 Safari/537.36", "Chrome", "86.0.4240.111", "Mac OS", "Mac"),
        (f"{MAC} Version/16.1 Safari/605.1.15", "Safari", "16.1", "Mac OS", "Mac"),
        (f"{WINDOWS} Edg/120.0.2210.61", "Edge", "120.0.2210.61", "Windows", "Windows"),
        (f"{WINDOWS} OPR/106.0.0.0", "Opera", "106.0.0.0", "Windows", "Windows"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
            "Firefox",
            "120.0",
            "Linux",
            "Linux",
        ),
        (f"{ANDROID} Chrome/119.0.6045.66 Mobile Safari/537.36", "Chrome", "119.0.6045.66", "Android", "SM-S901B"),
        (f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", "Mobile Safari", "17.5", "iOS", "iPhone"),
        (f"{IPHONE} CriOS/119.0.1 Mobile/15E148 Safari/604.1", "Chrome", "119.0.1", "iOS", "iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko", "IE", "11.0", "Windows", "Windows"),
    ],
)
def test_agent_of_a_browser_is_read(agent: str, browser: str, version: str, system: str, device: str) -> None:
    assert read(agent) == {"browser": browser, "version": version, "system": system, "device": device}


@pytest.mark.parametrize("agent", ["shop/2.1.0", "", None])
def test_what_is_no_browser_says_nothing(agent: object) -> None:
    assert read(agent) == {}


@pytest.mark.parametrize("agent", ["Chrome/", "Version/ Safari/", "Android", "Mobile/ Safari/"])
def test_broken_agent_is_no_error(agent: str) -> None:
    assert "browser" in read(agent) or "system" in read(agent)
