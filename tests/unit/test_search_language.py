"""The text of a query → the tree of its conditions, or an error that points at the place."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from ipaddress import ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.sample_queries import SAMPLES
from tests.unit.search_conditions import conditions, texts
from trailkeep.errors import InvalidQuery
from trailkeep.events.timestamps import parse_micros
from trailkeep.schema import EVENTS
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
    Wildcard,
    Words,
)
from trailkeep.search.fields import quoted
from trailkeep.search.language import ParsedQuery, parse_query
from trailkeep.search.writing import write

ANY, ONE = Wildcard.ANY, Wildcard.ONE


def asked(text: str) -> Condition:
    return parse_query(text).condition


def refusal(text: str) -> str:
    with pytest.raises(InvalidQuery) as refused:
        parse_query(text)
    return refused.value.message


def at(*path: str) -> Field:
    return Field("event." + ".".join(path), path=path)


def equals(name: str, value: str) -> Equals:
    return Equals(at(*name.split(".")), (value,))


def named(*names: str) -> Or:
    return Or(tuple(equals("eventName", name) for name in names))


KEY = at("userIdentity", "accessKeyId")
SIGNIN = equals("eventName", "consolesignin")
ROOT = equals("userIdentity.type", "root-account")

TREES: dict[int, Condition] = {
    1: Words((("describeinstances",),)),
    2: equals("eventSource", "actiontrail.cn-hangzhou.aliyuncs.com"),
    3: Equals(at("eventSource"), ("actiontrail", ANY)),
    4: Exists(KEY),
    5: And((Exists(at("errorCode")), Exists(KEY))),
    6: named("create", "createinstance", "runinstances"),
    7: And((equals("serviceName", "alikafka"), named("create", "createinstance"))),
    8: And((SIGNIN, ROOT)),
    9: And((Everything(), equals("eventCategory", "management"), equals("eventRW", "write"))),
    10: And((Everything(), equals("eventCategory", "management"), equals("resourceType", "acs::ecs::instance"))),
    11: And((SIGNIN, Exists(at("errorMessage")), Not(equals("errorMessage", "success")))),
    12: And(
        (
            SIGNIN,
            equals("userIdentity.type", "ram-user"),
            equals("additionalEventData.mfaChecked", "false"),
            Or((IsNull(at("errorCode")), Not(Exists(at("errorCode"))))),
        )
    ),
    13: And((equals("serviceName", "actiontrail"), named("deletetrail", "stoplogging"))),
    14: And((equals("serviceName", "kms"), named("disablekey", "schedulekeydeletion", "deletekeymaterial"))),
    15: And((ROOT, Exists(KEY), Not(IsNull(KEY)))),
    16: And(
        (
            equals("eventType", "apicall"),
            Or(
                tuple(
                    Equals(at("errorCode"), pattern)
                    for pattern in (
                        ("nopermission",),
                        ("nopermission.", ANY),
                        ("forbidden",),
                        ("forbidden.", ANY),
                        ("invalidaccesskeyid",),
                        ("invalidaccesskeyid.", ANY),
                        ("invalidsecuritytoken",),
                        ("invalidsecuritytoken.", ANY),
                        ("signaturedoesnotmatch",),
                        ("invalidauthorization",),
                        ("accessforbidden",),
                        ("notauthorized",),
                    )
                )
            ),
        )
    ),
    17: And(
        (
            Or((equals("serviceName", "resourcemanager"), equals("serviceName", "ram"))),
            named(
                "createpolicy",
                "deletepolicy",
                "createpolicyversion",
                "updatepolicyversion",
                "deletepolicyversion",
                "setdefaultpolicyversion",
            ),
        )
    ),
    18: equals("eventName", "setpasswordpolicy"),
    19: And((equals("serviceName", "ecs"), equals("eventName", "modifyinstanceattribute"))),
    20: equals("insightDetails.insightType", "ipinsight"),
}


@pytest.mark.parametrize("number", SAMPLES)
def test_every_sample_query_is_understood(number: int) -> None:
    parsed = parse_query(SAMPLES[number])

    assert parsed.condition == TREES[number]
    sql = SAMPLES[number].partition("|")[2].strip()
    assert parsed.sql == (sql or None)


def test_the_sql_is_told_with_its_place() -> None:
    text = "a\n|\n select 'x|y' "

    assert parse_query(text) == ParsedQuery(Words((("a",),)), "select 'x|y'", text.index("select"))


def test_a_bar_in_quotes_or_behind_a_backslash_starts_no_sql() -> None:
    assert parse_query(r'event.a: "x|y" event.b: x\|y') == ParsedQuery(And((equals("a", "x|y"), equals("b", "x|y"))))


@pytest.mark.parametrize("text", ["", "  \n", "*", "***", "/*/", '"" | select 1'.replace('""', ""), "(*)"])
def test_nothing_or_a_star_asks_for_everything(text: str) -> None:
    assert asked(text) == Everything()


class TestConnectives:
    A, B, C, D = (Words(((word,),)) for word in "abcd")

    def test_not_binds_before_and_and_that_before_or(self) -> None:
        assert asked("not a and b or c and not d") == Or((And((Not(self.A), self.B)), And((self.C, Not(self.D)))))

    def test_conditions_side_by_side_must_both_hold(self) -> None:
        assert asked("a b or c d") == asked("a and b or c and d")

    def test_brackets_bind_first_and_stay_where_they_are(self) -> None:
        assert asked("a and ((b or c) and d)") == And((self.A, And((Or((self.B, self.C)), self.D))))

    def test_keywords_have_any_case_and_may_touch_brackets(self) -> None:
        assert asked("NOT(a)AND(b)Or(c)") == Or((And((Not(self.A), self.B)), self.C))

    def test_keywords_in_quotes_or_within_words_are_words(self) -> None:
        assert asked('"and" android "Not" or-else') == And(
            (Words((("and",),)), Words((("android",),)), Words((("not",),)), Words((("or-else",),)))
        )

    def test_not_may_be_repeated(self) -> None:
        assert asked("not not a") == Not(Not(self.A))


class TestWords:
    def test_a_text_in_quotes_is_words_that_follow_each_other(self) -> None:
        assert asked('"User: alice, (admin)"') == Words((("user",), ("alice",), ("admin",)))

    def test_a_text_without_quotes_is_cut_into_words_as_well(self) -> None:
        assert asked("10.0.0.0/8 key=a-b_c.d 'x'") == And(
            (Words((("10.0.0.0",), ("8",))), Words((("key",), ("a-b_c.d",))), Words((("x",),)))
        )

    def test_wildcards_are_parts_of_words(self) -> None:
        assert asked("*Instance? arn/*/x") == And((Words(((ANY, "instance", ONE),)), Words((("arn",), (ANY,), ("x",)))))

    def test_wildcards_in_quotes_or_behind_a_backslash_are_marks(self) -> None:
        assert asked(r'"a*" b\?') == And((Words((("a",),)), Words((("b",),))))

    def test_each_ideograph_is_a_word_and_a_star_beside_it_is_nothing(self) -> None:
        assert asked("日志* *日 日?") == And((Words((("日",), ("志",))), Words((("日",),)), Words((("日",), (ONE,)))))

    def test_a_text_without_a_word_is_refused(self) -> None:
        assert refusal("a '") == """expected a word to look for at line 1, column 3, found "'\""""

    @pytest.mark.parametrize("text", ["event.errorCode", "event.errorCode=x", "user=x", 'event.a."b c"', '"event".a'])
    def test_a_field_without_a_colon_is_refused(self, text: str) -> None:
        assert refusal(text).startswith('expected ":" and a value behind the name of a field at line 1, column ')


class TestNames:
    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("event.a.b", ("a", "b")),
            ('"event.a.b"', ("a", "b")),
            ('event.a."b.c".d', ("a", "b.c", "d")),
            ('"event"."a"', ("a",)),
            ('event." charset"', (" charset",)),
            ('event.""', ("",)),
            (r"event.a\.b", ("a.b",)),
            (r'event."\"\\"', ('"\\',)),
            ("event.日志", ("日志",)),
        ],
    )
    def test_dots_part_names_unless_quotes_or_a_backslash_say_otherwise(self, name: str, path: tuple[str, ...]) -> None:
        found = asked(f"{name} : *")

        assert isinstance(found, Exists)
        assert found.field.path == path
        assert asked(f"{found.field.name}: *") == found

    def test_blanks_around_a_colon_are_allowed(self) -> None:
        assert asked("event.a:x") == asked("event.a : x") == asked('"event.a":\n"x"') == equals("a", "x")

    def test_lookup_parameters_and_columns_of_text_are_fields(self) -> None:
        assert asked("serviceName: Ecs") == Equals(
            Field("serviceName", columns=("service_name", "event_source")), ("ecs",)
        )
        assert asked("user_agent: *") == Exists(Field("user_agent", columns=("user_agent",)))
        assert asked("region: x") == Equals(Field("region", columns=("region",)), ("x",))
        assert asked("sourceIpAddress: null") == IsNull(
            Field("sourceIpAddress", columns=("source_ip_address", "insight_object"))
        )

    @pytest.mark.parametrize("name", ["uid", "event", "event_time", "delivered_at", "mask_version"])
    def test_other_columns_are_none(self, name: str) -> None:
        assert name in EVENTS.names
        assert refusal(f"{name}: x").startswith(f"unknown field {name} at line 1, column 1; the nearest known one is ")

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [
            ("errorCod", "errorCode"),
            ("ServiceName", "serviceName"),
            ("acsRegion", "event.acsRegion"),
            ("userIdentity.type", "event.userIdentity.type"),
            ("evnt.errorCode", "event.errorCode"),
            ("Event.errorCode", "event.errorCode"),
            ("requestParamters.a", "event.requestParameters.a"),
            ("http", "event.http"),
            ("event", "event.eventName"),
        ],
    )
    def test_an_unknown_field_is_refused_and_the_nearest_one_named(self, name: str, nearest: str) -> None:
        assert refusal(f"a {name}: x") == (
            f"unknown field {name} at line 1, column 3; the nearest known one is {nearest}"
        )


class TestValues:
    @pytest.mark.parametrize(
        ("value", "pattern"),
        [
            ("Alice", ("alice",)),
            ('"A b*?\\"\\\\\\n"', ('a b*?"\\\\n',)),
            (r"a\ b\*\(c\)\"\\", ('a b*(c)"\\',)),
            ("http://x:80/?a=b", ("http://x:80/", ONE, "a=b")),
            ("::1", ("::1",)),
            ("*a**b?*", (ANY, "a", ANY, "b", ONE, ANY)),
            ('""', ()),
            ('"*"', ("*",)),
            ('"10.0.0.0/8"', ("10.0.0.0/8",)),
            ("10.0.0.0/x", ("10.0.0.0/x",)),
            ('"a:\nb"', ("a:\nb",)),
            ("a>b", ("a>b",)),
            ("in", ("in",)),
            ('"AND"', ("and",)),
            ("android", ("android",)),
            ("ΟΔΟΣ", ("οδοσ",)),
            ("%_$1", ("%_$1",)),
        ],
    )
    def test_a_value_is_a_text_whole(self, value: str, pattern: tuple[str | Wildcard, ...]) -> None:
        assert asked(f"event.a: {value}") == Equals(at("a"), pattern)

    @pytest.mark.parametrize("value", ["null", "NULL", '"Null"', r"n\ull"])
    def test_null_is_one_whatever_its_case(self, value: str) -> None:
        assert asked(f"event.a: {value}") == IsNull(at("a"))

    @pytest.mark.parametrize(
        ("value", "network"),
        [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ],
    )
    def test_a_range_of_addresses_without_quotes_is_a_network(self, value: str, network: str) -> None:
        assert asked(f"event.a: {value}") == InNetwork(at("a"), ip_network(network))

    def test_values_in_brackets_share_their_field(self) -> None:
        assert asked("event.a: (x or not (y* null) or > 5) event.b: (z)") == And(
            (
                Or(
                    (
                        equals("a", "x"),
                        Not(And((Equals(at("a"), ("y", ANY)), IsNull(at("a"))))),
                        InRange(at("a"), Decimal(5), None, includes_low=False),
                    )
                ),
                equals("b", "z"),
            )
        )


class TestRanges:
    FIVE, SIX = Decimal(5), Decimal(6)
    DAY = Instant(parse_micros("2026-01-02T00:00:00Z"))

    @pytest.mark.parametrize(
        ("text", "condition"),
        [
            ("> 5", InRange(at("a"), FIVE, None, includes_low=False)),
            (">=5", InRange(at("a"), FIVE, None)),
            ("<5", InRange(at("a"), None, FIVE, includes_high=False)),
            (": <= -1.5", InRange(at("a"), None, Decimal("-1.5"))),
            (" >2026-01-02", InRange(at("a"), DAY, None, includes_low=False)),
            (" < 2026-01-02T01:00:00.5+01:00", InRange(at("a"), None, Instant(DAY.micros + 500_000), True, False)),
            (' >= "2026-01-02T00:00:00Z"', InRange(at("a"), DAY, None)),
            (" in [5 6]", InRange(at("a"), FIVE, SIX)),
            (" IN ( 5\t6 )", InRange(at("a"), FIVE, SIX, includes_low=False, includes_high=False)),
            (" in[5 5)", InRange(at("a"), FIVE, FIVE, includes_high=False)),
            (" in (2026-01-02 2026-01-02]", InRange(at("a"), DAY, DAY, includes_low=False)),
        ],
    )
    def test_numbers_and_times_are_compared(self, text: str, condition: InRange) -> None:
        assert asked(f"event.a{text}") == condition

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("event.a > x", 'expected a number or a time behind ">" at line 1, column 11, found "x"'),
            ("event.a >", 'expected a number or a time behind ">" at line 1, column 10'),
            ("event.a > 1e5", 'expected a number or a time behind ">" at line 1, column 11, found "1e5"'),
            ("event.a < 2026-02-30", 'expected a number or a time behind "<" at line 1, column 11, found "2026-02-30"'),
            (
                "event.a < 2026-01-02T03:04:05",
                'expected a number or a time behind "<" at line 1, column 11, found "2026-01-02T03:04:05"',
            ),
            (
                "event.a < 0001-01-01T00:00:00+01:00",
                'expected a number or a time behind "<" at line 1, column 11, found "0001-01-01T00:00:00+"',
            ),
            (
                "event.a > " + "1" * 39,
                f'expected a number or a time behind ">" at line 1, column 11, found "{"1" * 20}"',
            ),
            ("event.a in [5 6", 'expected "]" or ")" behind the two bounds of a range at line 1, column 16'),
            ("event.a in [5]", 'expected a number or a time to end the range with at line 1, column 14, found "]"'),
            ("event.a in [6 5]", 'expected the smaller bound first at line 1, column 13, found "6"'),
            ("event.a in [5 2026-01-02]", 'expected two numbers or two times at line 1, column 13, found "5"'),
            ("event.a: in [5 6]", 'expected a condition at line 1, column 13, found "[5"'),
        ],
    )
    def test_what_is_no_bound_is_refused(self, text: str, message: str) -> None:
        assert refusal(text) == message


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("event.errorCode: ", 'expected a value behind "event.errorCode:" at line 1, column 18'),
            ("event.a: and b", 'expected a value behind "event.a:" at line 1, column 10, found "and"'),
            ("event.a: not b", 'expected a value behind "event.a:" at line 1, column 10, found "not"'),
            ("event.a: (x or)", 'expected a value behind "event.a:" at line 1, column 15, found ")"'),
            ("a and", "expected a condition at line 1, column 6"),
            ("a or or b", 'expected a condition at line 1, column 6, found "or"'),
            ("a and | select 1", 'expected a condition at line 1, column 7, found "|"'),
            ("()", 'expected a condition at line 1, column 2, found ")"'),
            ("(a\nor b", 'expected ")" at line 2, column 5'),
            ("(a | select 1", 'expected ")" at line 1, column 4, found "|"'),
            ("a )", 'expected and, or, | or the end at line 1, column 3, found ")"'),
            ("event.a: x]", 'expected and, or, | or the end at line 1, column 11, found "]"'),
            ('event.a: "x', "expected a closing quote at line 1, column 12"),
            ('event.a: x"y"', 'expected a blank behind a text at line 1, column 11, found ""y""'),
            ("a |  ", "expected SQL behind | at line 1, column 6"),
            ("a\\", 'expected a character behind \\ at line 1, column 2, found "\\"'),
            ("event.*: x", 'expected a field\'s name without wildcards at line 1, column 1, found "event.*:"'),
            (
                "event..a: x",
                "expected a field's name with something on both sides of each dot at line 1, column 1,"
                ' found "event..a:"',
            ),
        ],
    )
    def test_an_error_says_what_was_expected_and_where(self, text: str, message: str) -> None:
        assert refusal(text) == message

    def test_the_hint_says_which_bracket_is_not_closed(self) -> None:
        with pytest.raises(InvalidQuery) as refused:
            parse_query("a and\n (b or (c)")
        assert refused.value.hint == 'The "(" at line 2, column 2 is not closed.'

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("x" * 10_001, "expected a query of no more than 10000 characters, found 10001"),
            ("(" * 51 + "a" + ")" * 51, "expected no more than 50 brackets and nots inside each other"),
            ("not " * 51 + "a", "expected no more than 50 brackets and nots inside each other"),
            ("event.a: " + "(" * 51 + "a" + ")" * 51, "expected no more than 50 brackets and nots inside each other"),
            ("a " * 501, "expected no more than 500 conditions at line 1, column 1001"),
            ("event.a: (" + "a " * 501 + ")", "expected no more than 500 conditions at line 1, column 1011, found"),
            (
                "event.a: *" + "a" * 256,
                "expected no more than 256 characters in a text with wildcards at line 1, column 10",
            ),
            ("\ud800", "expected a text of whole characters, found half of a surrogate pair"),
        ],
    )
    def test_there_are_limits(self, text: str, message: str) -> None:
        assert refusal(text).startswith(message)

    def test_what_is_within_the_limits_is_understood(self) -> None:
        assert asked("(" * 50 + "a" + ")" * 50) == Words((("a",),))
        assert isinstance(asked("a " * 500), And)
        assert asked("event.a: " + "a" * 9_000) == equals("a", "a" * 9_000)

    @given(
        st.text() | st.lists(st.sampled_from([*'()[]"|\\:<>*?. \n', "and", "not", "in", "event.a", "5"])).map("".join)
    )
    def test_any_text_is_understood_or_refused(self, text: str) -> None:
        with contextlib.suppress(InvalidQuery):
            parse_query(text)


@given(conditions)
@example(Words((("event.a",),)))
@example(Words((("event.a", ANY),)))
@example(And((Words((("in",),)), Or((Words((("a",),)), Words((("b",),)))))))
def test_a_condition_that_is_written_as_text_is_read_again(condition: Condition) -> None:
    assert asked(write(condition)) == condition


@given(texts)
@example("' OR 1=1 --")
@example('" or event.a: *')
@example("\\")
@example("%_*?.+")
def test_a_text_in_quotes_can_say_nothing_but_itself(text: str) -> None:
    condition = asked(f"event.a: {quoted(text)} and event.b: x")

    assert isinstance(condition, And)
    value, other = condition.conditions
    assert other == equals("b", "x")
    assert value == IsNull(at("a")) if text.lower() == "null" else isinstance(value, Equals)
