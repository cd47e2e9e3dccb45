"""Secrets as tests hide them: under names in every spelling, in objects, pairs, texts and texts inside of texts."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from trailkeep.events.mask_rules import MASK, NAME_KEYS, SECRET_NAMES, SECRET_SUFFIXES, VALUE_KEYS

CANARY = "hunter2canary"
"""What no masked text may hold."""

secret_names = st.sampled_from(sorted(SECRET_NAMES | set(SECRET_SUFFIXES)))


@st.composite
def spelled(draw: st.DrawFn, name: str, *, plain: bool = False) -> str:
    """A name in another spelling: other cases and separators and, unless ``plain``, other forms of its letters."""
    letters = []
    for letter in name:
        forms = [letter, letter.upper()]
        if not plain:
            forms += [chr(ord(letter) - ord("a") + ord("ａ")), letter + "\u0301", letter + "\u200b"]
        letters.append(draw(st.sampled_from(forms)) + draw(st.sampled_from(["", "", "", "_", "-", "."])))
    return "".join(letters) + draw(st.sampled_from(["", "", "2"]))


@st.composite
def escaped(draw: st.DrawFn, value: str) -> str:
    """A JSON string for a text, some of its characters written as escapes."""
    written = []
    for character in value:
        units = character.encode("utf-16-be")
        escape = "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2))
        written.append(draw(st.sampled_from([json.dumps(character, ensure_ascii=False)[1:-1], escape])))
    return f'"{"".join(written)}"'


def by_name(name: str, secret: Any) -> list[dict[str, Any]]:
    """The ways in which an object holds a secret under a name."""
    return [
        {name: secret},
        {name: [1, secret, {"x": secret}]},
        {name: {"a": {"b": secret}, "c": [secret]}},
        *({"z": 1, key.title(): name, value: secret} for key in sorted(NAME_KEYS) for value in sorted(VALUE_KEYS)),
        {"value": [secret, {"x": secret}], "name": name},
    ]


def in_text(name: str, secret: str) -> list[str]:
    """The ways in which a text holds a secret behind a name."""
    return [
        f"{name}={secret}",
        f"https://host/path?a=1&{name}={secret}&b=2",
        f"a=1;{name}={secret};b=2",
        f"export {name}={secret}",
        f"run --{name} {secret} --other x",
        f"run --{name}='{secret}' --other x",
        f'{name} = "{secret}"',
        f"{name}: {secret}\nother: x",
        f"{{'{name}': '{secret}', 'other': 'x'}}",
        f'body: {{"{name}":"{secret}","other":"x"}}',
        f'{{"{name}":"{secret}","other":"torn',
        f'{{"a":1,"{name}":"{secret}',
        f'said {{\\"{name}\\": \\"{secret}\\"}} to it',
        f"https://host/?next={quote(f'https://h/?{name}={secret}&x=1', safe='')}",
    ]


def nested(document: Any, depth: int) -> str:
    """JSON in a string in a string…"""
    for _ in range(depth):
        document = json.dumps(document)
    return str(document)


def in_base64(document: Any) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


SHAPES = [
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{CANARY}In0.{CANARY}-_x",
    f"Bearer eyJhbGciOiJub25lIn0.eyJ{CANARY}.",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}-x+/=\n-----END PRIVATE KEY-----",
    f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}",
    f"-----BEGIN EC PRIVATE KEY-----{CANARY}-----END EC PRIVATE KEY-----",
    f"-----BEGIN OPENSSH PRIVATE KEY-----\\n{CANARY}\\n-----END OPENSSH PRIVATE KEY-----",
    f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{CANARY}\n-----END PGP PRIVATE KEY BLOCK-----",
    f"postgres://user:{CANARY}@db.example.com:5432/orders",
    f"amqp://:{CANARY}@host",
    f"https://user:p@{CANARY}:x@host/path",
    f"mongodb+srv://user:{CANARY}@a,b/?x=1",
    f"Authorization: Bearer {CANARY}",
    f"authorization: bearer  {CANARY}0",
    f"Bearer%20{CANARY}0",
    "Basic " + base64.b64encode(f"user:{CANARY}".encode()).decode(),
    f"Cookie: session={CANARY}; other={CANARY}",
    f"set-cookie: id={CANARY}; Path=/; HttpOnly",
    f'curl -H "Authorization: token {CANARY}" https://api.example.com',
    f"ghp_{CANARY}abcdefghijklmnopqrstuvwx",
    f"github_pat_{CANARY}_abcdefghijklmnopqrst",
    f"glpat-{CANARY}abcdefgh",
    f"xoxb-123-{CANARY}",
    f"sk_live_{CANARY}abcdefgh",
    f"Server=db;User Id=sa;Password={CANARY};Database=x",
    f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={CANARY}==;EndpointSuffix=y",
    f"https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA1&X-Amz-Signature={CANARY}&X-Amz-Security-Token={CANARY}",
    f"https://b.oss-cn-hangzhou.aliyuncs.com/k?OSSAccessKeyId=LTAI1&Expires=1&Signature={CANARY}%3D",
]
"""Texts that hold a secret, whatever name they stand under."""


def differs_only_by_masks(masked: Any, original: Any) -> bool:
    """Whether two documents are alike but for strings, and keys, that hold a mask."""
    if isinstance(original, dict) and isinstance(masked, dict):
        pairs = zip(masked.items(), original.items(), strict=False)
        return len(masked) == len(original) and all(
            differs_only_by_masks(key, key_before) and differs_only_by_masks(value, value_before)
            for (key, value), (key_before, value_before) in pairs
        )
    if isinstance(original, list) and isinstance(masked, list):
        return len(masked) == len(original) and all(map(differs_only_by_masks, masked, original))
    return bool(masked == original) or (isinstance(masked, str) and MASK in masked)
