"""What was acted on: two lists, position by position, however a cloud wrote them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.events.resources import resources_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.text("a,; ", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ARN", "arn", "type", "resourceType", "name", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["resourceType", "resourceName", "referencedResources", "resources"]), json_values)
)
def test_whatever_a_record_holds_each_name_has_its_type_and_stands_once(fields: dict[str, Any]) -> None:
    types, names = resources_of(fields)

    assert len(types) == len(names) == len(set(zip(types, names, strict=True)))
    assert all(isinstance(name, str) and name and name == name.strip() for name in names)
    assert all(isinstance(kind, str) for kind in types)


words = st.text("abc:-", min_size=1, max_size=5)


@given(st.dictionaries(words, st.lists(words, min_size=1, max_size=3, unique=True), min_size=1, max_size=4))
def test_lists_and_references_of_the_same_resources_say_the_same(groups: dict[str, list[str]]) -> None:
    joined = {"resourceType": ";".join(groups), "resourceName": ";".join(map(",".join, groups.values()))}
    expected = [(kind, name) for kind, names in groups.items() for name in names]

    for fields in (joined, {"referencedResources": groups}, {**joined, "referencedResources": groups}):
        assert list(zip(*resources_of(fields), strict=True)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"resourceType": "T"}, []),
        ({"resourceName": "a"}, [("", "a")]),
        ({"resourceType": "T", "resourceName": "a,b"}, [("T", "a"), ("T", "b")]),
        ({"resourceType": "T;U", "resourceName": "a,b;c"}, [("T", "a"), ("T", "b"), ("U", "c")]),
        ({"resourceType": "T", "resourceName": "a;b"}, [("T", "a"), ("T", "b")]),
        ({"resourceType": "T;U", "resourceName": "a"}, [("T", "a")]),
        ({"resourceType": "T; U", "resourceName": " a , ,;;b "}, [("T", "a"), ("U", "b")]),
        ({"resourceType": None, "resourceName": 7}, [("", "7")]),
        ({"resourceType": ["T"], "resourceName": {"a": 1}}, []),
        ({"referencedResources": {"T": ["a", None, 1, ["x"]], "U": "b"}}, [("T", "a"), ("T", "1"), ("U", "b")]),
        ({"referencedResources": ["a"]}, []),
        ({"resources": [{"ARN": "arn:1", "type": "AWS::S3::Bucket"}]}, [("AWS::S3::Bucket", "arn:1")]),
        ({"resources": [{"arn": "x"}, {"type": "T"}, "y", None]}, [("", "x")]),
        ({"resources": [{"resourceType": "T", "resourceName": "n"}, {"name": "m"}]}, [("T", "n"), ("", "m")]),
        ({"resources": {"ARN": "x"}}, []),
    ],
)
def test_forms_of_resources(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    types, names = resources_of(fields)

    assert list(zip(types, names, strict=True)) == expected
