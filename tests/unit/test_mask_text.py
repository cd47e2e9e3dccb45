"""In free text the secret goes and the words around it stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.events.mask_text import hide_in_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # names and values
        ("password=hunter2&x=1", "password=***&x=1"),
        ("url=https://h/?token=abc,def&y=2", "url=https://h/?token=***&y=2"),
        ("Server=x;Password=a;b;Database=y", "Server=x;Password=***;Database=y"),
        ("pwd=a,b, c", "pwd=***, c"),
        ("(password=hun)ter)", "(password=***)"),
        ("{password=hunter2}", "{password=***}"),
        ("user[password]=x y", "user[password]=*** y"),
        ("spring.datasource.password=x", "spring.datasource.password=***"),
        ("password = hunter2", "password = ***"),
        ("password:\thunter2", "password:\t***"),
        ("token => 'x y'", "token => '***'"),
        ("password=b'abc' rest", "password=b'***' rest"),
        ('mysql --password="hun ter" -u x', 'mysql --password="***" -u x'),
        ("mysql --password hunter2 -u root", "mysql --password *** -u root"),
        ("mysql --password -u root", "mysql --password -u root"),
        ("the password hunter2", "the password hunter2"),
        ("https%3A%2F%2Fx%3Ftoken%3Dabc%26b%3D1", "https%3A%2F%2Fx%3Ftoken%3D***%26b%3D1"),
        ("%26token%3Dabc%26pass%3Dx", "%26token%3D***%26pass%3D***"),
        ("password: {a: 1, b: 2}, c", "password: {***}, c"),
        ("passwords=[a, b] c", "passwords=[***] c"),
        # JSON that is none, or no longer
        ("{'password': 'hun\"ter', 'x': 1}", "{'password': '***', 'x': 1}"),
        ('{"password":"hun\\"ter2","x":"tr', '{"password":"***","x":"tr'),
        ('{"x":1,"password":"hunt', '{"x":1,"password":"***'),
        ('{"password":1234,"x":NaN}', '{"password":***,"x":NaN}'),
        ('body: {\\"password\\": \\"hun\\\\\\"ter2\\", \\"x\\":1}', 'body: {\\"password\\": \\"***\\", \\"x\\":1}'),
        # what hides nothing
        ("password=null", "password=null"),
        ("password=***", "password=***"),
        ("password=", "password="),
        ("password= ", "password= "),
        ("secret: HIDDEN_DUE_TO_SECURITY_REASONS", "secret: HIDDEN_DUE_TO_SECURITY_REASONS"),
        ("hasPassword=true, x", "hasPassword=true, x"),
        # what only looks like it
        (
            "arn:aws:secretsmanager:us-east-1:1:secret:MySecret-abc",
            "arn:aws:secretsmanager:us-east-1:1:secret:MySecret-abc",
        ),
        ("nextToken=abc&clientToken: x", "nextToken=abc&clientToken: x"),
        ("AWSAccessKeyId=AKIA1&Signature=x", "AWSAccessKeyId=AKIA1&Signature=***"),
        ("GET https://example.com/token HTTP/1.1", "GET https://example.com/token HTTP/1.1"),
        # headers
        ("Authorization: Bearer abc def", "Authorization: ***"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=abc\nHost: h", "Authorization: ***\nHost: h"),
        ('curl -H "Authorization: Basic YTpiYzpk" https://x/', 'curl -H "Authorization: ***" https://x/'),
        ("curl -H 'Cookie: a=b; c=d' https://x/", "curl -H 'Cookie: ***' https://x/"),
        ("Cookie: a=b; c=d\r\nHost: x", "Cookie: ***\r\nHost: x"),
        ("BEARER abcdefgh1", "BEARER ***"),
        ("Basic YWxhZGRpbjpvcGVu", "Basic ***"),
        ("Basic authentication, bearer authorization.", "Basic authentication, bearer authorization."),
        # addresses
        ("postgres://u:p@ss:w@h:5432/db?x=1", "postgres://u:***@h:5432/db?x=1"),
        ("redis://:hunter2@h", "redis://:***@h"),
        ("http://u:p@h http://u2:p2@h2", "http://u:***@h http://u2:***@h2"),
        ("http://example.com:8080?email=joe@example.com", "http://example.com:8080?email=joe@example.com"),
        ("http://example.com:8080/joe@example.com", "http://example.com:8080/joe@example.com"),
        ("ssh://git@github.com/x", "ssh://git@github.com/x"),
        # shapes
        ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_d y", "x *** y"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx", "***"),
        ("eyJhbGciOiJSU0EifQ.a_b.c-d.e.f", "***"),
        ("eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9"),
        ("-----BEGIN PRIVATE KEY-----\na-b\n-----END PRIVATE KEY-----\nrest", "***\nrest"),
        (
            "-----BEGIN CERTIFICATE-----\nab\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nab\n-----END CERTIFICATE-----",
        ),
        ("https://ghp_0123456789abcdefghij@github.com", "https://***@github.com"),
    ],
)
def test_the_secret_goes_and_the_rest_stays(text: str, expected: str) -> None:
    assert hide_in_text(text) == expected
    assert hide_in_text(expected) == expected


@given(st.text(max_size=60))
def test_hiding_twice_is_hiding_once(text: str) -> None:
    once = hide_in_text(text)

    assert hide_in_text(once) == once
