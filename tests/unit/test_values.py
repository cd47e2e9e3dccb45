"""Single values: what counts as said, what reads and what writes, what services and addresses are called."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.events.values import (
    READ_VERBS,
    caller_class,
    first_text,
    identifier,
    present_text,
    read_or_write,
    says_something,
    service_of,
    text,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"), (" ", " "), ("null", "null"), (True, "true"), (False, "false"), (0, "0"), (1.5, "1.5"),
        (10**30, "1" + "0" * 30), ("", None), (None, None), ([], None), (["a"], None), ({}, None),
        ({"a": "b"}, None),
    ],
)  # fmt: skip
def test_scalars_become_text_and_nothing_else_does(value: Any, expected: str | None) -> None:
    assert text(value) == expected


@pytest.mark.parametrize("nothing", ["", "null", "NULL", "Null", "none", "nil", "-", None])
def test_what_producers_write_for_nothing_is_nothing(nothing: str | None) -> None:
    assert not says_something(nothing)
    assert present_text(nothing) is None
    assert identifier(nothing) is None


@pytest.mark.parametrize("success", ["success", "Success", "OK"])
def test_success_is_no_error_but_may_be_a_name(success: str) -> None:
    assert present_text(success) is None
    assert identifier(success) == success


@given(json_values)
def test_every_value_is_text_that_says_something_or_none(value: Any) -> None:
    for found in (text(value), present_text(value), identifier(value)):
        assert found is None or (isinstance(found, str) and found)
    assert present_text(value) is None or present_text(value) == identifier(value) == text(value)
    assert identifier(value) is None or says_something(value)


def test_the_first_field_that_holds_a_text_counts() -> None:
    fields = {"a": None, "b": "", "c": [], "d": 0, "e": "later"}

    assert first_text(fields, "missing", "a", "b", "c", "d", "e") == "0"
    assert first_text(fields, "a", "b") is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"eventRW": "Read"}, "Read"),
        ({"eventRW": "WRITE"}, "Write"),
        ({"eventRW": "Read", "readOnly": False}, "Read"),
        ({"readOnly": True}, "Read"),
        ({"readOnly": "false"}, "Write"),
        ({"eventRW": "Delete", "readOnly": "True"}, "Read"),
        ({"eventRW": None, "readOnly": "perhaps"}, "Write"),
        ({"eventRW": ["Read"]}, "Write"),
    ],
)
def test_a_record_says_whether_it_read_or_wrote(fields: dict[str, Any], expected: str) -> None:
    assert read_or_write(fields, "RunInstances") == expected


@pytest.mark.parametrize("verb", READ_VERBS)
def test_what_begins_with_a_reading_verb_reads(verb: str) -> None:
    assert read_or_write({}, verb) == "Read"
    assert read_or_write({}, f"{verb}Things") == "Read"
    assert read_or_write({}, f"{verb}2") == "Read"
    assert read_or_write({}, f"{verb}ener") == "Write"
    assert read_or_write({}, f"Create{verb}") == "Write"


@pytest.mark.parametrize(
    "name", ["ListenerCreate", "CheckoutCart", "Getaway", "ReadyInstance", "describeInstances", "", "日志"]
)
def test_every_other_event_is_taken_to_write(name: str) -> None:
    assert read_or_write({}, name) == "Write"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"serviceName": "Ecs", "eventSource": "ecs.aliyuncs.com"}, "Ecs"),
        ({"serviceName": "", "eventSource": "ec2.amazonaws.com"}, "ec2"),
        ({"eventSource": "ec2.amazonaws.com.cn"}, "ec2"),
        ({"eventSource": "ecs.cn-hangzhou.aliyuncs.com"}, "ecs.cn-hangzhou.aliyuncs.com"),
        ({"eventSource": "RealtimeCompute"}, "RealtimeCompute"),
        ({"eventSource": ["ec2.amazonaws.com"]}, None),
        ({}, None),
    ],
)
def test_the_name_of_a_service(fields: dict[str, Any], expected: str | None) -> None:
    assert service_of(fields) == expected


@given(st.ip_addresses())
def test_every_ip_address_is_an_address_in_its_long_form_too(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert caller_class(str(address)) == "address"
    assert caller_class(address.exploded) == "address"
    assert caller_class(address.exploded.upper()) == "address"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("999.1.1.1", "address"),
        ("1.2.3", "address"),
        ("192.0.2.1:443", "address"),
        ("fe80::1%eth0", "address"),
        ("::ffff:192.0.2.1", "address"),
        ("2001:db8::/32", "address"),
        ("Internal", "internal"),
        ("internal", "internal"),
        ("AWS Internal", "internal"),
        ("140.**.**.19", "masked"),
        ("140.x.x.19", "masked"),
        ("2001:db8:*:*", "masked"),
        ("ess.aliyuncs.com", "service"),
        ("internal.example.com", "service"),
        ("autoscaling.amazonaws.com", "service"),
        ("a" * 10_000, "service"),
        ("1" * 10_000, "service"),
        (" 192.0.2.1", "service"),
    ],
)
def test_what_a_source_address_is(address: str, expected: str) -> None:
    assert caller_class(address) == expected


@given(st.text(max_size=80) | st.text("0123456789.:*x/%abcdef", max_size=70))
def test_every_address_is_of_one_of_four_kinds(address: str) -> None:
    assert caller_class(address) in {"address", "internal", "service", "masked"}
