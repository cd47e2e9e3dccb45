"""The sample events are whole and say what events/README.md says; the generated history keeps its promises."""

from __future__ import annotations

import base64
import gzip
import hashlib
import ipaddress
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from tests.local.history import PLANTED_ACCESS_KEY, PLANTED_ADDRESS, PLANTED_USER, LandingObject, landing_objects

EVENTS = Path(__file__).parents[2] / "events"
LANDING = EVENTS / "landing"
SECRETS = ("mask-me", "5ec2e75ec2e7")
Event = dict[str, Any]


def decode(name: str, body: bytes) -> list[Event]:
    """The events of a log object, by the form that its name promises."""
    text = gzip.decompress(body) if name.endswith(".gz") else body
    if name.endswith(".ndjson"):
        return [json.loads(line) for line in text.splitlines()]
    document = json.loads(text)
    events: list[Event] = document["Records"] if "CloudTrail" in name else document
    return events


def landing(name: str) -> list[Event]:
    (path,) = LANDING.rglob(name)
    return decode(path.name, path.read_bytes())


def network(address: str) -> str:
    """The /24 or /48 of an address; what is no address stands for itself."""
    try:
        prefix = 48 if ipaddress.ip_address(address).version == 6 else 24
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


def address_of(event: Event) -> str | None:
    return event.get("sourceIpAddress", event.get("sourceIPAddress"))


# --- log objects


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("realtimecompute_delete_deployment.json", 1),
        ("mpaas_create_app.json", 1),
        ("Actiontrail_cn-hangzhou_*.gz", 6),
        ("Actiontrail_cn-beijing_*.json", 3),
        ("*_CloudTrail_us-east-1_*.json.gz", 5),
        ("part-00000.ndjson", 4),
        ("quirks.ndjson", 44),
    ],
)
def test_log_object_decodes(name: str, count: int) -> None:
    assert len(landing(name)) == count


@pytest.mark.parametrize(
    ("name", "fields", "digest"),
    [
        (
            "realtimecompute_delete_deployment.json",
            {
                "eventId": "48deee2f-a38b-440b-aae4-168640afd6b8",
                "eventName": "DeleteDeployment",
                "requestId": "202306021408-LFMZBC059T",
                "sourceIpAddress": "140.**.**.19",
                "eventTime": "2023-06-02T06:08:21Z",
            },
            "2ab585c76a27130724374253812ccc041fc5ec310369a3ad4a0ff4d8684b9bab",
        ),
        (
            "mpaas_create_app.json",
            {
                "eventId": "108DF5F5-291D-4B4A-85B0-2D887B83CEF7",
                "eventName": "CreateMpaasApp",
                "serviceName": "MobilePaaS",
                "sourceIpAddress": "Internal",
                "eventTime": "2020-12-17T06:55:12Z",
            },
            "d18f1ee9a67d1df1acfa47cba000f4df69fee49ab0dfa5d3f8c62af7f7333df6",
        ),
    ],
)
def test_printed_events_are_unchanged(name: str, fields: Event, digest: str) -> None:
    (event,) = landing(name)
    assert {field: event[field] for field in fields} == fields
    canonical = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    assert hashlib.sha256(canonical).hexdigest() == digest, "the order of keys counts too"


def test_delivered_names_tell_count_size_and_digest() -> None:
    for path in LANDING.rglob("Actiontrail_*"):
        body = path.read_bytes()
        text = gzip.decompress(body) if path.suffix == ".gz" else body
        count, size, digest = path.stem.split("_")[-3:]
        assert (int(count), int(size)) == (len(json.loads(text)), len(text))
        assert digest == hashlib.md5(text, usedforsecurity=False).hexdigest()


def test_compressed_samples_carry_neither_time_nor_name() -> None:
    for path in LANDING.rglob("*.gz"):
        header = path.read_bytes()[:10]
        assert header[3:8] == bytes(5), path.name


def test_addresses_are_for_documentation() -> None:
    networks = {"192.0.2.0/24", "198.51.100.0/24", "2001:db8:10::/48", "2001:db8:20::/48"}
    words = {"Internal", "140.**.**.19", "ess.aliyuncs.com", "autoscaling.amazonaws.com"}
    for path in (path for path in LANDING.rglob("*") if path.is_file()):
        for event in decode(path.name, path.read_bytes()):
            if (address := address_of(event)) is not None:
                assert network(address) in networks | words, "the planted network belongs to the history alone"


# --- quirks


def quirks() -> dict[str, Event]:
    events = landing("quirks.ndjson")
    return {str(event.get("eventId", event.get("eventID"))).removeprefix("quirk."): event for event in events}


def attributes(event: Event) -> Event:
    found: Event = event["userIdentity"]["sessionContext"]["attributes"]
    return found


QUIRKS: dict[str, Callable[[Event], bool]] = {
    "version-number": lambda e: e["eventVersion"] == 1,
    "version-text": lambda e: e["eventVersion"] == "1",
    "mfa-text": lambda e: attributes(e)["mfaAuthenticated"] == "true",
    "mfa-boolean": lambda e: attributes(e)["mfaAuthenticated"] is False,
    "sign-in": lambda e: (
        e["errorMessage"] == "success"
        and e["additionalEventData"]["mfaChecked"] == "false"
        and not {"eventRW", "eventCategory", "isGlobal"} & e.keys()
    ),
    "sign-in-failed": lambda e: "errorCode" not in e and e["errorMessage"] != "success",
    "access-key-null-text": lambda e: e["userIdentity"]["accessKeyId"] == "null",
    "access-key-null-capitals": lambda e: e["userIdentity"]["accessKeyId"] == "NULL",
    "error-empty": lambda e: e["errorCode"] == e["errorMessage"] == "",
    "error-null-text": lambda e: e["errorCode"] == e["errorMessage"] == "null",
    "error-null": lambda e: e["errorCode"] is None,
    "error-real": lambda e: e["errorCode"] == "NoPermission",
    "address-internal": lambda e: e["sourceIpAddress"] == "Internal",
    "address-service-host": lambda e: e["sourceIpAddress"] == "ess.aliyuncs.com",
    "address-masked": lambda e: e["sourceIpAddress"] == "140.**.**.19",
    "address-ipv6": lambda e: e["sourceIpAddress"] != str(ipaddress.ip_address(e["sourceIpAddress"])),
    "no-event-rw": lambda e: "eventRW" not in e,
    "no-region": lambda e: "acsRegion" not in e and "cn-beijing" in e["eventSource"],
    "no-region-no-host": lambda e: "acsRegion" not in e and "." not in e["eventSource"],
    "no-category": lambda e: "eventCategory" not in e,
    "resources-one-type": lambda e: "," in e["resourceName"] and ";" not in e["resourceType"],
    "resources-many-types": lambda e: e["resourceName"].count(";") == e["resourceType"].count(";") == 1,
    "referenced-resources": lambda e: len(e["referencedResources"]["ACS::ECS::Image"]) == 2,
    "request-parameter-json": lambda e: json.loads(e["requestParameterJson"]) == e["requestParameters"],
    "key-leading-blank": lambda e: e["requestParameters"][" charset"] == "UTF-8",
    "global-text": lambda e: e["isGlobal"] == "true",
    "sub-second": lambda e: e["eventTime"].endswith(".123456Z"),
    "product-as-source": lambda e: e["eventSource"] == e["serviceName"] == "RealtimeCompute",
    "service-name-capitals": lambda e: e["serviceName"] == "RDS",
    "event-type-job": lambda e: e["eventType"] == "JobEvent",
    "sso-user": lambda e: e["userIdentity"]["type"] == "cloudsso-user",
    "role-session": lambda e: e["userIdentity"]["userName"].count(":") == 1,
    "new-fields": lambda e: {"eventAttributes", "recipientAccountId", "vpcId", "tlsDetails"} <= e.keys(),
    "short-event-id.66f1c0ffee0123456789abcd": lambda e: "-" not in e["eventId"].rpartition(".")[2],
    "insight": lambda e: "eventName" not in e and e["insightDetails"]["insightObject"] == "198.51.100.66",
    "insight-old-shape": lambda e: "insightObject" not in e["insightDetails"],
    "None": lambda e: e["eventVersion"] == "1.0" and e["eventTime"].startswith("2014"),
    "secret-access-key": lambda e: "AccessKeySecret" in e["responseElements"]["AccessKey"],
    "secret-credentials": lambda e: {"secretAccessKey", "sessionToken"} <= e["responseElements"]["credentials"].keys(),
    "secret-database-password": lambda e: "masterUserPassword" in e["requestParameters"],
    "secret-authorization-header": lambda e: e["requestParameters"]["headers"][1]["name"] == "Authorization",
    "secret-in-json-text": lambda e: "password" in json.loads(e["requestParameters"]["Content"])["database"],
    "secret-presigned-url": lambda e: "X-Amz-Signature=" in e["requestParameters"]["source"],
    "secret-presigned-url-oss": lambda e: "&Signature=" in e["requestParameters"]["Source"],
}


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk_is_there(name: str) -> None:
    assert QUIRKS[name](quirks()[name])


def test_quirks_are_exactly_the_described_ones() -> None:
    assert quirks().keys() == QUIRKS.keys()
    described = (EVENTS / "README.md").read_text()
    for name in quirks().keys() - {"None"}:
        number_left_out = name.partition(".")[0]
        assert f"`{name}`" in described or f"`{number_left_out}.…`" in described


def test_secrets_are_only_where_they_are_announced() -> None:
    for name, event in quirks().items():
        assert name.startswith("secret-") == any(secret in json.dumps(event) for secret in SECRETS)


# --- invocation events


def test_readme_has_a_line_for_every_file() -> None:
    described = (EVENTS / "README.md").read_text()
    for path in (path for path in EVENTS.rglob("*") if path.is_file() and path.name != "README.md"):
        name = path.relative_to(LANDING if LANDING in path.parents else EVENTS).as_posix()
        if name.startswith(("AliyunLogs/", "AWSLogs/")):
            # Delivered names are long: region and time are enough to tell them apart.
            assert f"…/{'_'.join(path.name.split('_')[:3])}_" in described
        else:
            assert f"| `{name}` |" in described


def invocation(name: str) -> Event:
    event: Event = json.loads((EVENTS / name).read_text())
    return event


@pytest.mark.parametrize("name", ["sqs_object_created", "sqs_object_gone", "sqs_test_event"])
def test_queue_message_is_as_sqs_sends_it(name: str) -> None:
    (record,) = invocation(f"deliver_events/{name}.json")["Records"]
    assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
    notification = json.loads(record["body"])
    if name == "sqs_test_event":
        assert notification["Event"] == "s3:TestEvent"
        assert "Records" not in notification
        return
    stored = notification["Records"][0]["s3"]["object"]
    assert unquote_plus(stored["key"]) != stored["key"]
    path = LANDING / unquote_plus(stored["key"])
    assert path.exists() == (name == "sqs_object_created")
    if path.exists():
        assert (stored["size"], stored["eTag"]) == (
            path.stat().st_size,
            hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(),
        )


@pytest.mark.parametrize(
    "path",
    sorted([*EVENTS.glob("query_events/*"), *EVENTS.glob("ingest_events/*"), *EVENTS.glob("report_health/*")]),
    ids=lambda path: path.stem,
)
def test_request_is_as_api_gateway_sends_it(path: Path) -> None:
    event = json.loads(path.read_text())
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}
    repeated = event["multiValueQueryStringParameters"] or {}
    assert (event["queryStringParameters"] or {}) == {name: values[-1] for name, values in repeated.items()}
    assert event["resource"].format(**event["pathParameters"] or {}) == event["path"]
    context = event["requestContext"]
    assert context["resourcePath"] == event["resource"]
    assert context["httpMethod"] == event["httpMethod"]
    if path.parent.name == "report_health":
        assert "authorizer" not in context
        assert "Authorization" not in event["headers"]
    else:
        authorizer = context["authorizer"]
        texts = ("principalId", "tokenId", "name", "scopes", "accounts", "regions")
        assert all(isinstance(authorizer[name], str) for name in texts)


def test_posted_bodies_hold_events() -> None:
    plain, packed = invocation("ingest_events/post_json.json"), invocation("ingest_events/post_ndjson_gzip.json")
    events = json.loads(plain["body"])["events"]
    assert packed["isBase64Encoded"]
    assert packed["headers"]["Content-Encoding"] == "gzip"
    lines = gzip.decompress(base64.b64decode(packed["body"])).splitlines()
    assert all(event["eventName"] for event in events + [json.loads(line) for line in lines])


def test_other_triggers() -> None:
    for folder in ("sweep_landing", "detect_insights"):
        assert invocation(f"{folder}/schedule.json")["detail-type"] == "Scheduled Event"
    request = invocation("authorize_request/bearer.json")
    assert request["type"] == "REQUEST"
    assert request["headers"]["Authorization"].startswith("Bearer tk_")
    assert "admin" in invocation("issue_token/admin.json")["scopes"]


# --- history

TIMES = [datetime(2026, 11, 16, 4, 3, 21, tzinfo=UTC) + timedelta(days=days, hours=5 * days) for days in (0, 2, 4, 6)]


def events_of(objects: list[LandingObject]) -> list[Event]:
    events = [event for item in objects for event in decode(item.key, item.body)]
    return sorted(events, key=lambda event: event["eventTime"])


def event_time(event: Event) -> datetime:
    return datetime.fromisoformat(event["eventTime"])


@pytest.fixture(scope="module", params=TIMES, ids=lambda now: f"{now:%a}")
def history(request: pytest.FixtureRequest) -> tuple[datetime, list[LandingObject], list[Event]]:
    objects = list(landing_objects(request.param))
    return request.param, objects, events_of(objects)


History = tuple[datetime, list[LandingObject], list[Event]]


def test_history_has_its_size(history: History) -> None:
    now, objects, events = history
    assert 40 <= len(objects) <= 80
    assert len({item.key for item in objects}) == len(objects)
    assert 3_000 <= len(events) <= 4_000
    assert len({event.get("eventId", event.get("eventID")) for event in events}) == len(events)
    assert now - timedelta(days=5) <= event_time(events[0])
    assert event_time(events[-1]) < now


def test_history_is_varied(history: History) -> None:
    _, _, events = history
    services = {event.get("serviceName", event["eventSource"]) for event in events}
    regions = Counter(event.get("acsRegion", event.get("awsRegion")) for event in events)
    kinds = {event["userIdentity"]["type"] for event in events}
    errors = sum(bool(event.get("errorCode")) for event in events)
    assert len(services) >= 12
    assert {"RealtimeCompute", "Actiontrail", "ec2.amazonaws.com"} <= services
    assert regions.keys() == {"cn-hangzhou", "cn-beijing", "ap-southeast-1", "us-east-1"}
    assert min(regions.values()) > 300
    assert kinds == {"ram-user", "assumed-role", "IAMUser", "AssumedRole", "AWSService"}
    assert 0.01 < errors / len(events) < 0.06
    assert all(event["acsRegion"] == "ap-southeast-1" for event in events if event.get("isGlobal"))


def test_object_holds_one_region_and_a_few_hours(history: History) -> None:
    now, objects, _ = history
    for item in objects:
        events = decode(item.key, item.body)
        *_, region, year, month, day, _ = item.key.split("/")
        assert {event.get("acsRegion", event.get("awsRegion")) for event in events} == {region}
        assert event_time(events[-1]) - event_time(events[0]) <= timedelta(hours=8)
        assert events[-1]["eventTime"][:10] <= f"{year}-{month}-{day}" <= f"{now:%Y-%m-%d}"


def test_only_the_planted_network_is_new_after_the_first_day(history: History) -> None:
    """Seen by the account, by the region and by the caller."""
    now, _, events = history
    learned = now - timedelta(days=4)
    first: dict[tuple[str, ...], datetime] = {}
    for event in events:
        address = address_of(event)
        assert address is not None
        identity = event["userIdentity"]
        user = identity.get("userName") or identity.get("arn") or identity["invokedBy"]
        region = event.get("acsRegion") or event["awsRegion"]
        for view in ((address,), (network(address),), ("region", region, address), ("user", user, address)):
            first.setdefault(view, event_time(event))
    late = {view for view, time in first.items() if time >= learned}
    assert late == {
        (PLANTED_ADDRESS,),
        (network(PLANTED_ADDRESS),),
        ("region", "cn-hangzhou", PLANTED_ADDRESS),
        ("region", "ap-southeast-1", PLANTED_ADDRESS),
        ("user", PLANTED_USER, PLANTED_ADDRESS),
    }


def test_planted_calls(history: History) -> None:
    now, _, events = history
    planted = [event for event in events if address_of(event) == PLANTED_ADDRESS]
    assert len(planted) == 40
    assert {event["userIdentity"].get("accessKeyId") for event in planted} == {PLANTED_ACCESS_KEY}
    assert {event["userIdentity"]["userName"] for event in planted} == {PLANTED_USER}
    start, end = event_time(planted[0]), event_time(planted[-1])
    assert now - timedelta(hours=3) <= start <= now - timedelta(hours=2, minutes=55)
    assert end - start <= timedelta(minutes=90)
    names = {event["eventName"] for event in planted}
    assert {"ListBuckets", "GetObject", "DescribeInstances", "CreateAccessKey"} <= names
    assert any(event.get("errorCode") == "NoPermission" for event in planted)
    usual = [event for event in events if event["userIdentity"].get("accessKeyId") == PLANTED_ACCESS_KEY]
    assert len(usual) > len(planted), "the key is known from other addresses"


def test_history_follows_from_its_arguments() -> None:
    now = TIMES[0]
    first = list(landing_objects(now, days=2))
    assert first == list(landing_objects(now, days=2))
    assert first == list(landing_objects(now.astimezone(), days=2))
    assert first != list(landing_objects(now, seed=8, days=2))
    later = landing_objects(now + timedelta(minutes=1), days=2)
    assert not {event.get("eventId") for event in events_of(first)} & {
        event["eventId"] for event in events_of(list(later)) if "eventId" in event
    }


def test_history_refuses_what_it_cannot_mean() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next(landing_objects(TIMES[0].replace(tzinfo=None)))
    with pytest.raises(ValueError, match="days"):
        next(landing_objects(TIMES[0], days=1))
