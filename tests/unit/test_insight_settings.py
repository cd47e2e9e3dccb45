"""Settings of Insights: what may be set, what counts where several say something, and that no change is lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.aged_lake import ADMIN
from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.errors import Conflict, InvalidBody, InvalidParameter, ObjectUnreadable, StorageUnavailable
from trailkeep.insights.scene import Tuning
from trailkeep.insights.settings.account_settings import (
    FOR_ALL,
    SETTINGS,
    AccountSettings,
    AllowedNetwork,
    Settings,
    read_own_settings,
    read_settings,
    settings_key,
)
from trailkeep.insights.settings.change import change_settings
from trailkeep.insights.settings.request import MAX_NETWORKS, parse_change
from trailkeep.insights.types import INSIGHT_TYPES, SENSITIVITIES


@pytest.fixture
def lake() -> MemoryBucket:
    return MemoryBucket()


def put(lake: MemoryBucket, **fields: Any) -> Settings:
    return change_settings(lake, parse_change(fields), ADMIN, NOW)


def tuning_of(lake: MemoryBucket, account: str, name: str = "IpInsight") -> Tuning:
    return read_settings(lake, account).tunings[name]


def test_before_anyone_sets_them_all_types_look_at_medium_sensitivity(lake: MemoryBucket) -> None:
    assert read_settings(lake, "1") == AccountSettings(dict.fromkeys(INSIGHT_TYPES, Tuning(True, "medium")), [])
    assert read_own_settings(lake, None) == (Settings(), None)


def test_an_account_leaves_open_what_it_does_not_set(lake: MemoryBucket) -> None:
    put(lake, types={"IpInsight": {"enabled": False, "sensitivity": "high"}, "AkInsight": {"sensitivity": "low"}})
    put(lake, accountId="1", types={"IpInsight": {"enabled": True}})

    assert tuning_of(lake, "1") == Tuning(True, "high")
    assert tuning_of(lake, "2") == Tuning(False, "high")
    assert tuning_of(lake, "1", "AkInsight") == Tuning(True, "low")


def test_networks_that_are_allowed_for_all_are_allowed_in_each_account(lake: MemoryBucket) -> None:
    put(lake, allowedNetworks=[{"network": "192.0.2.7", "note": "gateway"}, {"network": "10.1.2.3/8"}])
    put(lake, accountId="1", allowedNetworks=[{"network": "2001:DB8::/32"}, {"network": "10.0.0.0/8", "note": "own"}])

    assert read_settings(lake, "1").allowed == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
    assert read_settings(lake, "2").allowed == ["10.0.0.0/8", "192.0.2.7/32"]


def test_a_change_leaves_all_that_it_does_not_name(lake: MemoryBucket) -> None:
    put(lake, types={"IpInsight": {"enabled": False}, "AkInsight": {"enabled": False}})
    put(lake, types={"IpInsight": {"sensitivity": "low"}})
    put(lake, allowedNetworks=[{"network": "192.0.2.0/24", "note": "office"}])
    changed = put(lake, types={"AkInsight": None})

    assert msgspec.to_builtins(changed.types) == {"IpInsight": {"enabled": False, "sensitivity": "low"}}
    assert changed.allowed_networks == (AllowedNetwork("192.0.2.0/24", "office"),)
    assert changed.version == 4
    assert changed.updated_at == NOW
    assert changed.updated_by is not None
    assert changed.updated_by.token_id == ADMIN.token_id
    assert msgspec.to_builtins(put(lake, types={"IpInsight": {"enabled": None}}).types) == {
        "IpInsight": {"sensitivity": "low"}
    }


def test_the_version_that_is_named_has_to_stand(lake: MemoryBucket) -> None:
    put(lake, version=0, types={"IpInsight": {"sensitivity": "low"}})
    put(lake, version=1, types={"IpInsight": {"enabled": False}})

    with pytest.raises(Conflict, match="version 1: 2 stands"):
        put(lake, version=1, allowedNetworks=[{"network": "192.0.2.1"}])
    assert not tuning_of(lake, "1").enabled


def test_whoever_asks_again_changes_nothing_and_is_not_refused(lake: MemoryBucket) -> None:
    asked: dict[str, Any] = {"version": 0, "types": {"IpInsight": {"enabled": False}}}
    first = put(lake, **asked)
    before = dict(lake.objects)

    assert put(lake, **asked) == first
    assert put(lake, types={}) == first
    assert lake.objects == before


def test_no_change_is_lost_among_others(lake: MemoryBucket) -> None:
    before_call = lake.before_call

    def interfere(operation: str, key: str) -> None:
        if operation in ("create", "replace"):
            lake.before_call = before_call  # type: ignore[method-assign]
            put(lake, types={"AkInsight": {"enabled": False}})

    lake.before_call = interfere  # type: ignore[method-assign]
    put(lake, types={"IpInsight": {"enabled": False}})

    counts = read_settings(lake, "1").tunings
    assert {name for name, tuning in counts.items() if not tuning.enabled} == {"IpInsight", "AkInsight"}


def test_a_change_gives_up_where_others_change_all_the_time(
    lake: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake, "create", lambda *_: False)

    with pytest.raises(StorageUnavailable):
        put(lake, types={"IpInsight": {"enabled": False}})


@pytest.mark.parametrize("body", [b"", b"[]", b'{"types": {"IpInsight": {"sensitivity": "extreme"}}}', b"\xff", b"["])
def test_damaged_settings_are_reported_and_never_overlooked(lake: MemoryBucket, body: bytes) -> None:
    for key in (FOR_ALL, settings_key("1")):
        lake.objects.clear()
        lake.put(key, body)

        with pytest.raises(ObjectUnreadable):
            read_settings(lake, "1")
    with pytest.raises(ObjectUnreadable):
        put(lake, accountId="1", types={"IpInsight": {"enabled": False}})
    assert lake.objects[settings_key("1")][0] == body


def test_the_settings_of_an_account_never_stand_where_those_of_all_do() -> None:
    names = ["default", "1000000000000001", "a/b", "..", "ä" * 256, "", "~default", "Default"]

    keys = {settings_key(name) for name in names} | {settings_key(None)}

    assert settings_key("1000000000000001") == f"{SETTINGS}1000000000000001.json"
    assert len(keys) == len(names) + 1
    assert all(key.startswith(SETTINGS) and key.count("/") == SETTINGS.count("/") for key in keys)


changes = st.fixed_dictionaries(
    {},
    optional={
        "types": st.dictionaries(
            st.sampled_from(INSIGHT_TYPES),
            st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "enabled": st.none() | st.booleans(),
                    "sensitivity": st.none() | st.sampled_from(SENSITIVITIES),
                },
            ),
        ),
        "allowedNetworks": st.lists(
            st.sampled_from(["192.0.2.0/24", "198.51.100.7", "2001:db8::/48"]).map(lambda text: {"network": text}),
            unique_by=lambda each: each["network"],
        ),
    },
).filter(bool)


@given(st.lists(changes, max_size=5))
def test_what_is_set_last_counts(asked: list[dict[str, Any]]) -> None:
    lake = MemoryBucket()
    types: dict[str, dict[str, Any]] = {name: {} for name in INSIGHT_TYPES}
    networks: list[dict[str, str]] = []
    for change in asked:
        put(lake, **change)
        for name, own in change.get("types", {}).items():
            types[name] = {} if own is None else {**types[name], **own}
        networks = change.get("allowedNetworks", networks)

    counts = read_settings(lake, "any")
    for name, own in types.items():
        enabled = own.get("enabled")
        assert counts.tunings[name] == Tuning(enabled is None or enabled, own.get("sensitivity") or "medium")
    assert len(counts.allowed) == len(networks)
    assert read_own_settings(lake, None)[0].version <= len(asked)


def test_what_detection_looks_at_has_a_fingerprint() -> None:
    tunings = dict.fromkeys(INSIGHT_TYPES, Tuning())
    same = AccountSettings(tunings, ["192.0.2.0/24"]).fingerprint

    assert AccountSettings(dict(tunings), ["192.0.2.0/24"]).fingerprint == same
    assert AccountSettings(tunings, []).fingerprint != same
    for other in (Tuning(False), Tuning(sensitivity="low")):
        assert AccountSettings({**tunings, "AkInsight": other}, ["192.0.2.0/24"]).fingerprint != same


def test_a_note_is_nothing_that_detection_looks_at(lake: MemoryBucket) -> None:
    put(lake, allowedNetworks=[{"network": "192.0.2.0/24", "note": "office"}])
    before = read_settings(lake, "1").fingerprint

    put(lake, allowedNetworks=[{"network": "192.0.2.0/24", "note": "the office in Hangzhou"}])

    assert read_settings(lake, "1").fingerprint == before


@pytest.mark.parametrize("fields", [{}, {"accountId": "1"}, {"version": 1}])
def test_a_body_that_changes_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidBody):
        parse_change(fields)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"type": {}}, "unknown field type"),
        ({"types": []}, "types"),
        ({"types": None}, "types"),
        ({"types": {"IPInsight": {}}}, r"unknown type types\.IPInsight"),
        ({"types": {"IpInsight": True}}, r"types\.IpInsight "),
        ({"types": {"IpInsight": {"on": True}}}, r"unknown field types\.IpInsight\.on"),
        ({"types": {"IpInsight": {"enabled": "true"}}}, r"types\.IpInsight\.enabled"),
        ({"types": {"IpInsight": {"enabled": 1}}}, r"types\.IpInsight\.enabled"),
        ({"types": {"IpInsight": {"sensitivity": "High"}}}, r"types\.IpInsight\.sensitivity"),
        ({"types": {"IpInsight": {"sensitivity": ["high"]}}}, r"types\.IpInsight\.sensitivity"),
        ({"allowedNetworks": None}, "allowedNetworks"),
        ({"allowedNetworks": {}}, "allowedNetworks"),
        ({"allowedNetworks": ["192.0.2.0/24"]}, r"allowedNetworks\[0\]"),
        ({"allowedNetworks": [{"network": "192.0.2.1"}, {"note": "x"}]}, r"allowedNetworks\[1\]\.network"),
        ({"allowedNetworks": [{"network": 3232235777}]}, r"allowedNetworks\[0\]\.network"),
        ({"allowedNetworks": [{"network": "office"}]}, r"allowedNetworks\[0\]\.network"),
        ({"allowedNetworks": [{"network": "192.0.2.0/33"}]}, r"allowedNetworks\[0\]\.network"),
        ({"allowedNetworks": [{"network": "0.0.0.0/0"}]}, r"not be wider than /8"),
        ({"allowedNetworks": [{"network": "2001::/15"}]}, r"not be wider than /16"),
        ({"allowedNetworks": [{"network": "192.0.2.1", "note": None}]}, r"allowedNetworks\[0\]\.note"),
        ({"allowedNetworks": [{"network": "192.0.2.1", "note": "x" * 201}]}, r"allowedNetworks\[0\]\.note"),
        ({"allowedNetworks": [{"network": "192.0.2.1", "why": ""}]}, r"allowedNetworks\[0\]\.why"),
        ({"allowedNetworks": [{"network": "192.0.2.9/24"}, {"network": "192.0.2.0/24"}]}, "already"),
        ({"allowedNetworks": [{"network": "192.0.2.1"}, {"network": "::ffff:192.0.2.1"}]}, "already"),
        ({"allowedNetworks": [{"network": f"10.0.{n // 256}.{n % 256}"} for n in range(MAX_NETWORKS + 1)]}, "at most"),
        ({"types": {}, "accountId": ""}, "accountId"),
        ({"types": {}, "accountId": " 1"}, "accountId"),
        ({"types": {}, "accountId": 1}, "accountId"),
        ({"types": {}, "accountId": "x" * 257}, "accountId"),
        ({"types": {}, "version": "1"}, "version"),
        ({"types": {}, "version": -1}, "version"),
        ({"types": {}, "version": True}, "version"),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        parse_change(fields)
