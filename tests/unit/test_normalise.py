"""Any record becomes an event that is the record itself but for its secrets, or is refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailkeep.events import normalise as module
from trailkeep.events.event import Event
from trailkeep.events.mask_rules import MASK, MASK_VERSION
from trailkeep.events.masking import mask
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Reason, Rejected
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules, is_region
from trailkeep.events.timestamps import format_micros, parse_micros

QUIRKS = Path(__file__).parents[2] / "events" / "landing" / "quirks.ndjson"
NOW = parse_micros("2026-03-09T00:00:00Z")
ARRIVAL = Arrival("objects", NOW, RegionRules(home="cn-shanghai", for_global_events="global"))
TIME = "2026-03-03T03:01:00Z"
DAY = 86_400_000_000


def outcome(text: bytes, arrival: Arrival = ARRIVAL) -> Event | Rejected:
    found = normalise(Record(7, text), arrival)
    return found if isinstance(found, Rejected) else found[0]


def event_of(record: dict[str, Any], arrival: Arrival = ARRIVAL) -> Event:
    found = outcome(json.dumps({"eventName": "RunInstances", "eventTime": TIME, **record}).encode(), arrival)
    assert isinstance(found, Event), found
    return found


def reason_of(record: dict[str, Any] | bytes) -> Reason:
    found = outcome(record if isinstance(record, bytes) else json.dumps(record).encode())
    assert isinstance(found, Rejected), found
    assert found.index == 7
    return found.reason


# --- any record at all

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    [
        "null", "", "true", TIME, "2026-03-09T23:59:59+00:01", "9999-12-31T23:59:59Z", "../../x", "password",
        '{"token":"x1"}', "https://u:p@h/", "assumed-role", "AssumedRole", "Root", "a,b;c", "name", "Cookie",
        "ecs.cn-hangzhou.aliyuncs.com",
    ]
)  # fmt: skip
names = texts | st.sampled_from(
    [
        "type", "userName", "accessKeyId", "arn", "sessionContext", "sessionIssuer", "name", "value", "secret",
        "insightType", "insightObject", "state", "eventName", "eventTime", "token=a1", "loginAccount",
        "principalId",
    ]
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=5
)
FIELDS = (
    "eventId", "eventID", "eventName", "eventTime", "eventSource", "eventType", "eventCategory", "eventRW",
    "readOnly", "isGlobal", "acsRegion", "awsRegion", "region", "serviceName", "sourceIpAddress", "sourceIPAddress",
    "userAgent", "userIdentity", "errorCode", "errorMessage", "requestId", "requestID", "resourceType",
    "resourceName", "referencedResources", "resources", "insightDetails", "sharedEventId", "recipientAccountId",
    "additionalEventData", "event", "detail", "requestParameters",
)  # fmt: skip
records = st.dictionaries(st.sampled_from(FIELDS) | names, values, max_size=8)
likely_records = st.builds(
    lambda record, name, time: {**record, "eventName": name, "eventTime": time},
    records,
    st.sampled_from(["RunInstances", "ListUsers"]),
    st.sampled_from([TIME, "2016-12-31T23:59:60Z", "2026-03-03T03:01:00.5+08:00"]),
)
indents = st.sampled_from([None, 0, 3])
TEXTS = [field for field, kind in Event.__annotations__.items() if kind == "str | None"]


@given(records | likely_records, indents, st.booleans())
@example({"eventTime": TIME, "eventName": {"a": 1}}, None, True)
@example({"event": {"eventTime": TIME}, "detail": {"eventTime": TIME}}, None, True)
def test_any_json_object_is_an_event_or_refused(record: dict[str, Any], indent: int | None, escape: bool) -> None:
    found = outcome(json.dumps(record, indent=indent, ensure_ascii=escape).encode())

    if isinstance(found, Event):
        assert is_region(found.region)
        assert 0 <= found.event_time <= NOW + DAY
        assert found.event_rw in ("Read", "Write")
        assert (found.channel, found.mask_version, len(found.uid)) == ("objects", MASK_VERSION, 16)
        assert found.event_name
        assert len(found.resource_types) == len(found.resource_names)
        assert all(getattr(found, field) is None or isinstance(getattr(found, field), str) for field in TEXTS)
        assert (found.caller_class is None) == (found.source_ip_address is None)
    else:
        assert found.index == 7
        assert found.detail


@given(st.binary(max_size=60))
def test_bytes_that_are_no_record_are_refused(text: bytes) -> None:
    assert isinstance(outcome(text), Rejected)


@given(likely_records, indents, st.booleans())
def test_the_event_is_the_record_but_for_its_secrets(record: dict[str, Any], indent: int | None, escape: bool) -> None:
    text = json.dumps(record, indent=indent, ensure_ascii=escape).encode()

    found = normalise(Record(0, text), ARRIVAL)

    if isinstance(found, Rejected):
        assert found.reason is Reason.MASKING_FAILED, "two keys became one without their secrets"
        return
    event, count = found
    assert event.event == mask(text).text.decode()
    assert count == mask(text).count
    assert count or event.event.encode() == text


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(inner) for key, inner in reversed(value.items())}
    return [reordered(inner) for inner in value] if isinstance(value, list) else value


@given(likely_records, indents)
def test_an_event_is_the_same_whatever_the_order_of_its_keys_and_its_blanks(
    record: dict[str, Any], indent: int | None
) -> None:
    one = outcome(json.dumps(record).encode())
    other = outcome(json.dumps(reordered(record), indent=indent, ensure_ascii=False).encode())

    if isinstance(one, Event) and isinstance(other, Event):
        assert one.uid == other.uid
    else:
        assert isinstance(one, Rejected)
        assert isinstance(other, Rejected)


def test_an_identity_does_not_depend_on_what_is_masked() -> None:
    text = json.dumps({"eventName": "A", "eventTime": TIME, "note": "x", "password": "one"}).encode()
    with patch.object(module, "mask", lambda text: mask(text.replace(b"note", b"token"))):
        under_other_rules = outcome(text)
    under_these = outcome(text)

    assert isinstance(under_other_rules, Event)
    assert isinstance(under_these, Event)
    assert under_other_rules.event != under_these.event
    assert under_other_rules.uid == under_these.uid
    assert event_of({"password": "one"}).uid != event_of({"password": "two"}).uid


def test_an_id_and_a_time_are_the_identity_of_an_event() -> None:
    assert event_of({"eventId": "a"}).uid == event_of({"eventID": "a", "eventTime": "2026-03-03T04:01:00+01:00"}).uid
    assert event_of({"eventId": "a"}).uid != event_of({"eventId": "b"}).uid
    assert event_of({"eventId": "a"}).uid != event_of({"eventId": "a", "eventTime": "2026-03-03T03:01:01Z"}).uid
    assert event_of({"eventId": "a"}).uid != event_of({"eventId": "a"}, Arrival("api/1", NOW, ARRIVAL.regions)).uid
    assert event_of({"eventId": "null", "a": 1}).uid != event_of({"eventId": "null", "a": 2}).uid


def test_no_column_holds_a_secret() -> None:
    event = event_of(
        {
            "eventSource": "https://user:mask-me@h.example",
            "userAgent": "curl --password mask-me",
            "errorMessage": "token=mask-me is wrong",
            "resourceName": "https://user:mask-me@h.example",
            "userIdentity": {"userName": "Bearer mask-me-0123456789"},
            "requestId": "password: mask-me",
        }
    )

    assert "mask-me" not in repr(event)
    assert event.error_message == f"token={MASK} is wrong"


# --- times


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (None, Reason.MISSING_EVENT_TIME),
        ("", Reason.MISSING_EVENT_TIME),
        ("yesterday", Reason.INVALID_EVENT_TIME),
        ("2026-03-03", Reason.INVALID_EVENT_TIME),
        ("2026-03-03T03:01:00", Reason.INVALID_EVENT_TIME),
        (1_772_507_000, Reason.INVALID_EVENT_TIME),
        (True, Reason.INVALID_EVENT_TIME),
        ([TIME], Reason.INVALID_EVENT_TIME),
        ({"a": TIME}, Reason.INVALID_EVENT_TIME),
        ("9999-12-31T23:59:59Z", Reason.EVENT_TIME_OUT_OF_RANGE),
        ("9999-12-31T23:59:59-23:59", Reason.EVENT_TIME_OUT_OF_RANGE),
        ("1969-12-31T23:59:59.999999Z", Reason.EVENT_TIME_OUT_OF_RANGE),
        ("1970-01-01T00:59:59+01:00", Reason.EVENT_TIME_OUT_OF_RANGE),
        ("0001-01-01T00:00:00+23:59", Reason.EVENT_TIME_OUT_OF_RANGE),
        ("2026-03-10T00:00:00.000001Z", Reason.EVENT_TIME_OUT_OF_RANGE),
    ],
)
def test_a_time_that_no_event_can_have_is_refused(time: Any, reason: Reason) -> None:
    assert reason_of({"eventName": "A", "eventTime": time}) is reason


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2014-03-06T21:22:54Z", "2026-03-10T00:00:00Z"])
def test_times_from_1970_until_a_day_ahead_are_kept(time: str) -> None:
    assert format_micros(event_of({"eventTime": time}).event_time) == time


def test_a_record_without_a_time_is_refused() -> None:
    assert reason_of({"eventName": "A"}) is Reason.MISSING_EVENT_TIME


@pytest.mark.parametrize("name", [None, "", [], ["A"], {"a": "b"}])
def test_a_record_without_a_name_is_refused(name: Any) -> None:
    assert reason_of({"eventName": name, "eventTime": TIME}) is Reason.MISSING_EVENT_NAME
    assert reason_of({"eventTime": TIME}) is Reason.MISSING_EVENT_NAME


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", Reason.INVALID_JSON),
        (b"[]", Reason.NOT_AN_OBJECT),
        (b'{"eventName":"A","eventName":"B"}', Reason.DUPLICATE_KEY),
        (b'{"a":"\xff"}', Reason.NOT_UTF8),
        (b'{"a":1e999}', Reason.NUMBER_OUT_OF_RANGE),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Reason.TOO_DEEP),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_read_is_refused(text: bytes, reason: Reason) -> None:
    assert reason_of(text) is reason


def test_what_cannot_be_masked_is_refused_without_quoting_it() -> None:
    text = f'{{"eventName":"A","eventTime":"{TIME}","token=mask-me-1":1,"token=mask-me-2":2}}'.encode()

    found = outcome(text)

    assert isinstance(found, Rejected)
    assert found.reason is Reason.MASKING_FAILED
    assert "mask-me" not in found.detail


# --- envelopes


@pytest.mark.parametrize("name", ["event", "detail"])
@pytest.mark.parametrize("before", ['"time": 1, ', '"x": {"event": 1, "detail": 2}, ', ""])
def test_an_envelope_is_opened_and_its_record_kept_byte_for_byte(name: str, before: str) -> None:
    inner = f'{{"eventName" : "A",\n "eventTime":"{TIME}", "n": 1.00, "s": "}}\\u0041" }}'

    found = outcome(f'{{{before}"{name}" : {inner} , "after": []}}'.encode())

    assert isinstance(found, Event)
    assert found.event == inner
    assert found == outcome(inner.encode()), "with or without its envelope, it is the same event"


def test_secrets_of_an_enveloped_record_are_masked() -> None:
    found = outcome(f'{{"detail":{{"eventName":"A","eventTime":"{TIME}","password":"mask-me"}}}}'.encode())

    assert isinstance(found, Event)
    assert json.loads(found.event)["password"] == MASK


def test_a_record_is_no_envelope_because_of_a_field_of_that_name() -> None:
    event = event_of({"detail": {"eventName": "Other", "eventTime": TIME}})

    assert event.event_name == "RunInstances"


@pytest.mark.parametrize("inner", [None, 1, "text", [], {}, {"eventName": "A"}, [{"eventTime": TIME}]])
def test_what_holds_no_record_is_no_envelope(inner: Any) -> None:
    assert reason_of({"event": inner, "detail": inner}) is Reason.MISSING_EVENT_TIME


# --- what real trails write

_quirks = {
    str(record.get("eventId", record.get("eventID"))).removeprefix("quirk."): line
    for line in QUIRKS.read_bytes().splitlines()
    for record in [json.loads(line)]
}


def quirk(name: str) -> Event:
    found = outcome(_quirks[name])
    assert isinstance(found, Event), found
    return found


READINGS: dict[str, Callable[[Event], bool]] = {
    "version-number": lambda e: '"eventVersion":1,' in e.event,
    "version-text": lambda e: '"eventVersion":"1"' in e.event,
    "mfa-text": lambda e: '"mfaAuthenticated":"true"' in e.event,
    "mfa-boolean": lambda e: '"mfaAuthenticated":false' in e.event,
    "sign-in": lambda e: (
        (e.event_rw, e.event_category, e.error_message, e.user_name) == ("Write", "Management", None, "alice")
    ),
    "sign-in-failed": lambda e: (e.error_code, e.error_message) == (None, "The password is incorrect."),
    "access-key-null-text": lambda e: e.access_key_id is None and '"accessKeyId":"null"' in e.event,
    "access-key-null-capitals": lambda e: e.access_key_id is None,
    "error-empty": lambda e: (e.error_code, e.error_message) == (None, None),
    "error-null-text": lambda e: (e.error_code, e.error_message) == (None, None),
    "error-null": lambda e: (e.error_code, e.error_message) == (None, None),
    "error-real": lambda e: e.error_code == "NoPermission" and "not authorized" in str(e.error_message),
    "address-internal": lambda e: (e.source_ip_address, e.caller_class) == ("Internal", "internal"),
    "address-service-host": lambda e: (
        (e.source_ip_address, e.caller_class, e.role_name) == ("ess.aliyuncs.com", "service", "aliyunessdefaultrole")
    ),
    "address-masked": lambda e: (e.source_ip_address, e.caller_class) == ("140.**.**.19", "masked"),
    "address-ipv6": lambda e: (
        (e.source_ip_address, e.caller_class) == ("2001:0DB8:0010:0000:0000:0000:0000:0001", "address")
    ),
    "no-event-rw": lambda e: e.event_rw == "Read",
    "no-region": lambda e: e.region == "cn-beijing",
    "no-region-no-host": lambda e: e.region == "cn-shanghai",
    "no-category": lambda e: e.event_category == "Management",
    "resources-one-type": lambda e: (
        (e.resource_types, e.resource_names) == (["ACS::ECS::Instance"] * 2, ["i-bp1example0001", "i-bp1example0002"])
    ),
    "resources-many-types": lambda e: (
        e.resource_types == ["ACS::ECS::Instance"] * 2 + ["ACS::ECS::SecurityGroup"]
        and e.resource_names[2] == "sg-bp1example0001"
    ),
    "referenced-resources": lambda e: (
        e.resource_types == ["ACS::ECS::Instance"] + ["ACS::ECS::Image"] * 2 and e.resource_names[2] == "launch-image"
    ),
    "request-parameter-json": lambda e: '\\"DeletionProtection\\": false' in e.event,
    "key-leading-blank": lambda e: '{" charset":"UTF-8","OnexFlag":true,"MaxAmount":1}' in e.event,
    "global-text": lambda e: e.region == "global",
    "sub-second": lambda e: format_micros(e.event_time) == "2026-03-03T03:27:00.123456Z",
    "product-as-source": lambda e: e.event_source == e.service_name == "RealtimeCompute",
    "service-name-capitals": lambda e: e.service_name == "RDS",
    "event-type-job": lambda e: e.event_type == "JobEvent",
    "sso-user": lambda e: (e.user_type, e.user_name) == ("cloudsso-user", "grace"),
    "role-session": lambda e: (
        (e.role_name, e.user_name, e.access_key_id)
        == ("deploy-pipeline", "deploy-pipeline:u1", "STS.NUExampleSession00000002")
    ),
    "new-fields": lambda e: e.account_id == "1700000000000011" and "TLS_AES_256_GCM_SHA384" in e.event,
    "short-event-id.66f1c0ffee0123456789abcd": lambda e: str(e.event_id).endswith(".66f1c0ffee0123456789abcd"),
    "insight": lambda e: (
        (e.event_name, e.insight_type, e.insight_object, e.insight_state, e.event_category, e.shared_event_id)
        == ("IpInsight", "IpInsight", "198.51.100.66", "Start", "Insight", "3a1f0000-0000-4000-8000-000000000040")
    ),
    "insight-old-shape": lambda e: (
        (e.event_category, e.insight_object, e.insight_state, e.account_id)
        == ("Insight", "198.51.100.66", "End", "1700000000000011")
    ),
    "None": lambda e: (
        (e.event_id, e.region, e.service_name, e.user_name, e.access_key_id, e.source_ip_address)
        == (None, "us-east-1", "ec2", "mallory", "AKIAEXAMPLEMALLORY11", "192.0.2.140")
    ),
    "secret-access-key": lambda e: '"AccessKeyId":"LTAI5tQuirkExample000001","AccessKeySecret":"***"' in e.event,
    "secret-credentials": lambda e: (
        '"accessKeyId":"ASIAEXAMPLEREPORT002","secretAccessKey":"***","sessionToken":"***","expiration":' in e.event
    ),
    "secret-database-password": lambda e: '"masterUserPassword":"***"' in e.event,
    "secret-authorization-header": lambda e: '{"name":"Authorization","value":"***"}' in e.event,
    "secret-in-json-text": lambda e: '\\"orders\\", \\"password\\": \\"***\\"}, \\"timeout\\": 30}' in e.event,
    "secret-presigned-url": lambda e: "AKIAEXAMPLEIVAN00009%2F" in e.event and "X-Amz-Signature=***" in e.event,
    "secret-presigned-url-oss": lambda e: (
        "?OSSAccessKeyId=LTAI5tQuirkExample000001&Expires=1772510000&Signature=***" in e.event
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_quirks_of_real_trails_are_understood(name: str) -> None:
    assert READINGS[name](quirk(name)), quirk(name)


def test_no_quirk_is_left_out() -> None:
    assert READINGS.keys() == _quirks.keys()


@pytest.mark.parametrize("name", _quirks)
def test_a_quirk_keeps_every_byte_but_its_secrets(name: str) -> None:
    found = quirk(name).event

    assert (found.encode() == _quirks[name]) == (not name.startswith("secret-"))
    assert "mask-me" not in found
    assert "5ec2e7" not in found
    assert json.loads(found).keys() == json.loads(_quirks[name]).keys()


def test_both_clouds_fill_the_same_columns() -> None:
    actiontrail = event_of(
        {"eventId": "e", "eventRW": "Read", "acsRegion": "r-1", "serviceName": "ec2",
        "sourceIpAddress": "192.0.2.1",
         "requestId": "q", "sharedEventId": "s", "userIdentity": {"accountId": "1", "userName": "u"}}
    )  # fmt: skip
    cloudtrail = event_of(
        {"eventID": "e", "readOnly": True, "awsRegion": "r-1", "serviceName": "ec2", "sourceIPAddress": "192.0.2.1",
         "requestID": "q", "sharedEventID": "s", "userIdentity": {"accountId": "1", "userName": "u"}}
    )  # fmt: skip

    actiontrail.event = cloudtrail.event = ""
    assert actiontrail == cloudtrail
