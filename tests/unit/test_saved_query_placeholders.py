"""Placeholders in the text of a query: which are some, which are not, and what takes their places."""

from __future__ import annotations

import pytest

from trailkeep.errors import InvalidQuery
from trailkeep.saved_queries.placeholders import fill, placeholders


def names(text: str) -> list[tuple[str, bool]]:
    return [(place.name, place.in_sql) for place in placeholders(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("event.a: 1", []),
        ("event.a: {{x}}", ["x"]),
        ("event.a:{{x}}", ["x"]),
        ("event.a: ({{x}} or {{y}})", ["x", "y"]),
        ("event.a >={{low}} and event.a<{{high}}", ["low", "high"]),
        ("event.a in [{{low}} {{high}}]", ["low", "high"]),
        ("{{x}}", ["x"]),
        ("({{x}})\n{{x}}", ["x", "x"]),
        # Texts like any other.
        ('event.a: "{{x}}"', []),
        (r'event.a: "\"{{x}}"', []),
        (r"event.a: \{{x}}", []),
        (r"event.a: \"{{x}}\"", None),
        ('event."a {{x}}".b: {{y}}', ["y"]),
    ],
)
def test_placeholders_are_found_where_a_value_stands(text: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(InvalidQuery, match="expected blanks around"):
            placeholders(text)
    else:
        assert names(text) == [(name, False) for name in expected]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a where a = {{x}}", ["x"]),
        ("select a where a in ({{x}},{{y}}) and b > {{from}}", ["x", "y", "from"]),
        ("select a limit {{n}}", ["n"]),
        ("select '{{x}}'", []),
        ("select '''{{x}}'''", []),
        ('select "{{x}}"', []),
        ("select a -- {{x}}\n, {{y}}", ["y"]),
        ("select a /* {{x}} */, {{y}}", ["y"]),
        ("select a /* /* {{x}} */, {{y}}", ["y"]),
        ("select a {# {{x}} #}, {{y}}", ["y"]),
        ("select a where a = {{ x }}", []),
        ("select a where a = 'it''s' and b = {{x}}", ["x"]),
    ],
)
def test_in_sql_they_are_found_as_its_parser_reads_it(sql: str, expected: list[str]) -> None:
    assert names(f"event.a: {{{{first}}}} | {sql}") == [("first", False), *((name, True) for name in expected)]


def test_a_pipe_in_quotes_begins_no_sql() -> None:
    assert names('"a | b" and event.a: "|" and event.b: \\| and {{x}} | select {{y}}') == [("x", False), ("y", True)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("event.a: x{{y}}", "expected blanks around {{y}}, which stands for a whole value at line 1, column 11"),
        ("event.a: {{y}}*", "expected blanks around {{y}}"),
        ("event.a: *{{y}}", "expected blanks around {{y}}"),
        ("{{a}}{{b}}", "expected blanks around {{a}}"),
        ('event.a: "b"{{y}}', "expected blanks around {{y}}"),
        ("{{y}}.b: 1", "expected blanks around {{y}}"),
        ("{{field}}: 1", "expected blanks around {{field}}"),
        ("a\nb {{}}", "expected a parameter such as {{name}}: a letter, then letters and digits at line 2, column 3"),
        ("{{1}}", "expected a parameter such as"),
        ("{{ x }}", "expected a parameter such as"),
        ("{{é}}", "expected a parameter such as"),
        (f"{{{{{'a' * 33}}}}}", "expected a parameter such as"),
        ("a {{b", "expected a parameter such as {{name}} at line 1, column 3"),
        ('a "b {{c}}', "expected a closing quote for this one at line 1, column 3"),
        ("* | select x{{y}}", "expected blanks around {{y}}, which stands for a whole value at line 1, column 13"),
        ("* | select 'a'{{y}}", "expected blanks around {{y}}"),
        ("* | select {{y}}'a'", "expected blanks around {{y}}"),
        ("* | select -{{y}}", "expected blanks around {{y}}"),
        ("* | select 'a", "expected SQL whose quotes and comments have an end at line 1, column 4"),
    ],
)
def test_what_stands_for_no_value_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        placeholders(text)
    assert message in refused.value.message


def test_other_texts_take_their_places_and_nothing_else_changes() -> None:
    text = 'a: {{x}}  or\n("{{x}}" {{y}}) | select {{x}} '
    values = {place: f"<{place.name}>" for place in placeholders(text)}

    assert fill(text, values) == 'a: <x>  or\n("{{x}}" <y>) | select <x> '
    assert fill(text, {}) == text
