"""issue_token and authorize_request: a token is shown once, kept as a hash, and opens only what it says."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from tests.functions.deployment import LAKE, Deployment, sample
from tests.functions.interruption import Fault, interrupted
from trailkeep.access.keys import secret_key

METHOD = "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/live/GET/v1/events"


def issue(deployment: Deployment, **wishes: Any) -> dict[str, Any]:
    issued: dict[str, Any] = deployment.invoke("issue_token", wishes)
    return issued


def ask(deployment: Deployment, headers: dict[str, str] | None) -> dict[str, Any]:
    event = {**sample("authorize_request/bearer.json"), "headers": headers, "methodArn": METHOD}
    answer: dict[str, Any] = deployment.invoke("authorize_request", event)
    return answer


def assert_refused(deployment: Deployment, headers: dict[str, str] | None) -> None:
    # The one text that API Gateway turns into 401.
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(deployment, headers)


def record_of(deployment: Deployment, token_id: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(deployment.body(f"state/tokens/{token_id}.json"))
    return record


def edit(deployment: Deployment, token_id: str, **changes: Any) -> None:
    record = {**record_of(deployment, token_id), **changes}
    deployment.s3.put_object(Bucket=LAKE, Key=f"state/tokens/{token_id}.json", Body=json.dumps(record).encode())


@pytest.fixture
def issued(deployment: Deployment) -> dict[str, Any]:
    return issue(deployment)


def bearer(issued: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {issued['token']}"}


# Issuing


def test_the_first_token_may_do_everything(deployment: Deployment, issued: dict[str, Any]) -> None:
    assert set(issued) == {"token", "tokenId", "scopes"}
    assert issued["scopes"] == ["admin", "download", "ingest", "view"]
    assert re.fullmatch(r"tk_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}", issued["token"])
    assert issued["tokenId"] in issued["token"]


def test_a_token_has_the_name_and_scopes_that_it_was_issued_with(deployment: Deployment) -> None:
    issued = issue(deployment, name="orders: ingest", scopes=["ingest", "ingest"])

    assert issued["scopes"] == ["ingest"]
    context = ask(deployment, bearer(issued))["context"]
    assert (context["name"], context["scopes"]) == ("orders: ingest", "ingest")


def test_no_secret_is_in_any_byte_that_is_kept_or_logged(deployment: Deployment, log_lines: Any) -> None:
    issued = issue(deployment)
    secret = issued["token"].split("_")[2][:32]

    ask(deployment, bearer(issued))
    for encoded in (secret, base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]):
        for key, body in deployment.objects().items():
            assert encoded not in key
            assert encoded.encode() not in body
        assert encoded not in str(log_lines())
    assert issued["tokenId"] in str(log_lines())
    assert set(record_of(deployment, issued["tokenId"])) == {
        "tokenId", "name", "scopes", "accounts", "regions", "scanBytesPerDay", "createdAt", "expiresAt", "hash",
    }  # fmt: skip


def test_two_tokens_differ_in_every_part(deployment: Deployment) -> None:
    first, second = issue(deployment), issue(deployment)

    for one, other in zip(first["token"].split("_")[1:], second["token"].split("_")[1:], strict=True):
        assert one != other
        assert one[-6:] != other[-6:]
    records = [record_of(deployment, issued["tokenId"]) for issued in (first, second)]
    assert records[0]["hash"] != records[1]["hash"]
    assert len(deployment.keys("state/tokens/")) == 2


@pytest.mark.parametrize(
    "wishes",
    [
        {"name": ""},
        {"name": "x" * 65},
        {"name": "line\nbreak"},
        {"name": "<script>"},
        {"name": 5},
        {"name": None},
        {"scopes": []},
        {"scopes": ["root"]},
        {"scopes": ["admin", "*"]},
        {"scopes": "admin"},
        {"scopes": None},
        {"scopes": {"admin": True}},
        {"scopes": [["admin"]]},
        {"scopes": [5]},
        {"scanBytesPerDay": -1},
        {"scanBytesPerDay": 1.5},
        {"scanBytesPerDay": "5"},
        {"scanBytesPerDay": True},
        {"scanBytesPerDay": 2**53},
        {"scanBytesPerDay": [5]},
    ],
    ids=str,
)
def test_a_token_that_cannot_be_is_not_issued(deployment: Deployment, wishes: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"name must|scopes must|scanBytesPerDay must"):
        issue(deployment, **wishes)
    assert deployment.keys() == []


# Using


def test_a_token_opens_the_call_that_it_was_sent_with_and_no_other(
    deployment: Deployment, issued: dict[str, Any]
) -> None:
    answer = ask(deployment, bearer(issued))

    assert answer["principalId"] == issued["tokenId"]
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement == {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": METHOD}
    assert all(isinstance(value, str) for value in answer["context"].values())
    assert issued["token"] not in json.dumps(answer)


def test_what_the_authorizer_says_is_what_the_functions_understand(deployment: Deployment) -> None:
    issued = issue(deployment, name="viewer", scopes=["view"])
    edit(deployment, issued["tokenId"], accounts=["1", "2"], regions=["cn-hangzhou"])

    me = deployment.get("/v1/me", who=ask(deployment, bearer(issued))["context"])

    assert me.body == {
        "tokenId": issued["tokenId"],
        "name": "viewer",
        "scopes": ["view"],
        "accounts": ["1", "2"],
        "regions": ["cn-hangzhou"],
        "scanBytesPerDay": None,
    }


@pytest.mark.parametrize("budget", [0, 5_000_000_000, 2**53 - 1])
def test_how_much_a_token_may_scan_in_a_day_is_told_to_its_bearer(deployment: Deployment, budget: int) -> None:
    issued = issue(deployment, scopes=["view"], scanBytesPerDay=budget)

    me = deployment.get("/v1/me", who=ask(deployment, bearer(issued))["context"])

    assert me.body["scanBytesPerDay"] == budget


def test_a_token_of_before_there_were_budgets_has_none(deployment: Deployment, issued: dict[str, Any]) -> None:
    record = record_of(deployment, issued["tokenId"])
    del record["scanBytesPerDay"]
    deployment.s3.put_object(
        Bucket=LAKE, Key=f"state/tokens/{issued['tokenId']}.json", Body=json.dumps(record).encode()
    )

    assert deployment.get("/v1/me", who=ask(deployment, bearer(issued))["context"]).body["scanBytesPerDay"] is None


@pytest.mark.parametrize("name", ["authorization", "AUTHORIZATION", "Authorization"])
def test_the_name_of_the_header_may_be_written_in_any_case(
    deployment: Deployment, issued: dict[str, Any], name: str
) -> None:
    assert ask(deployment, {name: f"Bearer {issued['token']}"})["principalId"] == issued["tokenId"]


@pytest.mark.parametrize(
    "form",
    [
        "{token}",
        "bearer {token}",
        "Basic {token}",
        "Bearer  {token}",
        " Bearer {token}",
        "Bearer {token} ",
        "Bearer\t{token}",
        "Bearer {token}\n",
        "Bearer {token},Bearer {token}",
        "Bearer {token} {token}",
        'Bearer "{token}"',
        "Bearer tk_{token}",
        "Bearer {token}=",
        "Bearer %74k{token}",
        "Bearer ",
        "Bearer",
        "",
        "Bearer tk_",
        "Bearer tk__",
        "Bearer " + "x" * 100_000,
        "Bearer tk_ÄÄÄÄÄÄÄÄÄÄÄÄ_" + "0" * 38,
        "Bearer tk_../../../x/_" + "0" * 38,
    ],
)
def test_only_one_form_of_the_header_is_taken(deployment: Deployment, issued: dict[str, Any], form: str) -> None:
    assert_refused(deployment, {"Authorization": form.replace("{token}", issued["token"])})


@pytest.mark.parametrize("headers", [None, {}, {"Authorisation": "x"}, {"Cookie": "token"}, {"X-Api-Key": "token"}])
def test_a_request_without_the_header_is_refused(deployment: Deployment, headers: dict[str, str] | None) -> None:
    assert_refused(deployment, headers)


def test_a_token_elsewhere_than_in_its_header_is_not_taken(deployment: Deployment, issued: dict[str, Any]) -> None:
    assert_refused(deployment, {"Cookie": f"Authorization=Bearer {issued['token']}", "X-Token": issued["token"]})
    event = {**sample("authorize_request/bearer.json"), "headers": {}}
    event["queryStringParameters"] = {"Authorization": f"Bearer {issued['token']}", "token": issued["token"]}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        deployment.invoke("authorize_request", event)


def test_a_token_with_any_character_changed_is_refused(deployment: Deployment, issued: dict[str, Any]) -> None:
    token = issued["token"]
    for place, old in enumerate(token):
        changed = token[:place] + ("x" if old != "x" else "y") + token[place + 1 :]
        assert_refused(deployment, {"Authorization": f"Bearer {changed}"})


def test_a_wrong_checksum_is_refused_without_asking_the_store(deployment: Deployment, issued: dict[str, Any]) -> None:
    changed = issued["token"][:-1] + ("x" if issued["token"][-1] != "x" else "y")
    with interrupted(0, Fault.UNAVAILABLE) as calls:
        assert_refused(deployment, {"Authorization": f"Bearer {changed}"})
    assert "GetObject" not in calls


def test_a_wrong_secret_and_an_unknown_id_are_refused_alike(deployment: Deployment, issued: dict[str, Any]) -> None:
    """Both have the right form and checksum: the secret of another token, and a token whose record is gone."""
    other = issue(deployment)
    edit(deployment, issued["tokenId"], hash=record_of(deployment, other["tokenId"])["hash"])
    assert_refused(deployment, bearer(issued))

    deployment.s3.delete_object(Bucket=LAKE, Key=f"state/tokens/{other['tokenId']}.json")
    assert_refused(deployment, bearer(other))


def test_the_hash_is_worth_nothing_under_another_pepper(
    deployment: Deployment, issued: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_key.cache_clear()
    monkeypatch.setenv("TOKEN_PEPPER_SECRET", "trailkeep-cursor-key")
    try:
        assert_refused(deployment, bearer(issued))
    finally:
        secret_key.cache_clear()


@pytest.mark.parametrize(
    ("expires", "is_open"),
    [
        (None, True),
        ("2026-03-10T12:00:01Z", True),
        ("2026-03-10T12:00:00Z", False),
        ("2026-03-10T20:00:00+08:00", False),
        ("2026-03-10T20:00:01+08:00", True),
        ("2020-01-01T00:00:00Z", False),
    ],
)
def test_a_token_ends_when_it_expires(
    deployment: Deployment, issued: dict[str, Any], expires: str | None, is_open: bool
) -> None:
    edit(deployment, issued["tokenId"], expiresAt=expires)

    if is_open:
        assert ask(deployment, bearer(issued))
    else:
        assert_refused(deployment, bearer(issued))


def test_a_revoked_token_is_refused_at_once(deployment: Deployment, issued: dict[str, Any]) -> None:
    assert ask(deployment, bearer(issued))
    deployment.s3.delete_object(Bucket=LAKE, Key=f"state/tokens/{issued['tokenId']}.json")

    assert_refused(deployment, bearer(issued))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"[]", b"\xff", b'{"hash": null, "expiresAt": null}', b'{"hash": "", "expiresAt": ""}'],
)
def test_a_damaged_record_opens_nothing(deployment: Deployment, issued: dict[str, Any], body: bytes) -> None:
    deployment.s3.put_object(Bucket=LAKE, Key=f"state/tokens/{issued['tokenId']}.json", Body=body)

    with pytest.raises(Exception, match=r"."):
        ask(deployment, bearer(issued))


def test_a_store_that_fails_opens_nothing_and_does_not_say_unauthorized(
    deployment: Deployment, issued: dict[str, Any]
) -> None:
    """The caller's token may be good: it must not be told to throw it away."""
    with interrupted(1, Fault.UNAVAILABLE), pytest.raises(Exception, match="did not answer"):
        ask(deployment, bearer(issued))
    assert ask(deployment, bearer(issued))
