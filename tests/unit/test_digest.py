"""Digests: to which network, kind of client and caller the calls of a day belong, and how many there are by hour."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.events.addresses import canonical
from trailkeep.insights.digest import agent_family, block_of, caller_of, digest_of, event_of, network_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact

DAY = 20_522
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def fact(minute: int = 0, calls: int = 1, /, **others: str | None) -> Fact:
    fields: dict[str, str | None] = {
        "identity": "user/ana",
        "principal": "200000000000000001",
        "kind": "address",
        "address": "192.0.2.10",
        "key": None,
        "service": "Ecs",
        "event": "DescribeInstances",
        "error": None,
        "agent": "aliyun-cli/3.0.170",
        "event_id": "event-1",
        "region": "cn-hangzhou",
    }
    return Fact(minute=DAY * MINUTES_A_DAY + minute, calls=calls, **(fields | others))  # type: ignore[arg-type]


# Networks


@pytest.mark.parametrize(
    ("address", "network", "block"),
    [
        ("203.0.113.9", "203.0.113.0/24", "203.0.0.0/16"),
        ("203.0.113.255", "203.0.113.0/24", "203.0.0.0/16"),
        ("0.0.0.0", "0.0.0.0/24", "0.0.0.0/16"),
        ("2001:db8:1:2::3", "2001:db8:1::/48", "2001:db8::/32"),
        ("2001:0DB8:0001:ffff::", "2001:db8:1::/48", "2001:db8::/32"),
        ("fe80::1%eth0", "fe80::/48", "fe80::/32"),
        ("::ffff:203.0.113.9", "203.0.113.0/24", "203.0.0.0/16"),
        ("::FFFF:cb00:7109", "203.0.113.0/24", "203.0.0.0/16"),
    ],
)
def test_an_address_is_of_a_network_and_that_of_a_block(address: str, network: str, block: str) -> None:
    assert network_of(address) == network
    assert block_of(network) == block


@pytest.mark.parametrize(
    "text", ["", "999.1.1.1", "203.0.113", "203.0.113.09", "ecs.aliyuncs.com", "1::2::3", "４.1.1.1"]
)
def test_what_is_no_address_stands_for_itself(text: str) -> None:
    assert block_of(network_of(text)) == network_of(text) == text


@pytest.mark.parametrize("text", ["::/0", "2001:db8::/16", "2001:db8::/31", "10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/33"])
def test_a_range_in_the_place_of_an_address_harms_nothing(text: str) -> None:
    """Whoever posts events writes what they like there."""
    assert network_of(text) == text
    assert block_of(text) == text


_DIGITS = st.text("0123456789abcdef:./%x", max_size=24)


@given(st.text(max_size=40) | _DIGITS | st.builds("{}/{}".format, st.ip_addresses(), st.integers(-1, 129)))
def test_any_text_has_a_network_and_a_block(text: str) -> None:
    assert network_of(canonical(text)) == network_of(text)
    assert isinstance(block_of(network_of(text)), str)


@given(st.ip_addresses())
def test_a_network_holds_its_address_and_a_block_its_network(address: Address) -> None:
    network = ipaddress.ip_network(network_of(str(address)))
    block = ipaddress.ip_network(block_of(str(network)))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None

    assert (mapped or address) in network
    assert network.subnet_of(block)  # type: ignore[arg-type]
    assert (network.prefixlen, block.prefixlen) == ((24, 16) if network.version == 4 else (48, 32))


@given(st.ip_addresses(v=6))
def test_all_spellings_of_an_address_are_of_one_network(address: ipaddress.IPv6Address) -> None:
    assert len({network_of(each) for each in (str(address), address.exploded, address.exploded.upper())}) == 1


@given(st.ip_addresses(v=4))
def test_an_address_in_the_clothes_of_ipv6_is_of_the_network_of_ipv4(address: ipaddress.IPv4Address) -> None:
    high, low = divmod(int(address), 1 << 16)
    assert network_of(f"::ffff:{address}") == network_of(f"::FFFF:{high:x}:{low:X}") == network_of(str(address))


# User agents

AGENTS = {
    "AliyunConsole": "AliyunConsole",
    "ecs.console.aliyun.com": "ecs.console.aliyun.com",
    "cloudtrail.amazonaws.com": "cloudtrail.amazonaws.com",
    "AWS Internal": "AWS",
    "aliyun-cli/3.0.170": "aliyun-cli",
    "aliyuncli/2.0.6": "aliyuncli",
    "ec2-api-tools 1.6.12.2": "ec2-api-tools",
    "AlibabaCloud (Mac OS X; x86_64) Java/1.8.0_252-b09 Core/4.4.6 HTTPClient/Apache": "AlibabaCloud mac java",
    "AlibabaCloud (Linux; x86_64) Python/3.12.3 Core/2.14": "AlibabaCloud linux python",
    "aws-cli/2.13.5 Python/3.11.4": "aws-cli python",
    "aws-cli/2.15.30 Python/3.11.8 Darwin/23.3.0 exe/x86_64 prompt/off command/s3.ls": "aws-cli mac python",
    "aws-cli/2.15.30 Python/3.11.8 Windows/10 exe/AMD64": "aws-cli windows python",
    "[Boto3/1.26.165 Python/3.10.6 Linux/5.19.0-46-generic Botocore/1.29.165]": "Boto3 linux python",
    "Boto3/1.34.84 md/Botocore#1.34.84 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.11.8": "Boto3 linux python",
    "aws-sdk-go-v2/1.32.3 os/linux lang/go#1.23.1 md/GOOS#linux md/GOARCH#amd64 api/sts#1.26": "aws-sdk-go-v2 linux go",
    "aws-sdk-go/1.41.4 (go1.18.3; linux; amd64) amazon-ssm-agent/": "aws-sdk-go linux go",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.4.242-163.349.amzn2int.x86_64 "
    "OpenJDK_64-Bit_Server_VM/25.372-b08 java/1.8.0_372 vendor/Oracle_Corporation]": "S3Console linux java",
    "APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io) terraform-provider-aws/3.76.1 "
    "aws-sdk-go/1.44.157 (go1.19.3; linux; amd64)": "APN linux terraform go",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/114.0": "Mozilla linux",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148": "Mozilla mac ios",
    "stratus-red-team_5c59eb79-6dac-405c-a4c4-e19aec03c666": "stratus-red-team",
}
"""User agents as trails have them, and the kind of client that each tells of."""

_VERSION = re.compile(r"(?<=[/#_ ])[0-9]+(?:[._-][0-9]+)*")


@pytest.mark.parametrize(("agent", "family"), AGENTS.items(), ids=AGENTS.values())
def test_the_family_of_a_user_agent(agent: str, family: str) -> None:
    assert agent_family(agent) == family


@given(st.sampled_from(sorted(AGENTS)), st.randoms(use_true_random=False))
def test_a_new_version_is_of_the_same_family(agent: str, random: Random) -> None:
    upgraded = _VERSION.sub(lambda _: ".".join(str(random.randrange(100)) for _ in range(random.randint(1, 4))), agent)
    assert agent_family(upgraded) == AGENTS[agent]


def test_another_tool_another_system_and_another_language_are_of_other_families() -> None:
    families = [agent_family(agent) for agent in AGENTS]
    assert [family for family, times in Counter(families).items() if times > 1] == ["Boto3 linux python"]


@given(st.text(max_size=600))
def test_any_text_is_of_a_family_of_few_letters(agent: str) -> None:
    assert len(agent_family(agent)) < 160


# Callers

_UUIDS = st.integers(0, 2**32).map(lambda seed: str(UUID(int=Random(seed).getrandbits(128), version=4)))
_TIMES = st.integers(1_500_000_000, 1_900_000_000)
MADE_UP = (
    _UUIDS
    | _TIMES.map(str)
    | st.sampled_from(["botocore-session-{}", "aws-go-sdk-{}152000", "MandoService{}3887787"]).flatmap(
        lambda pattern: _TIMES.map(pattern.format)
    )
    | st.integers(0, 2**68 - 1).map(lambda number: f"i-{number:017x}")
    | st.integers(2**60, 2**64 - 1).map("{:016x}".format).filter(lambda text: re.search("[0-9]", text[:11]))
    | st.text("abcdefghijklmnopqrstuvwxyz", min_size=65)
)
"""Names of sessions as programs make them up, one for each time that they take a role on."""


def session(name: str) -> Fact:
    return fact(identity="role/admin", principal=f"AROAEXAMPLEROLE00001:{name}")


@pytest.mark.parametrize(
    "name", ["alice@example.com", "bob", "AWSCLI-Session", "cli", "SLRManagement", "stratus_red_team", "u1", "x" * 64]
)
def test_a_session_with_a_lasting_name_is_a_caller_of_its_own(name: str) -> None:
    assert caller_of(session(name)) == f"role/admin/{name}"


@given(MADE_UP)
def test_a_session_whose_name_is_made_up_is_its_role(name: str) -> None:
    assert caller_of(session(name)) == "role/admin"


@pytest.mark.parametrize("principal", [None, "", "AROAEXAMPLEROLE00001", "AROAEXAMPLEROLE00001:", "i-0abc:i-0abc"])
def test_a_role_without_a_session_that_says_something_is_itself(principal: str | None) -> None:
    assert caller_of(fact(identity="role/admin", principal=principal)) == "role/admin"


@pytest.mark.parametrize("identity", ["user/ana", "root", "service/ecs.aliyuncs.com", "cloud-sso-user/ana"])
def test_others_than_roles_are_known_by_their_identity(identity: str) -> None:
    assert caller_of(fact(identity=identity, principal="34359:alice")) == identity


@given(st.text(max_size=90) | st.none())
def test_any_principal_has_a_caller(principal: str | None) -> None:
    assert caller_of(fact(identity="role/admin", principal=principal)).startswith("role/admin")


# Digests


def test_a_digest_counts_calls_by_hour_in_each_dimension() -> None:
    facts = [
        fact(9 * 60, 2, key="LTAIexample"),
        fact(9 * 60 + 59, 3, address="192.0.2.200", agent="aliyun-cli/3.0.171", region="cn-beijing"),
        fact(23 * 60 + 59, 1, error="NoPermission"),
        session("alice")._replace(minute=DAY * MINUTES_A_DAY),
        fact(60, 4, identity="service/ess.aliyuncs.com", kind="service", address=None, agent=None),
    ]

    assert digest_of(facts) == {
        ("event", "user/ana"): {"Ecs:DescribeInstances": {9: 5, 23: 1}},
        ("network", "user/ana"): {"192.0.2.0/24": {9: 5, 23: 1}},
        ("agent", "user/ana"): {"aliyun-cli": {9: 5, 23: 1}},
        ("failure", "user/ana"): {"Ecs:DescribeInstances:NoPermission": {23: 1}},
        ("key", "user/ana"): {"LTAIexample": {9: 2}},
        ("event", "role/admin/alice"): {"Ecs:DescribeInstances": {0: 1}},
        ("network", "role/admin/alice"): {"192.0.2.0/24": {0: 1}},
        ("agent", "role/admin/alice"): {"aliyun-cli": {0: 1}},
        ("event", "service/ess.aliyuncs.com"): {"Ecs:DescribeInstances": {1: 4}},
    }


def test_a_day_without_calls_has_an_empty_digest() -> None:
    assert digest_of([]) == {}


def test_events_without_a_name_or_a_service_are_counted_as_such() -> None:
    assert event_of(fact(service=None, event=None)) == ":"
    assert digest_of([fact(service=None)])["event", "user/ana"] == {":DescribeInstances": {0: 1}}


FACTS = st.builds(
    lambda minute, calls, others: fact(minute, calls, **others),
    st.integers(0, MINUTES_A_DAY - 1),
    st.integers(1, 50),
    st.fixed_dictionaries(
        {
            "identity": st.sampled_from(["user/ana", "user/bob", "role/admin"]),
            "principal": st.sampled_from(["1:alice", "1:1690000000", None]),
            "address": st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", None]),
            "error": st.sampled_from(["NoPermission", None]),
            "event": st.sampled_from(["DescribeInstances", "RunInstances", None]),
        }
    ),
)


@given(st.lists(FACTS, max_size=20), st.randoms(use_true_random=False))
def test_no_call_is_lost_and_the_order_does_not_matter(facts: list[Fact], random: Random) -> None:
    digest = digest_of(facts)
    mixed = random.sample(facts, len(facts))

    assert digest_of(mixed) == digest
    counted = {
        dimension: sum(
            calls
            for (of, _), values in digest.items()
            if of == dimension
            for hours in values.values()
            for calls in hours.values()
        )
        for dimension in ("event", "network", "failure")
    }
    assert counted == {
        "event": sum(each.calls for each in facts),
        "network": sum(each.calls for each in facts if each.address),
        "failure": sum(each.calls for each in facts if each.error),
    }
