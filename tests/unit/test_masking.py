"""No secret passes, however its name is written and wherever it stands; all else stays as it is, byte by byte."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.unit.json_texts import Writer, compact, texts, writers
from tests.unit.secrets import (
    CANARY,
    SHAPES,
    by_name,
    differs_only_by_masks,
    escaped,
    in_base64,
    in_text,
    nested,
    secret_names,
    spelled,
)
from trailkeep.events.mask_clues import is_innocent, names_in, shapes_in
from trailkeep.events.mask_names import is_secret_name, normal_form
from trailkeep.events.mask_rules import (
    ALREADY_HIDDEN,
    MASK,
    SECRET_NAMES,
    SECRET_SUFFIXES,
)
from trailkeep.events.masking import Masked, _mask, mask

FRAGMENTS = (
    "password", "token", "secret", "pwd", "otp", "signature", "Authorization", "cookie", "apiKey", "userData",
    "name", "value", "key", "Value", "=", " ", ":", ": ", '="', '"', "'", "%3D", "%26", "%20", "&", ";", ",", "{", "}",
    "[", "]", "\\", "//", "://", "@", "user:", "--", "\n", "\t", "Bearer ", "Basic ", "eyJ", "eyJh.", ".eyJ", "ewog",
    "ghp_", "xoxb-", "-----", "BEGIN ", "PRIVATE KEY", "***", "a", "1", "é", "ｐ", "\u0301", "\u200b",
    "hunter2hunter2hunter2", "AKIA0000000000000000",
)  # fmt: skip
noisy = st.lists(st.sampled_from(FRAGMENTS), max_size=10).map("".join)
suspicious = st.recursive(
    noisy | texts | st.integers() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(noisy, inner, max_size=3)
        | inner.map(json.dumps)
        | inner.map(in_base64)
    ),
    max_leaves=8,
)

harmless = st.dictionaries(
    st.text('abxyz 019{}[]",\\é', max_size=12),
    st.recursive(
        st.text('abxyz 019{}[]",\\é:/=@', max_size=12),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abz", max_size=4), inner, max_size=4),
        max_leaves=10,
    ),
    max_size=5,
)
"""Of letters that form no secret's name, in all the structure that there is."""


def is_hidden(text: bytes) -> bool:
    return CANARY.encode() not in text


def read(masked: Masked) -> Any:
    return json.loads(masked.text)


@given(harmless, writers)
def test_what_holds_no_secret_stays_byte_by_byte(record: dict[str, Any], write: Writer) -> None:
    text = write({"resourceName": "secret-of-mine", "nextToken": "abc", "passwordPolicy": {"min": 8}, **record})

    assert mask(text) == Masked(text, 0)


@settings(max_examples=400)
@given(st.dictionaries(noisy, suspicious, max_size=4), writers)
@example({"a": "https://user:pass@host"}, lambda value: compact(value).replace(b"/", b"\\/"))
@example({"p\nwd": "x"}, compact)
@example({"p\\wd": "x"}, compact)
@example({"ｐｗｄ": "x"}, compact)
@example({"to\nke\\n": "x"}, compact)
@example({"a": "%26pass=x"}, compact)
def test_the_fast_way_lets_nothing_pass_that_the_full_search_would_mask(record: Any, write: Writer) -> None:
    text = write(record)

    try:
        full = _mask(text, 4)
    except ValueError:
        assert not is_innocent(text)
    else:
        assert full.count == 0 or not is_innocent(text)


@settings(max_examples=300)
@given(st.dictionaries(st.text(max_size=5), suspicious, max_size=4), writers)
def test_masking_a_masked_text_changes_nothing(record: Any, write: Writer) -> None:
    try:
        once = mask(write(record))
    except ValueError:
        assume(False)

    assert mask(once.text) == Masked(once.text, 0)
    assert differs_only_by_masks(read(once), record)


@given(st.data(), secret_names, st.integers(0, 6))
def test_a_secret_name_is_known_in_every_spelling_and_at_any_depth(data: st.DataObject, name: str, depth: int) -> None:
    key = data.draw(escaped(data.draw(spelled(name))))
    text = f'{{"before":1, {key} : "{CANARY}" ,"behind":[2]}}'
    for _ in range(depth):
        text = data.draw(st.sampled_from([f'{{"x":{text}}}', f"[0,{text},{{}}]", f'{{"a":[],"value":{text}}}']))

    masked = mask(f'{{"e":{text}}}'.encode())

    assert is_hidden(masked.text)
    assert masked.count == 1
    assert masked.text == f'{{"e":{text}}}'.replace(f'"{CANARY}"', f'"{MASK}"').encode(), "and nothing else is touched"


@pytest.mark.parametrize("name", sorted(SECRET_NAMES | set(SECRET_SUFFIXES)))
def test_every_name_of_a_secret_is_masked_in_every_place(name: str) -> None:
    for document in by_name(name, CANARY):
        for written in (document, [document], {"json": nested(document, 1)}, {"json": nested(document, 3)}):
            masked = mask(compact({"x": written}))

            assert is_hidden(masked.text), document
            assert masked.count
    assert is_hidden(mask(compact({"x": in_base64({"a": {name: CANARY}})})).text)


@given(st.data(), secret_names)
def test_a_secret_name_is_known_in_texts(data: st.DataObject, name: str) -> None:
    name = data.draw(spelled(name, plain=True))
    for text in in_text(name, CANARY):
        for written in (text, nested({"deep": text}, 1), nested(text, 2)):
            masked = mask(compact({"message": written}))

            assert is_hidden(masked.text), written
            assert mask(masked.text) == Masked(masked.text, 0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("before", ["", "failed: ", '{"x": "', "a=b&", "\t"])
@pytest.mark.parametrize("behind", ["", " end", '"}', "\nnext"])
def test_secrets_that_show_themselves_are_masked_anywhere(shape: str, before: str, behind: str) -> None:
    for document in ({"m": before + shape + behind}, {"m": [nested({"n": before + shape + behind}, 1)]}, {shape: 1}):
        masked = mask(compact(document))

        assert is_hidden(masked.text), document
        assert mask(masked.text) == Masked(masked.text, 0)


@pytest.mark.parametrize("secret", [1234, -1.5, 10**30, "x", "true", " ", "{}", 'a"b\\c', "\u0000"])
def test_a_secret_is_hidden_whatever_its_kind(secret: object) -> None:
    assert read(mask(compact({"pin": 1, "password": secret}))) == {"pin": 1, "password": MASK}


@pytest.mark.parametrize("nothing", [None, True, False, "", "*", "****", MASK, *sorted(ALREADY_HIDDEN)])
def test_what_hides_nothing_or_is_hidden_stays(nothing: object) -> None:
    for document in (
        {"password": nothing},
        {"name": "Cookie", "value": nothing},
        {"credentials": {"sessionToken": nothing}},
    ):
        assert mask(compact(document)) == Masked(compact(document), 0)


IDENTIFIERS = [
    {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE", "expiration": "x"}},
    {"accessKeyId": "LTAI5tQuirkExample000001", "token": None},
    {"accessKeyId": "STS.NUgYrLnoC37mZZCNnAbez", "principalId": "AROAEXAMPLE:session"},
    {"secretId": "prod/db/password", "secretName": "token", "name": "my-secret", "secretArn": "arn:aws:x:secret:y"},
    {"arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/password-AbCdEf"},
    {"nextToken": "abc", "NextToken": "x", "clientToken": "c", "clientRequestToken": "r", "continuationToken": "t"},
    {"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f", "maxTokens": 100, "tokenCount": 3},
    {
        "passwordPolicy": {"minimumPasswordLength": 8},
        "passwordLastUsed": "2026-03-01T00:00:00Z",
        "passwordResetRequired": True,
    },
    {"userAgent": "aws-cli/2.15.30 Python/3.11.6 cfg/retry-mode=standard", "sourceIPAddress": "192.0.2.1"},
    {"signatureVersion": "SigV4", "authenticationMethod": "AuthHeader", "authorizationType": "IAM", "tokenType": "JWT"},
    {"errorMessage": "The security token included in the request is invalid."},
    {"errorMessage": "User: arn:aws:iam::1:user/a is not authorized to perform: secretsmanager:GetSecretValue on: x"},
    {"errorMessage": "HTTP Basic authentication failed. Bearer authentication is required, basic information: none"},
    {"publicKey": "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----", "keyId": "alias/token"},
    {"url": "https://example.com:8080/path?email=joe@example.com&region=x", "mail": "mailto:joe@example.com"},
    {"tags": [{"key": "Name", "value": "password-reset"}, {"key": "team", "value": "tokens"}]},
    {"filters": [{"name": "resource-name", "values": ["secret/1"]}]},
    {"eventName": "GetSecretValue", "eventSource": "secretsmanager.amazonaws.com", "resourceName": "cookie,otp"},
]


@pytest.mark.parametrize("document", IDENTIFIERS)
def test_identifiers_and_words_survive(document: dict[str, Any]) -> None:
    for written in (compact(document), compact({"json": json.dumps(document)}), compact([document])):
        assert mask(written) == Masked(written, 0)
        assert _mask(written, 4) == Masked(written, 0), "not only the fast way lets them pass"


@given(harmless)
def test_bytes_around_a_secret_are_not_touched(value: Any) -> None:
    around = json.dumps(value, indent=1)
    text = f'{{ "a":{around} , "password"\t: "{CANARY}","b" :{around}}}'

    masked = mask(text.encode()).text.decode()

    assert masked.startswith(text[: text.index(CANARY)])
    assert masked.endswith(text[text.index(CANARY) + len(CANARY) :])


def test_in_a_string_only_the_secret_goes() -> None:
    document = {"message": f"POST https://h/?a=ü&token={CANARY}&b=2 by joe\nCookie: x={CANARY}\nstatus 200"}

    assert read(mask(compact(document))) == {
        "message": f"POST https://h/?a=ü&token={MASK}&b=2 by joe\nCookie: {MASK}\nstatus 200"
    }


def test_two_keys_that_would_become_one_are_refused() -> None:
    with pytest.raises(ValueError, match="two keys"):
        mask(compact({"Bearer abcdefgh1": 1, "Bearer abcdefgh2": 2}))


@pytest.mark.parametrize("text", [b'{"password":"x"', b'"password":"x"}', b'{"password":["x"}}', b'{"password":"x"}]'])
def test_what_is_no_json_is_not_masked_but_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="bracket"):
        mask(text)


def test_json_deeper_than_any_parser_goes_is_searched_as_text() -> None:
    deep = "[" * 5000 + f'{{"password":"{CANARY}"}}' + "]" * 5000

    assert is_hidden(mask(compact({"body": deep})).text)


def test_texts_in_texts_are_searched_without_end() -> None:
    for depth in range(8):
        assert is_hidden(mask(compact({"body": nested({"x": {"password": CANARY}}, depth)})).text), depth


def test_every_name_of_a_secret_is_compared_in_its_normal_form() -> None:
    names = SECRET_NAMES | set(SECRET_SUFFIXES)

    assert [name for name in names if name != normal_form(name) or not is_secret_name(name)] == []
    assert [name for name in names if not names_in(f'"{name}"'.encode())] == []


def test_characters_that_the_fast_way_takes_for_no_letters_are_none() -> None:
    passed = [
        chr(code) for code in range(128, 0x110000) if not 0xD800 <= code < 0xE000 and not shapes_in(chr(code).encode())
    ]

    assert len(passed) > 20_000, "Chinese passes"
    assert [char for char in passed if re.search(r"[A-Za-z0-9\s]", unicodedata.normalize("NFKD", char).lower())] == []
    assert not re.search(r"\s", "".join(passed))


HOSTILE = (
    "a", "eyJ", "eyJa.", ".eyJ", "_eyJ", "x=eyJ", "://:", "://a", "://a:b", "a://", "a@", "@", "=", "a=", ";a", ",a",
    "a,b=", "otp=;", ",password", "token=", "password:", "password= '", "password='", 'password=\\"', "token:[ ",
    "a: b ", "token:{ ", "Cookie: ", "'", '"', '\\"', "\\\\", "{", "[", "}]", '{"a":', "-", "--", "--a ", "-----",
    "-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----", "%3D", "%26", "Bearer ", "basic+", "Basic YTpi ", "ghp_",
    "xoxb-", "xoxb", "é", "\u0301", "a.b-c_d[e]", "    ",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_no_text_takes_a_time_out_of_proportion(unit: str) -> None:
    def seconds(size: int) -> float:
        repeated = unit * (size // len(unit))
        text = compact({"a": f"password {repeated}", "b": f"token={repeated}", repeated: 1})
        started = time.process_time()
        _mask(text, 4)
        return time.process_time() - started

    small, large = (min(seconds(size) for _ in range(2)) for size in (2_000, 16_000))

    assert large < 25 * max(small, 0.0005), "8 times the text; in square, it would take 64 times as long"
