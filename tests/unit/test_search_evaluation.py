"""Whether an event meets a condition: by hand-written events, and against a naive reading of the language."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.sample_queries import SAMPLES
from tests.unit.search_conditions import columns, conditions, originals, questions
from trailkeep.errors import ObjectUnreadable
from trailkeep.search.conditions import (
    And,
    Condition,
    Equals,
    Everything,
    Exists,
    Field,
    InNetwork,
    InRange,
    Instant,
    IsNull,
    Not,
    Or,
    Pattern,
    Wildcard,
    Words,
)
from trailkeep.search.document import Columns, Document
from trailkeep.search.evaluation import matcher, meets
from trailkeep.search.language import parse_query
from trailkeep.search.patterns import whole
from trailkeep.search.scanner import Lexeme


def holds(query: str, event: Any, columns: Columns | None = None) -> bool:
    """Whether an event, given as JSON text or as what that holds, meets a query."""
    original = event if isinstance(event, str) else json.dumps(event)
    return meets(parse_query(query).condition, Document(original, columns))


SIGNIN = {"eventName": "ConsoleSignin", "userIdentity": {"type": "ram-user", "principalId": "2"}}
ROOT_KEY = {"userIdentity": {"type": "root-account", "accessKeyId": "LTAI4"}}

MEETING: list[tuple[int, Any]] = [
    (1, {"eventName": "DescribeInstances"}),
    (1, {"a": [{"message": "no describeInstances, please"}]}),
    (1, {"describeinstances": 1}),
    (2, {"eventSource": "actiontrail.cn-hangzhou.aliyuncs.com"}),
    (3, {"eventSource": "Actiontrail.cn-hangzhou.aliyuncs.com"}),
    (3, {"eventSource": "actiontrail"}),
    (4, {"userIdentity": {"accessKeyId": "LTAI4"}}),
    (5, {"errorCode": "x", "userIdentity": {"accessKeyId": "LTAI4"}}),
    (6, {"eventName": "RunInstances"}),
    (6, {"eventName": "Create"}),
    (7, {"serviceName": "alikafka", "eventName": "CreateInstance"}),
    (8, {"eventName": "ConsoleSignin", "userIdentity": {"type": "root-account"}}),
    (9, {"eventCategory": "Management", "eventRW": "Write"}),
    (10, {"eventCategory": "Management", "resourceType": "ACS::ECS::Disk; ACS::ECS::Instance"}),
    (10, {"eventCategory": "Management", "resourceType": "ACS::ECS::Instance"}),
    (11, {**SIGNIN, "errorMessage": "wrong password"}),
    (11, {**SIGNIN, "errorMessage": "null"}),
    (12, {**SIGNIN, "additionalEventData": {"mfaChecked": "false"}}),
    (12, {**SIGNIN, "additionalEventData": {"mfaChecked": False}, "errorCode": "null"}),
    (12, {**SIGNIN, "additionalEventData": {"mfaChecked": "false"}, "errorCode": ""}),
    (12, {**SIGNIN, "additionalEventData": {"mfaChecked": "false"}, "errorCode": None}),
    (13, {"serviceName": "Actiontrail", "eventName": "StopLogging"}),
    (14, {"serviceName": "Kms", "eventName": "ScheduleKeyDeletion"}),
    (15, ROOT_KEY),
    (16, {"eventType": "ApiCall", "errorCode": "Forbidden.RAM"}),
    (16, {"eventType": "ApiCall", "errorCode": "NotAuthorized"}),
    (17, {"serviceName": "ram", "eventName": "SetDefaultPolicyVersion"}),
    (18, {"eventName": "SetPasswordPolicy"}),
    (19, {"serviceName": "Ecs", "eventName": "ModifyInstanceAttribute"}),
    (20, {"insightDetails": {"insightType": "IpInsight"}}),
]

NOT_MEETING: list[tuple[int, Any]] = [
    (1, {"eventName": "DescribeInstancesFullStatus"}),
    (2, {"eventSource": "actiontrail.cn-hangzhou.aliyuncs.com."}),
    (2, {"serviceName": "actiontrail.cn-hangzhou.aliyuncs.com"}),
    (3, {"eventSource": "my-actiontrail"}),
    (4, {"userIdentity": {}}),
    (4, {"userIdentity": {"accessKeyId": ""}}),
    (5, {"errorCode": None, "userIdentity": {"accessKeyId": "LTAI4"}}),
    (6, {"eventName": "CreateInstances"}),
    (7, {"serviceName": "AliKafka", "eventName": "Delete"}),
    (8, SIGNIN),
    (9, {"eventCategory": "Management", "eventRW": "Read"}),
    (10, {"eventCategory": "Management", "resourceType": "ACS::ECS::InstanceX"}),
    (11, {**SIGNIN, "errorMessage": "Success"}),
    (11, SIGNIN),
    (12, {**SIGNIN, "additionalEventData": {"mfaChecked": "false"}, "errorCode": "Forbidden"}),
    (12, {**SIGNIN, "additionalEventData": {"mfaChecked": "true"}}),
    (13, {"serviceName": "Actiontrail", "eventName": "UpdateTrail"}),
    (14, {"serviceName": "Ram", "eventName": "DisableKey"}),
    (15, {"userIdentity": {"type": "root-account", "accessKeyId": "null"}}),
    (15, {"userIdentity": {"type": "root-account"}}),
    (16, {"eventType": "ApiCall", "errorCode": "ForbiddenX"}),
    (16, {"eventType": "ApiCall"}),
    (17, {"serviceName": "Ecs", "eventName": "CreatePolicy"}),
    (18, {"eventName": "GetPasswordPolicy"}),
    (19, {"serviceName": "Ecs", "eventName": "RunInstances"}),
    (20, {"insightDetails": {"insightType": "AkInsight"}}),
]


@pytest.mark.parametrize(("number", "event"), MEETING)
def test_a_sample_query_finds(number: int, event: Any) -> None:
    assert holds(SAMPLES[number], event)


@pytest.mark.parametrize(("number", "event"), NOT_MEETING)
def test_a_sample_query_does_not_find(number: int, event: Any) -> None:
    assert not holds(SAMPLES[number], event)


class TestPaths:
    def test_a_path_goes_into_objects_and_every_element_of_lists(self) -> None:
        event = {"a": [{"b": 1}, [{"b": [2, [3]]}], {"c": 4}]}

        assert all(holds(f"event.a.b: {value}", event) for value in (1, 2, 3))
        assert not holds("event.a.b: 4", event)

    def test_names_have_their_case_and_values_have_none(self) -> None:
        assert holds("event.a: X", {"a": "x"})
        assert not holds("event.A: x", {"a": "x"})

    def test_a_path_goes_into_one_text_that_holds_json(self) -> None:
        inner = json.dumps({"a": [{"b": 1.50}], "again": json.dumps({"c": 1})})

        assert holds("event.p.a.b: 1.5", {"p": inner})
        assert holds("event.p.a.b: 1.5", {"p": [f" \n{inner}"]})
        assert not holds("event.p.again.c: *", {"p": inner})
        assert holds("event.p.again: *", {"p": inner})
        assert holds("event.p.b: 1", {"p": '[{"b": 1}]'})

    @pytest.mark.parametrize(
        "text",
        ['{"a":1', '{"a":1} {}', '{"a":1},"b":{"a":1}', '{"a":1,"a":1}', "NaN", '{"a":NaN}', '{"a":-0},"b":{"a":1}',
         '"a"', '{"a":"\\ud800"}', '{"a":' * 101 + "1" + "}" * 101, '{"a":' * 100_000, '{"a":1e999}'],
    )  # fmt: skip
    def test_a_text_that_parsers_refuse_or_read_differently_is_a_text(self, text: str) -> None:
        event = {"p": text}

        assert not holds("event.p.a: *", event)
        assert holds("event.p: *", event)

    def test_an_object_at_the_end_of_a_path_only_exists(self) -> None:
        event = {"a": {"b": "x"}, "c": [{"b": "x"}], "d": {}, "e": [], "f": [None]}

        assert holds("event.a: * event.c: * event.d: * event.f: *", event)
        assert not holds("event.e: *", event)
        assert not holds("event.a: ?* or event.c: ?* or event.a: null", event)

    def test_names_may_hold_anything(self) -> None:
        assert holds('event." charset": utf-8', {" charset": "UTF-8"})
        assert holds('event.a."b.c": 1', {"a": {"b.c": 1}})
        assert not holds("event.a.b.c: 1", {"a": {"b.c": 1}})


class TestValues:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("80", '{"a":80}'),
            ("80", '{"a":80.0}'),
            ("80.00", '{"a":8E+1}'),
            ("8E+1", '{"a":8E+1}'),
            ("-0", '{"a":-0}'),
            ("0", '{"a":-0}'),
            ("1.10", '{"a":1.10}'),
            ("123456789012345678901", '{"a":123456789012345678901}'),
            ("true", '{"a":true}'),
            ('""', '{"a":""}'),
            ("*a%", r'{"a":"\n a%"}'),
            ("?", '{"a":"\\ud83d\\ude00"}'),
            ("ΟΔΟΣ*", '{"a":"οδος"}'),
            ("οδοσ", '{"a":"ΟΔΟΣ"}'),
            ("[0-9]".replace("[", r"\[").replace("]", r"\]"), '{"a":"[0-9]"}'),
            (r"\\d\*", r'{"a":"\\D*"}'),
            ("2001:DB8::1", '{"a":"2001:db8:0:0:0:0:0:1"}'),
            ("::ffff:10.0.0.1", '{"a":"10.0.0.1"}'),
        ],
    )
    def test_a_value_equals_a_text(self, value: str, text: str) -> None:
        assert holds(f"event.a: {value}", text)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("80", '{"a":"80.0"}'),
            ("8E+1", '{"a":80}'),
            ("80*", '{"a":8e1}'),
            ("1", '{"a":true}'),
            ('""', '{"a":null}'),
            ('""', "{}"),
            ('"*"', '{"a":"x"}'),
            ("_", '{"a":"x"}'),
            ("%", '{"a":"x"}'),
            (".*", '{"a":"x"}'),
            ("a?c", '{"a":"ac"}'),
            ("abc", '{"a":"xabc"}'),
            ("10.0.0.1", '{"a":"10.0.0.01"}'),
            ("1e-99999999999999999999", '{"a":1}'),
        ],
    )
    def test_a_value_does_not_equal_a_text(self, value: str, text: str) -> None:
        assert not holds(f"event.a: {value}", text)

    def test_resources_are_found_one_by_one(self) -> None:
        event = {"resourceName": "i-1, i-2;sg-1", "a": {"resourceName": "i-1,i-2"}}

        assert all(holds(f"event.resourceName: {name}", event) for name in ("i-1", "i-2", "sg-?", '"I-1, i-2;SG-1"'))
        assert not holds("event.resourceName: i-", event)
        assert not holds("event.a.resourceName: i-1", event)

    def test_null_is_a_text_or_json_and_no_absence(self) -> None:
        assert holds("event.a: null", {"a": None})
        assert holds("event.a: null", {"a": "NULL"})
        assert holds("event.a: nul?", {"a": None})
        assert not holds("event.a: null", {})
        assert not holds("event.a: null", {"a": "nil"})

    @pytest.mark.parametrize("query", ["> 80", ">= 80.5", "in [80.5 81)", "in (80 80.5]", "< 1000"])
    @pytest.mark.parametrize("text", ['{"a":80.5}', '{"a":"80.50"}', '{"a":8.05e1}', '{"a":[0,"x",80.5]}'])
    def test_numbers_are_compared_as_numbers(self, query: str, text: str) -> None:
        assert holds(f"event.a {query}", text)

    @pytest.mark.parametrize(
        "text", ['{"a":"8e1"}', '{"a":" 80"}', '{"a":true}', '{"a":null}', '{"a":"٨٠"}', '{"a":{}}']
    )
    def test_what_is_no_number_is_in_no_range(self, text: str) -> None:
        assert not holds("event.a >= 0 or event.a < 0", text)

    def test_a_number_beyond_all_sense_is_compared_with_nothing(self) -> None:
        assert not holds("event.p.a >= 0 or event.p.a < 0", {"p": '{"a":1e-99999999999999999999}'})

    def test_times_are_compared_as_moments(self) -> None:
        event = {"a": "2026-01-02T01:00:00+01:00", "b": "2026-01-02", "c": 1767312000}

        assert holds("event.a >= 2026-01-02 and event.a < 2026-01-02T00:00:00.000001Z", event)
        assert not holds("event.b > 2000-01-01 or event.c > 1970-01-01 or event.a > 2", event)

    def test_addresses_are_in_networks(self) -> None:
        event = {
            "a": ["10.1.2.3", "::ffff:192.0.2.1", "2001:DB8::1"],
            "b": "10.0.0.0/8",
            "c": "ec2.amazonaws.com",
            "d": 10,
        }

        assert holds("event.a: 10.0.0.0/8 event.a: 192.0.2.0/24 event.a: 2001:db8::/32", event)
        assert not holds("event.a: 11.0.0.0/8 or event.b: 10.0.0.0/8 or event.c: 0.0.0.0/0 or event.d: ::/0", event)
        assert not holds("event.a: ::/0", {"a": "::ffff:192.0.2.1"})
        assert holds('event.b: "10.0.0.0/8"', event)


class TestColumns:
    COLUMNS = {  # noqa: RUF012
        "service_name": "Ecs",
        "event_source": "ecs.aliyuncs.com",
        "error_code": None,
        "resource_names": ["i-1", "i-2"],
        "region": "cn-hangzhou",
    }

    def test_one_of_the_columns_of_a_field_must_do(self) -> None:
        assert holds("serviceName: ecs", "{}", self.COLUMNS)
        assert holds("serviceName: *.aliyuncs.com", "{}", self.COLUMNS)
        assert holds("resourceName: I-2 and not resourceName: i-3 and resourceName: *", "{}", self.COLUMNS)
        assert holds("region: CN-*", "{}", self.COLUMNS)

    def test_a_null_in_a_column_says_that_there_is_none(self) -> None:
        assert not holds("errorCode: null or errorCode: *", "{}", self.COLUMNS)

    def test_a_column_that_was_not_given_is_an_error_of_ours(self) -> None:
        with pytest.raises(KeyError):
            holds("user: x", "{}", self.COLUMNS)


class TestWords:
    EVENT = {  # noqa: RUF012
        "userAgent": "aws-cli/2.0 Python/3.8",
        "Policy": '{"Effect":"Allow"}',
        "n": [1.50, True, None, {"k": "日志ab"}],
        "m": "last\u2003word",
    }

    @pytest.mark.parametrize(
        "query",
        ["USERAGENT", "python", '"python/3.8"', "aws-cli", "aws*", "*cli", '"effect allow"', "effect/all*", "1.50",
         "true", "null", "日", "日志", "志ab", "ab", "a?", '"last word"', "n?ll", "aws-cli/*/python", "k"],
    )  # fmt: skip
    def test_found(self, query: str) -> None:
        assert holds(query, json.dumps(self.EVENT).replace("1.5", "1.50"))

    @pytest.mark.parametrize(
        "query",
        ["aws", "cli", '"2.0 3.8"', '"python aws-cli"', "日ab", '"word k"', '"useragent aws-cli"',
         "aws-cli/*/3.8", "日?b", "effec"],
    )  # fmt: skip
    def test_not_found(self, query: str) -> None:
        assert not holds(query, self.EVENT)


class TestHostile:
    @pytest.mark.parametrize(
        "pattern",
        ["*a" * 100 + "*b", "a?" * 100 + "*b", "*" + "a" * 200 + "b*", "*" + "?a" * 100 + "b", "?*" * 100 + "b"],
    )
    def test_no_pattern_takes_for_ever(self, pattern: str) -> None:
        long = json.dumps({"a": "a" * 200_000, "b": "a " * 100_000})

        assert not holds(f"event.a: {pattern}", long)
        assert not holds(pattern, long)
        assert not holds("\\ ".join(["a*"] * 60 + ["b"]), long)

    def test_whatever_is_deep_is_read_without_a_stack(self) -> None:
        deep = '{"a":' + "[" * 99 + "{" + '"b":1' + "}" + "]" * 99 + "}"

        assert holds("event.a.b: 1 and b and event.a: *", deep)

    @pytest.mark.parametrize("original", ["", "[]", "null", "{", "\xff", '{"a":-0 ', '{"a":' * 100_000, b"\xff{}"])
    def test_what_is_no_event_is_not_taken_for_one_that_does_not_match(self, original: str | bytes) -> None:
        with pytest.raises(ObjectUnreadable):
            matcher(parse_query("a").condition)(Document(original))

    def test_bytes_are_read_as_text_is(self) -> None:
        assert meets(parse_query("event.a: -0 and é").condition, Document('{"a":-0,"b":"É"}'.encode()))


# ── The naive reading ─────────────────────────────────────────────────────────────────────────────────────────────────


class Literal(str):
    """A number, as its text."""


def naive(condition: Condition, original: str, columns: Columns) -> bool:
    match condition:
        case Everything():
            return True
        case Words(words):
            return any(
                all(fits(word, text) for word, text in zip(words, found[at:], strict=False))
                for found in map(cut, all_texts(load(original)))
                for at in range(len(found) - len(words) + 1)
            )
        case Not(inner):
            return not naive(inner, original, columns)
        case And(inner):
            return all(naive(each, original, columns) for each in inner)
        case Or(inner):
            return any(naive(each, original, columns) for each in inner)
        case Exists(field):
            return any(node not in (None, "", []) for node in nodes(field, original, columns))
    found = [leaf for node in nodes(condition.field, original, columns) for leaf in leaves(node)]
    match condition:
        case Equals(field, pattern):
            if field.path in (("resourceName",), ("resourceType",)):
                found += [part.strip(" ") for value in found if type(value) is str for part in re.split("[,;]", value)]
            return any(is_equal(pattern, value) for value in found)
        case IsNull():
            return any(value is None or (type(value) is str and lower(value) == "null") for value in found)
        case InRange():
            return any(is_between(condition, value) for value in found)
        case InNetwork(_, network):
            return any((it := ip(value)) is not None and it in network for value in found)


def load(original: str) -> Any:
    return json.loads(original, parse_int=Literal, parse_float=Literal)


def nodes(field: Field, original: str, columns: Columns) -> list[Any]:
    if field.path:
        return list(walk(load(original), field.path, True))
    return [value for name in field.columns if (value := columns[name]) is not None]


def walk(node: Any, path: tuple[str, ...], may_hop: bool) -> Iterator[Any]:
    if not path:
        yield node
    elif isinstance(node, list):
        for each in node:
            yield from walk(each, path, may_hop)
    elif isinstance(node, dict):
        if path[0] in node:
            yield from walk(node[path[0]], path[1:], may_hop)
    elif type(node) is str and may_hop:
        try:
            inside = json.loads(node, parse_int=Literal, parse_float=Literal, object_pairs_hook=once)
        except ValueError:
            return
        if isinstance(inside, dict | list):
            yield from walk(inside, path, False)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for each in node:
            yield from leaves(each)
    elif not isinstance(node, dict):
        yield node


def all_texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield name
            yield from all_texts(value)
    elif isinstance(node, list):
        for each in node:
            yield from all_texts(each)
    else:
        yield as_text(node)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else {None: "null", True: "true", False: "false"}[value]


def lower(text: str) -> str:
    return "".join(character.lower() for character in text).replace("ς", "σ")


def cut(text: str) -> list[str]:
    found = [""]
    for character in text:
        if re.match(r"[々-〇぀-ヿㇰ-ㇿｦ-ﾟ㐀-䶿一-鿿豈-﫿가-힣\U00020000-\U0003ffff]", character):
            found += [character, ""]
        elif character.isspace() or character <= " " or character in ",;:'\"=()[]{}<>?@&/\\|`!#%^*+~$":
            found.append("")
        else:
            found[-1] += character
    return [word for word in found if word]


def fits(pattern: Pattern, text: str) -> bool:
    """Character by character, every way."""
    items = [item for part in pattern for item in ([part] if isinstance(part, Wildcard) else part)]
    reached = {0}
    for character in lower(text):
        after_any = {at for start in reached for at in beyond(items, start)}
        reached = {at for at in after_any if at < len(items) and items[at] is Wildcard.ANY}
        reached |= {at + 1 for at in after_any if at < len(items) and items[at] in (character, Wildcard.ONE)}
    return any(at == len(items) for start in reached for at in beyond(items, start))


def beyond(items: list[str | Wildcard], at: int) -> Iterator[int]:
    yield at
    while at < len(items) and items[at] is Wildcard.ANY:
        at += 1
        yield at


def is_equal(pattern: Pattern, value: Any) -> bool:
    if fits(pattern, as_text(value)):
        return True
    if not all(isinstance(part, str) for part in pattern):
        return False
    text = "".join(map(str, pattern))
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) and type(value) is Literal:
        return Fraction(text) == Fraction(value)
    return ip(text) is not None and ip(text) == ip(value)


def ip(value: Any) -> Any:
    try:
        found = ipaddress.ip_address(value) if type(value) is str else None
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_between(asked: InRange, value: Any) -> bool:
    low, high, place = asked.low, asked.high, None
    if isinstance(low, Instant) or isinstance(high, Instant):
        low, high = (bound.micros if isinstance(bound, Instant) else None for bound in (low, high))
        if type(value) is str and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+\d\d:\d\d)", value):
            place = Fraction(round(datetime.fromisoformat(value).timestamp()) * 1_000_000)
    elif type(value) is Literal or (type(value) is str and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)):
        place = Fraction(value)
    if place is None:
        return False
    above = low is None or place > low or (asked.includes_low and place == low)
    return above and (high is None or place < high or (asked.includes_high and place == high))


@settings(max_examples=200)
@given(questions())
@example((parse_query("a").condition, '{"A":1}', {}))
@example((parse_query("event.a: -0").condition, '{"a":0}', {}))
def test_an_event_meets_what_the_naive_reading_says(question: tuple[Condition, str, Columns]) -> None:
    condition, original, columns = question

    assert meets(condition, Document(original, columns)) == naive(condition, original, columns)


ab = st.text("ab", max_size=12)
wild = st.text("ab*?", max_size=8).map(lambda text: Lexeme(text, is_quoted=False).pattern)


@settings(max_examples=500)
@given(wild, ab)
@example((Wildcard.ANY, "ab", Wildcard.ANY, "b"), "aabab")
def test_a_pattern_fits_what_it_fits_character_by_character(pattern: Pattern, text: str) -> None:
    assert whole(pattern)(text) == fits(pattern, text)


@settings(max_examples=500)
@given(st.lists(wild.filter(bool), min_size=1, max_size=3).map(tuple), st.lists(st.lists(ab.filter(bool))))
def test_words_are_found_where_they_fit_one_by_one(words: tuple[Pattern, ...], texts: list[list[str]]) -> None:
    document = Document(json.dumps({"": [" ".join(text) for text in texts]}))
    starts = [text[at : at + len(words)] for text in texts for at in range(len(text) - len(words) + 1)]

    assert meets(Words(words), document) == any(all(map(fits, words, found)) for found in starts)


@settings(max_examples=50)
@given(conditions, st.lists(originals, max_size=4), columns)
def test_a_matcher_judges_each_event_by_itself(condition: Condition, events: list[str], columns: Columns) -> None:
    judge = matcher(condition)
    documents = [Document(event, columns) for event in events]

    assert [judge(each) for each in documents] == [meets(condition, Document(event, columns)) for event in events]
    assert [judge(each) for each in documents] == [judge(each) for each in documents]
