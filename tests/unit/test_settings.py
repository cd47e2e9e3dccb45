"""Settings are checked where a function starts, and a wrong one is named."""

from __future__ import annotations

import pytest

from trailkeep import settings
from trailkeep.events.regions import RegionRules
from trailkeep.settings import InvalidSettingError


def test_a_setting_is_what_the_environment_says() -> None:
    assert settings.required("LAKE_BUCKET", {"LAKE_BUCKET": "lake"}) == "lake"


@pytest.mark.parametrize("environment", [{}, {"LAKE_BUCKET": ""}])
def test_a_missing_setting_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidSettingError, match="LAKE_BUCKET"):
        settings.required("LAKE_BUCKET", environment)


@pytest.mark.parametrize(("value", "expected"), [(None, 300), ("", 300), ("0", 0), ("45", 45)])
def test_seconds(value: str | None, expected: int) -> None:
    environment = {} if value is None else {"AGE": value}

    assert settings.seconds("AGE", 300, environment) == expected


@pytest.mark.parametrize("value", ["-1", "1.5", "5m", " 5", "²", "0x10"])
def test_seconds_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(InvalidSettingError, match="AGE"):
        settings.seconds("AGE", 300, {"AGE": value})


def test_days_are_whole_and_at_least_one() -> None:
    assert settings.days("FLOOR", 90, {}) == 90
    assert settings.days("FLOOR", 90, {"FLOOR": "365"}) == 365


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "90d", "²"])
def test_days_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(InvalidSettingError, match="FLOOR"):
        settings.days("FLOOR", 90, {"FLOOR": value})


def test_numbers_are_whole_and_at_least_one() -> None:
    assert settings.number("PARTS", 64, {}) == 64
    assert settings.number("PARTS", 64, {"PARTS": "1"}) == 1


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "²"])
def test_numbers_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(InvalidSettingError, match="PARTS"):
        settings.number("PARTS", 64, {"PARTS": value})


def test_buckets_come_from_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDING_BUCKET", "landing")
    monkeypatch.setenv("LAKE_BUCKET", "lake")

    assert (settings.landing_bucket(), settings.lake_bucket()) == ("landing", "lake")


def test_region_rules() -> None:
    environment = {"HOME_REGION": "cn-hangzhou", "GLOBAL_EVENTS_REGION": "ap-southeast-1"}

    assert settings.region_rules(environment) == RegionRules("cn-hangzhou", "ap-southeast-1")


@pytest.mark.parametrize("name", ["HOME_REGION", "GLOBAL_EVENTS_REGION"])
@pytest.mark.parametrize("value", ["", "../x", "CN-Hangzhou", "a/b", "a--b", "x" * 33])
def test_regions_become_part_of_keys_and_must_be_able_to(name: str, value: str) -> None:
    environment = {"HOME_REGION": "cn-hangzhou", "GLOBAL_EVENTS_REGION": "ap-southeast-1", name: value}

    with pytest.raises(InvalidSettingError):
        settings.region_rules(environment)
