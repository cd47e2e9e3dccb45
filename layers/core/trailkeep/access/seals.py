"""Seals: what a caller carries for us from one request to the next, readable but signed."""

import base64
import binascii
import hmac
from hashlib import sha256

from trailkeep.errors import InvalidNextToken

_SIGNATURE_BYTES = 16
_MAX_LENGTH = 1024


def seal(key: bytes, bound_to: bytes, payload: bytes) -> str:
    """A token that carries ``payload``, readable but signed, for those who know what it is ``bound_to``."""
    return _encode(_signature(key, bound_to, payload) + payload)


def unseal(key: bytes, bound_to: bytes, token: str) -> bytes:
    """What a token carries; :class:`InvalidNextToken` unless :func:`seal` made it, for the same."""
    raw = _decode(token)
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(key, bound_to, payload)):
        raise InvalidNextToken("nextToken is not of this question and this token")
    return payload


def _signature(key: bytes, bound_to: bytes, payload: bytes) -> bytes:
    return hmac.new(key, bound_to + payload, sha256).digest()[:_SIGNATURE_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes:
    """Only the one spelling that :func:`_encode` gives: no padding, no stray bits, no other alphabet."""
    if len(token) <= _MAX_LENGTH and token.isascii():
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) > _SIGNATURE_BYTES and _encode(raw) == token:
            return raw
    raise InvalidNextToken("nextToken is damaged")
