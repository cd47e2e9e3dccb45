"""Who acted, as either cloud says it, and as nobody says it rightly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.events.principals import Principal, principal_of

FIELDS = ("type", "accountId", "principalId", "userName", "accessKeyId", "arn", "sessionContext", "invokedBy", "user")
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["AssumedRole", "assumed-role", "Root"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["sessionIssuer", "userName", "attributes"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def principal(identity: Any, **fields: Any) -> Principal:
    return principal_of({"userIdentity": identity, **fields})


@given(
    st.dictionaries(
        st.sampled_from(["userIdentity", "recipientAccountId", "additionalEventData"]),
        json_values | st.dictionaries(st.sampled_from(FIELDS), json_values),
    )
)
def test_whatever_an_identity_holds_each_field_is_a_text_or_none(fields: dict[str, Any]) -> None:
    who = principal_of(fields)

    for value in (who.account_id, who.user_name, who.user_type, who.principal_id, who.role_name, who.access_key_id):
        assert value is None or (isinstance(value, str) and value)


def test_a_ram_user() -> None:
    identity = {"type": "ram-user", "accountId": "1", "principalId": "28", "userName": "alice", "accessKeyId": "LTAI1"}

    assert principal(identity) == Principal("1", "alice", "ram-user", "28", None, "LTAI1")


def test_a_role_of_actiontrail_is_named_before_its_session() -> None:
    who = principal({"type": "assumed-role", "principalId": "3:u1", "userName": "deploy:u1", "accessKeyId": "STS.NU1"})

    assert (who.role_name, who.user_name, who.access_key_id) == ("deploy", "deploy:u1", "STS.NU1")


@pytest.mark.parametrize("name", [None, "", ":session", "null"])
def test_a_role_of_actiontrail_without_a_name_is_none(name: str | None) -> None:
    assert principal({"type": "assumed-role", "userName": name}).role_name is None


def test_a_role_of_cloudtrail_is_its_issuer_and_its_user_the_session() -> None:
    identity = {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:nightly",
        "arn": "arn:aws:sts::111122223333:assumed-role/ReportExport/nightly",
        "sessionContext": {"sessionIssuer": {"userName": "Issuer"}},
    }

    who = principal(identity)

    assert (who.role_name, who.user_name) == ("Issuer", "nightly")


@pytest.mark.parametrize(
    ("identity", "role", "user"),
    [
        ({"arn": "arn:aws:sts::1:assumed-role/R/s"}, "R", "s"),
        ({"arn": "arn:aws:sts::1:assumed-role/R", "principalId": "AROA:s"}, "R", "s"),
        ({"principalId": "AROA:s", "sessionContext": {"sessionIssuer": {"userName": "R"}}}, "R", "s"),
        ({"arn": "arn:aws:sts::1:assumed-role/R/s", "sessionContext": {"sessionIssuer": "broken"}}, "R", "s"),
        ({"arn": "arn:aws:sts::1:assumed-role/R/s", "sessionContext": ["broken"]}, "R", "s"),
        ({"principalId": "AROA"}, None, None),
    ],
)
def test_a_role_of_cloudtrail_is_read_from_what_there_is(
    identity: dict[str, Any], role: str | None, user: str | None
) -> None:
    who = principal({"type": "AssumedRole", **identity})

    assert (who.role_name, who.user_name) == (role, user)


@pytest.mark.parametrize("kind", ["Root", "root-account"])
def test_a_root_account_is_called_root(kind: str) -> None:
    assert principal({"type": kind, "arn": "arn:aws:iam::1:root"}).user_name == "root"
    assert principal({"type": kind, "userName": "owner"}).user_name == "owner"


@pytest.mark.parametrize("nothing", ["null", "NULL", "", "none", "-", None])
def test_a_key_or_a_name_that_says_nothing_is_none(nothing: str | None) -> None:
    who = principal({"type": "ram-user", "accessKeyId": nothing, "userName": nothing})

    assert (who.access_key_id, who.user_name) == (None, None)


def test_the_account_is_the_one_whose_trail_it_is() -> None:
    assert principal({"accountId": "1"}, recipientAccountId="2").account_id == "2"
    assert principal({"accountId": 1}).account_id == "1"
    assert principal({}).account_id is None


@pytest.mark.parametrize(
    ("identity", "extra", "expected"),
    [
        ({"arn": "arn:aws:iam::1:user/path/mallory"}, None, "mallory"),
        ({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, None, "autoscaling.amazonaws.com"),
        ({"arn": "arn:aws:iam::1:root"}, None, None),
        ({}, {"loginAccount": "alice@example"}, "alice@example"),
        ({"invokedBy": "x"}, {"UserName": "bob"}, "bob"),
        ({"user": "carol"}, ["broken"], "carol"),
        ({"userDisplayName": "Dave"}, None, "Dave"),
        ({}, None, None),
    ],
)
def test_an_actor_without_a_user_name_is_named_otherwise(
    identity: dict[str, Any], extra: Any, expected: str | None
) -> None:
    assert principal(identity, additionalEventData=extra).user_name == expected


@pytest.mark.parametrize("identity", [None, "alice", [], ["a"], 1, True])
def test_an_identity_that_is_none_names_nobody(identity: Any) -> None:
    assert principal(identity) == Principal(None, None, None, None, None, None)
