"""Toggles through OpenFeature: flagd's file, and any provider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from paceline.drivers.toggles.flagd_file import FlagdFileToggles
from paceline.drivers.toggles.openfeature import OpenFeatureToggles
from paceline.errors import UsageError
from paceline.lifecycle.route_step import BUS, DIRECT, SHADOW, RouteStep, flag_of, parse_step
from paceline.model.route import Route

KEYS = [f"user-{number}" for number in range(4000)]


class Site:
    """A file of toggles, time that is set by hand, and what was told."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "toggles.flagd.json"
        self.now_secs = 0.0
        self.told: list[str] = []

    def write(self, **flags: dict[str, Any]) -> None:
        schema = "https://flagd.dev/schema/v0/flags.json"
        self.file.write_text(json.dumps({"$schema": schema, "flags": flags}), encoding="utf-8")
        self.now_secs += 1

    def open(self) -> FlagdFileToggles:
        return FlagdFileToggles(self.file, monotonic_secs=lambda: self.now_secs, on_broken=self.told.append)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def on_bus(toggles: FlagdFileToggles) -> set[str]:
    return {key for key in KEYS if toggles.route("route", key) is Route.BUS}


@pytest.mark.parametrize(("step", "route"), [(DIRECT, Route.DIRECT), (SHADOW, Route.SHADOW), (BUS, Route.BUS)])
def test_plain_step_is_the_same_for_every_key(site: Site, step: RouteStep, route: Route) -> None:
    site.write(route=flag_of(step))
    toggles = site.open()
    assert {toggles.route("route", key) for key in KEYS[:50]} == {route}
    assert toggles.step("route") == step


def test_canary_takes_its_share_of_the_keys_and_always_the_same_ones(site: Site) -> None:
    site.write(route=flag_of(parse_step("canary 10%")))
    first, second = on_bus(site.open()), on_bus(site.open())
    assert first == second
    assert 0.08 <= len(first) / len(KEYS) <= 0.12
    assert site.open().route("route", next(key for key in KEYS if key not in first)) is Route.SHADOW


def test_larger_canary_keeps_every_key_of_the_smaller_one(site: Site) -> None:
    site.write(route=flag_of(parse_step("canary 10%")))
    toggles = site.open()
    small = on_bus(toggles)
    toggles.set_step("route", parse_step("canary 50%"))
    assert small < on_bus(toggles)


def test_changed_file_is_followed_and_others_of_its_toggles_stay(site: Site) -> None:
    site.write(route=flag_of(DIRECT), other=flag_of(SHADOW))
    toggles = site.open()
    assert toggles.route("route", "a") is Route.DIRECT
    site.write(route=flag_of(BUS), other=flag_of(SHADOW))
    toggles.look()
    assert (toggles.route("route", "a"), toggles.route("other", "a")) == (Route.BUS, Route.SHADOW)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"flags": 3}', '{"no": 1}', "\udcff"])
def test_broken_file_leaves_the_toggles_of_before_in_force_and_is_told(site: Site, content: str) -> None:
    site.write(route=flag_of(BUS))
    toggles = site.open()
    site.file.write_bytes(content.encode(errors="surrogateescape"))
    site.now_secs += 1
    toggles.look()
    assert toggles.route("route", "a") is Route.BUS
    assert len(site.told) == 1
    assert "toggles.flagd.json" in site.told[0]


def test_toggle_that_is_nowhere_means_direct(site: Site) -> None:
    site.write()
    assert site.open().route("route", "a") is Route.DIRECT


def test_moved_toggle_keeps_its_metadata_and_the_rest_of_the_file(site: Site) -> None:
    site.write(route=flag_of(DIRECT, metadata={"expires": "2027-02-15"}), banner={"state": "ENABLED", "x": 1})
    before = json.loads(site.file.read_text(encoding="utf-8"))
    assert site.open().set_step("route", SHADOW)
    after = json.loads(site.file.read_text(encoding="utf-8"))
    assert after["flags"]["route"] == flag_of(SHADOW, metadata={"expires": "2027-02-15"})
    after["flags"]["route"] = before["flags"]["route"]
    assert after == before


def test_unknown_toggle_is_not_moved_and_the_nearest_is_named(site: Site) -> None:
    site.write(crm_route=flag_of(DIRECT))
    with pytest.raises(UsageError, match="crm_route"):
        site.open().set_step("crm_rout", BUS)


def test_targeting_by_hand_is_evaluated_by_flagd_and_is_no_step(site: Site) -> None:
    targeting = {"if": [{"starts_with": [{"var": "targetingKey"}, "vip-"]}, "bus", "direct"]}
    site.write(route=flag_of(DIRECT) | {"targeting": targeting})
    toggles = site.open()
    assert (toggles.route("route", "vip-1"), toggles.route("route", "u-1")) == (Route.BUS, Route.DIRECT)
    assert toggles.step("route") is None


def test_any_provider_of_openfeature_will_do() -> None:
    flag = InMemoryFlag("shadow", {"shadow": "shadow", "bus": "bus"})
    toggles = OpenFeatureToggles(InMemoryProvider({"route": flag}), domain="test", monotonic_secs=lambda: 0.0)
    assert toggles.route("route", "a") is Route.SHADOW
    assert not toggles.set_step("route", BUS)


def test_provider_that_fails_means_direct_and_is_asked_again_later() -> None:
    class Unsteady(InMemoryProvider):
        fails = True

        def resolve_string_details(self, *arguments: Any, **named: Any) -> Any:
            if self.fails:
                raise ConnectionError
            return super().resolve_string_details(*arguments, **named)

    now = [0.0]
    provider = Unsteady({"route": InMemoryFlag("bus", {"bus": "bus"})})
    toggles = OpenFeatureToggles(provider, domain="failing", monotonic_secs=lambda: now[0])
    assert toggles.route("route", "a") is Route.DIRECT
    provider.fails = False
    now[0] = 1.0
    toggles.look()
    assert toggles.route("route", "a") is Route.BUS
