"""Whatever an event claims, its region can be part of a key, and only of the key it belongs to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailkeep.events.regions import UNKNOWN_REGION, RegionRules, is_region, region_of

RULES = RegionRules(home="cn-shanghai", for_global_events="global")
FIELDS = ("isGlobal", "acsRegion", "awsRegion", "region", "eventSource")

hosts = st.builds(
    "{}{}".format,
    st.text("abcn-.0 /\nhzé", max_size=30),
    st.sampled_from(["", ".aliyuncs.com", ".amazonaws.com", ".amazonaws.com.cn", ".ALIYUNCS.COM"]),
)
anything = (
    hosts
    | st.text(max_size=40)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.lists(st.text(max_size=3), max_size=2)
    | st.sampled_from(["../../x", "a/b", "cn-hangzhou", "CN-HANGZHOU", "a" * 33, "cn--x", "-", "null", "", "a\n", "é"])
)


@given(st.dictionaries(st.sampled_from(FIELDS), anything))
@example({"awsRegion": "us-east-1\n"})
@example({"acsRegion": ["us-east-1"]})
@example({"eventSource": "ecs." + "cn-" * 80 + ".aliyuncs.com"})
def test_whatever_a_record_says_its_region_can_be_part_of_a_key(record: dict[str, Any]) -> None:
    region = region_of(record, RULES)

    assert is_region(region)
    assert "/" not in region
    assert "." not in region


@pytest.mark.parametrize("field", ["acsRegion", "awsRegion", "region"])
@pytest.mark.parametrize(
    "claim",
    [
        "../../x", "a/b", "..", "us-east-1/", "us-east-1\n", "US-EAST-1", "us_east_1", "a" * 33, "-a", "a-", "a--b",
        "é", "%2e", "date=1", 7, True, ["us-east-1"], {"a": "b"},
    ],
)  # fmt: skip
def test_a_region_that_no_key_can_hold_is_unknown(field: str, claim: Any) -> None:
    assert region_of({field: claim, "eventSource": "ecs.cn-beijing.aliyuncs.com"}, RULES) == UNKNOWN_REGION


@pytest.mark.parametrize("said", [True, "true", "True", "TRUE"])
def test_global_events_go_where_the_rules_say(said: Any) -> None:
    assert region_of({"isGlobal": said, "acsRegion": "cn-hangzhou"}, RULES) == "global"


@pytest.mark.parametrize("said", [False, "false", None, "", 0, 1, "yes", [True]])
def test_other_events_are_not_global(said: Any) -> None:
    assert region_of({"isGlobal": said, "acsRegion": "cn-hangzhou"}, RULES) == "cn-hangzhou"


@pytest.mark.parametrize("field", ["acsRegion", "awsRegion", "region"])
def test_the_region_that_a_record_names_is_its_region(field: str) -> None:
    assert region_of({field: "eu-west-1", "eventSource": "ecs.cn-beijing.aliyuncs.com"}, RULES) == "eu-west-1"


@pytest.mark.parametrize("nothing", [None, "", "null", "NULL", "none", "-"])
def test_a_region_that_says_nothing_is_as_good_as_none(nothing: str | None) -> None:
    assert region_of({"acsRegion": nothing, "awsRegion": "us-east-1"}, RULES) == "us-east-1"
    assert region_of({"acsRegion": nothing, "eventSource": "ecs.cn-beijing.aliyuncs.com"}, RULES) == "cn-beijing"
    assert region_of({"acsRegion": nothing}, RULES) == "cn-shanghai"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("ecs.cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        ("ecs-cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        ("ecs-cn-beijing-share.aliyuncs.com", "cn-beijing"),
        ("oss-cn-hangzhou-internal.aliyuncs.com", "cn-hangzhou"),
        ("my-us-bucket.oss-ap-southeast-1.aliyuncs.com", "ap-southeast-1"),
        ("ECS.CN-Hangzhou.aliyuncs.com", "cn-hangzhou"),
        ("ec2.us-east-1.amazonaws.com", "us-east-1"),
        ("ec2.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("kms.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("ec2.amazonaws.com", None),
        ("ram.aliyuncs.com", None),
        ("RealtimeCompute", None),
        ("ecs.cn-hangzhou.example.com", None),
        ("ecs.cn-hangzhou.aliyuncs.com.example", None),
        ("ecs.cn-hangzhou.aliyuncs.com\n", None),
        ("x." * 200 + "cn-hangzhou.aliyuncs.com", None),
        (["ecs.cn-hangzhou.aliyuncs.com"], None),
    ],
)
def test_a_missing_region_is_told_by_the_host_else_it_is_home(host: Any, region: str | None) -> None:
    assert region_of({"eventSource": host}, RULES) == (region or "cn-shanghai")


@given(st.from_regex(r"\A[a-z]{2}(-[a-z]{3,9}){1,2}(-[0-9])?\Z"))
@example("us-gov-west-1")
def test_a_region_is_known_as_itself(name: str) -> None:
    assert is_region(name)
    assert region_of({"awsRegion": name}, RULES) == name


@pytest.mark.parametrize("name", ["", "a/b", "A", "a b", "a.", "..", "a\n", "-", "a" * 33, "a_b", "é", "１"])
def test_what_is_no_region(name: str) -> None:
    assert not is_region(name)
