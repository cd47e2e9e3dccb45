"""Sensitive operations: a list that is well-formed, and a filter by it that is what it is in plain Python."""

from __future__ import annotations

import gzip
import json
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailkeep.errors import InvalidParameter
from trailkeep.lookup.filters import FILTERS, make_filter
from trailkeep.lookup.sensitive import COLUMNS, EVENT_NAMES, LIST, is_sensitive, read_groups
from trailkeep.schema import EVENTS

Row = dict[str, str | None]
SAMPLES = os.environ.get("TRAILKEEP_SAMPLES", "")

GROUPS: list[dict[str, Any]] = json.loads(LIST.read_bytes())
OPERATIONS = [
    (service, name, tuple(group.get("users", ())))
    for group in GROUPS
    for service, names in group["operations"].items()
    for name in names
]


def table_of(rows: list[Row], cuts: list[int] | None = None) -> pa.Table:
    """The columns that tell, in chunks that are slices of a larger table."""
    table = pa.Table.from_pylist([{"event": "{}", **row} for row in rows], schema=EVENTS).select(COLUMNS)
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts or []), len(rows)]
    return pa.concat_tables([table.slice(start, end - start) for start, end in pairwise(bounds)])


def row(service: str | None, name: str | None, source: str | None = None, user: str | None = "alice") -> Row:
    return {"service_name": service, "event_name": name, "event_source": source, "user_name": user}


def found(*rows: Row) -> list[bool]:
    answer: list[bool] = is_sensitive(table_of(list(rows))).to_pylist()
    return answer


# The list


def test_no_operation_stands_twice() -> None:
    pairs = [(service, name) for service, name, _ in OPERATIONS]

    assert sorted({pair for pair in pairs if pairs.count(pair) > 1}) == []


def test_names_are_names() -> None:
    for service, name, users in OPERATIONS:
        host = r"[a-z0-9]+(-[a-z0-9]+)*\.amazonaws\.com"
        assert re.fullmatch(rf"[A-Za-z][A-Za-z0-9-]*|{host}", service), service
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", name), name
        assert all(user.strip() == user and user.isprintable() for user in users)


def test_it_reads_well() -> None:
    """Each group says why, and a new operation has one place to stand: the order is that of letters."""
    for group in GROUPS:
        assert re.fullmatch(r"[A-Z][^.]{20,120}", group["why"])
        assert group["operations"]
        for names in [group["operations"].keys(), *group["operations"].values()]:
            assert names
            assert list(names) == sorted(names)


def test_it_is_of_both_clouds() -> None:
    services = {service for service, _, _ in OPERATIONS}
    of_aws = {service for service in services if service.endswith(".amazonaws.com")}

    assert {
        "Actiontrail",
        "Ram",
        "Ims",
        "Kms",
        "Ecs",
        "Oss",
        "Rds",
        "Vpc",
        "AasCustomer",
        "ResourceManager",
    } <= services
    assert {f"{name}.amazonaws.com" for name in ("cloudtrail", "iam", "kms", "ec2", "s3", "rds", "signin")} <= of_aws


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"[{}]",
        b'[{"why": "x"}]',
        b'[{"operations": {}}]',
        b'[{"why": "x", "operations": ["DeleteTrail"]}]',
        b'[{"why": "x", "operations": {"Ram": "CreateUser"}}]',
        b'[{"why": "x", "operations": {"Ram": [1]}}]',
        b'[{"why": "x", "operations": {}, "user": ["root"]}]',
    ],
)
def test_what_is_no_list_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_groups(text)


# What is sensitive


def test_every_operation_of_the_list_is_found_under_every_name_of_its_service() -> None:
    for service, name, users in OPERATIONS:
        user = users[0] if users else None
        called = [service, service.removesuffix(".amazonaws.com")]
        rows = [row(each, name, user=user) for each in called] + [row(None, name, each, user) for each in called]
        assert found(*rows) == [True] * 4, (service, name)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (row("Actiontrail", "StopLogging"), True),
        (row("Actiontrail", "stoplogging"), False),
        (row("actiontrail", "StopLogging"), False),
        (row("Actiontrail", "StopLogging "), False),
        (row("Actiontrail", "DescribeTrails"), False),
        (row("Ecs", "StopLogging"), False),
        (row("cloudtrail", "StopLogging", "cloudtrail.amazonaws.com"), True),
        (row("cloudtrail", "StopLogging", "cloudtrail.amazonaws.com.cn"), True),
        (row("cloudtrail.amazonaws.com", "StopLogging"), True),
        (row("audit", "StopLogging", "cloudtrail.amazonaws.com"), True),
        (row("Rds", "DeleteDBInstance"), True),
        (row("RDS", "DeleteDBInstance"), True),
        (row("rds", "DeleteDBInstance", "rds.amazonaws.com"), True),
        (row("AasCustomer", "ConsoleSignin", user="root"), True),
        (row("AasSub", "ConsoleSignin", user="alice"), False),
        (row("signin", "ConsoleLogin", "signin.amazonaws.com", "root"), True),
        (row("signin", "ConsoleLogin", "signin.amazonaws.com", "alice"), False),
        (row("signin", "ConsoleLogin", "signin.amazonaws.com", "Root"), False),
        (row("signin", "ConsoleLogin", "signin.amazonaws.com", None), False),
        (row(None, None, None, None), False),
        (row(None, "StopLogging", None, None), False),
        (row("Actiontrail", None), False),
        (row("", ""), False),
        (row("Actiontrail\nStopLogging", ""), False),
        (row("Actiontrail", "StopLogging\n"), False),
        (row("Acti", "ontrail\nStopLogging"), False),
        (row("signin", "ConsoleLogin\nroot", None, None), False),
    ],
    ids=str,
)
def test_service_and_name_have_to_be_those_of_the_list(operation: Row, expected: bool) -> None:
    assert found(operation) == [expected]


def is_listed(each: Row) -> bool:
    """The same in plain Python."""
    called = (each["service_name"], each["event_source"])
    services = {*called, *(f"{name}.amazonaws.com" for name in called)}
    return any(
        service in services and name == each["event_name"] and (not users or each["user_name"] in users)
        for service, name, users in OPERATIONS
    )


texts = st.none() | st.sampled_from(["", "root", "x", "s3", "Oss"])
services = st.sampled_from(sorted({service for service, _, _ in OPERATIONS}))
called = texts | services | services.map(lambda service: service.partition(".")[0]) | services.map(str.lower)
rows_of_operations = st.fixed_dictionaries(
    {
        "service_name": called,
        "event_source": called,
        "event_name": texts | st.sampled_from(EVENT_NAMES) | st.sampled_from(EVENT_NAMES).map(str.upper),
        "user_name": texts,
    }
)
likely = st.sampled_from(OPERATIONS).flatmap(
    lambda operation: st.builds(row, st.just(operation[0]), st.just(operation[1]), texts, texts)
)


@given(
    rows=st.lists(likely | rows_of_operations, max_size=12),
    name=st.sampled_from(["sensitive", "sensitive!"]),
    values=st.sampled_from([["true"], ["false"], ["true", "false"], ["false", "true", "true"]]),
    cuts=st.lists(st.integers(0, 12), max_size=3),
)
@example([row("Oss", "DeleteBucket"), row(None, None)], "sensitive!", ["true"], [1])
def test_the_filter_is_what_it_is_in_plain_python(
    rows: list[Row], name: str, values: list[str], cuts: list[int]
) -> None:
    condition = make_filter(name, tuple(values), FILTERS)
    expected = [(("true" if is_listed(each) else "false") in values) != name.endswith("!") for each in rows]

    assert condition.holds(table_of(rows, cuts)).to_pylist() == expected
    assert set(condition.columns) == set(COLUMNS)


@given(rows=st.lists(likely | rows_of_operations, max_size=12), values=st.sampled_from([["true"], ["false"]]))
def test_what_is_looked_up_leaves_out_no_row(rows: list[Row], values: list[str]) -> None:
    for name in ("sensitive", "sensitive!"):
        condition = make_filter(name, tuple(values), FILTERS)
        let_through = condition.holds(table_of(rows)).to_pylist()
        if condition.keys is not None:
            assert not condition.is_broad
            names = {value for _, value in condition.keys.pairs}
            assert all(each["event_name"] in names for each, keeps in zip(rows, let_through, strict=True) if keeps)


def test_the_opposite_of_true_is_false() -> None:
    rows = [row("Oss", "DeleteBucket"), row("Oss", "ListBuckets"), row(None, None)]

    def kept(name: str, value: str) -> list[bool]:
        answer: list[bool] = make_filter(name, (value,), FILTERS).holds(table_of(rows)).to_pylist()
        return answer

    assert kept("sensitive", "true") == kept("sensitive!", "false") == [True, False, False]
    assert kept("sensitive", "false") == kept("sensitive!", "true") == [False, True, True]


@pytest.mark.parametrize("value", ["True", "TRUE", "1", "yes", "*", "true ", " ", "null", "truefalse", "\u2003true"])
def test_true_and_false_and_nothing_else(value: str) -> None:
    for name in ("sensitive", "sensitive!"):
        with pytest.raises(InvalidParameter, match=f"^{name} must be true or false"):
            make_filter(name, ("true", value), FILTERS)


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES, reason="TRAILKEEP_SAMPLES does not name a folder with real sample events")
def test_real_attacks_that_change_something_are_seen() -> None:
    """Of each technique some call is on the list, unless it only reads, or does what everybody does all day."""
    log = gzip.decompress((Path(SAMPLES) / "cloudtrail/stratus_detonation_logs_310.jsonl.gz").read_bytes())
    techniques: dict[str, list[bool]] = {}
    for line in map(json.loads, log.splitlines()):
        event = line["event"]
        called = row(event["eventSource"].partition(".")[0], event["eventName"], event["eventSource"])
        techniques.setdefault(line["technique"].removeprefix("aws."), []).extend(found(called))

    assert {name for name, calls in techniques.items() if not any(calls)} == {
        "credential-access.secretsmanager-batch-retrieve-secrets",
        "credential-access.secretsmanager-retrieve-secrets",
        "credential-access.ssm-retrieve-securestring-parameters",
        "discovery.ec2-download-user-data",
        "execution.ec2-launch-unusual-instances",
        "impact.bedrock-invoke-model",
        "initial-access.console-login-without-mfa",
    }
