"""Tokens: ``tk_<id>_<secret><checksum>``. The secret is shown once; kept is only a keyed hash of it.

The checksum lets a secret scanner, and the authorizer, tell a token from a typing error without asking the store.
The pepper, the key of the hash, lives in Secrets Manager: who reads the lake's state cannot test guesses.
"""

import hmac
import re
import secrets
from binascii import crc32
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from trailkeep.access.principal import SCOPES, Principal
from trailkeep.errors import Conflict, InvalidParameter, ObjectNotFound, Unauthenticated
from trailkeep.events.timestamps import format_time, parse_micros, to_micros
from trailkeep.lake.storage import Bucket

TOKENS = "state/tokens/"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_CHARACTERS, _SECRET_CHARACTERS, _CHECKSUM_CHARACTERS = 12, 32, 6
"""32 characters of 62 are 190 bits: beyond guessing, so a fast hash is enough."""
_FORM = re.compile(rf"tk_([0-9A-Za-z]{{{_ID_CHARACTERS}}})_([0-9A-Za-z]{{{_SECRET_CHARACTERS}}})([0-9A-Za-z]{{6}})")
_BEARER = re.compile(r"Bearer (\S{1,256})")
_MOST_BYTES = 2**53 - 1
"""The largest whole number that every reader of JSON takes for what it is: 9 petabytes."""
_NAME = re.compile(r"[\w .@:/+-]{1,64}")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token, the only time its secret is seen."""

    token: str
    token_id: str
    scopes: tuple[str, ...]


def issue(
    lake: Bucket, pepper: bytes, name: str, scopes: list[str], now: datetime, scan_budget: int | None = None
) -> IssuedToken:
    """Make a token and store its hash; raises :class:`InvalidParameter` for what cannot be, by its name.

    ``scan_budget`` is what its searches may read in a day, in bytes; None for no limit.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidParameter("name must be 1 to 64 letters, digits, blanks or . @ : / + - _")
    unknown = [scope for scope in scopes if scope not in SCOPES] if isinstance(scopes, list) else ["?"]
    if unknown or not scopes:
        raise InvalidParameter(f"scopes must be a list of {', '.join(SCOPES)}")
    if scan_budget is not None and (type(scan_budget) is not int or not 0 <= scan_budget <= _MOST_BYTES):
        raise InvalidParameter(f"scanBytesPerDay must be a whole number from 0 to {_MOST_BYTES}, or null for no limit")
    token_id = _random(_ID_CHARACTERS)
    secret = _random(_SECRET_CHARACTERS)
    sorted_scopes = sorted(set(scopes))
    record = {
        "tokenId": token_id,
        "name": name,
        "scopes": sorted_scopes,
        "accounts": ["*"],
        "regions": ["*"],
        "scanBytesPerDay": scan_budget,
        "createdAt": format_time(now),
        "expiresAt": None,
        "hash": _keyed_hash(pepper, token_id, secret),
    }
    if not lake.create(f"{TOKENS}{token_id}.json", msgspec.json.encode(record)):
        raise Conflict("a token of this ID exists already")
    return IssuedToken(f"tk_{token_id}_{secret}{_checksum(token_id, secret)}", token_id, tuple(sorted_scopes))


def authenticate(lake: Bucket, pepper: bytes, header: str, now: datetime) -> Principal:
    """The principal behind an ``Authorization`` header; raises :class:`Unauthenticated`, always with the same words."""
    bearer = _BEARER.fullmatch(header)
    form = _FORM.fullmatch(bearer[1]) if bearer else None
    if form is None or form[3] != _checksum(form[1], form[2]):
        raise Unauthenticated("the token is not valid")
    try:
        record: dict[str, Any] = msgspec.json.decode(lake.get(f"{TOKENS}{form[1]}.json"))
    except ObjectNotFound:
        record = {"hash": "", "expiresAt": None}
    same = hmac.compare_digest(str(record["hash"]), _keyed_hash(pepper, form[1], form[2]))
    expires = record["expiresAt"]
    if not same or (expires is not None and parse_micros(expires) <= to_micros(now)):
        raise Unauthenticated("the token is not valid")
    return Principal(
        token_id=form[1],
        name=record["name"],
        scopes=frozenset(record["scopes"]),
        accounts=tuple(record["accounts"]),
        regions=tuple(record["regions"]),
        scan_budget=record.get("scanBytesPerDay"),  # tokens of before there were budgets have none
    )


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(token_id: str, secret: str) -> str:
    number = crc32(f"{token_id}_{secret}".encode())
    digits = ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _keyed_hash(pepper: bytes, token_id: str, secret: str) -> str:
    return hmac.new(pepper, f"{token_id}.{secret}".encode(), sha256).hexdigest()
