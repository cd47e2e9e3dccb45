"""Settings of a function, from its environment: read once, checked at the start, the same words as in template.yaml."""

import os
import re
from collections.abc import Mapping

from trailkeep.events.regions import RegionRules, is_region


class InvalidSettingError(RuntimeError):
    """The deployment lacks a setting: told at the start of a function rather than in the middle of a request."""


def required(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The setting ``name``; :class:`InvalidSettingError` where it is absent or empty."""
    value = environment.get(name, "")
    if not value:
        raise InvalidSettingError(f"the environment variable {name} is not set")
    return value


def seconds(name: str, default: int, environment: Mapping[str, str] = os.environ) -> int:
    """A whole number of seconds, 0 or more."""
    value = environment.get(name) or str(default)
    if not value.isdecimal():
        raise InvalidSettingError(f"the environment variable {name} must be a whole number of seconds")
    return int(value)


def days(name: str, default: int, environment: Mapping[str, str] = os.environ) -> int:
    """A whole number of days, 1 or more."""
    value = environment.get(name) or str(default)
    if not value.isdecimal() or not int(value):
        raise InvalidSettingError(f"the environment variable {name} must be a whole number of days, 1 or more")
    return int(value)


def number(name: str, default: int, environment: Mapping[str, str] = os.environ) -> int:
    """A whole number, 1 or more."""
    value = environment.get(name) or str(default)
    if not value.isdecimal() or not int(value):
        raise InvalidSettingError(f"the environment variable {name} must be a whole number, 1 or more")
    return int(value)


def amount(name: str, default: float, environment: Mapping[str, str] = os.environ) -> float:
    """A number, 0 or more, with or without a fraction."""
    value = environment.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value, re.ASCII):
        raise InvalidSettingError(f"the environment variable {name} must be a number, 0 or more")
    return float(value)


def landing_bucket() -> str:
    """The bucket that log objects arrive in."""
    return required("LANDING_BUCKET")


def lake_bucket() -> str:
    """The bucket that holds the lake and the small state beside it."""
    return required("LAKE_BUCKET")


def region_rules(environment: Mapping[str, str] = os.environ) -> RegionRules:
    """HOME_REGION and GLOBAL_EVENTS_REGION, which become part of keys and so must be able to."""
    rules = RegionRules(required("HOME_REGION", environment), required("GLOBAL_EVENTS_REGION", environment))
    for region in (rules.home, rules.for_global_events):
        if not is_region(region):
            raise InvalidSettingError(f"{region!r} cannot be a region: words of a-z and 0-9 joined by '-'")
    return rules
