"""Secrets in free text: such as give themselves away by their shape, and such as stand behind a telling name."""

import base64
import binascii
import re

from trailkeep.events.mask_names import is_secret, normal_form
from trailkeep.events.mask_rules import ALREADY_HIDDEN, HEADER_NAMES, MASK

# Every pattern is linear in the text, whatever stands in it: repeats are possessive, or end where no match can go on.

_WORD = "A-Za-z0-9_-"
_JSON_WEB_TOKEN = re.compile(
    rf"(?:(?<![{_WORD}])|(?<=%20)|(?<=%3[Dd])|(?<=%22))eyJ[{_WORD}]{{8,}}+"
    rf"(?:\.eyJ[{_WORD}]*+(?:\.[{_WORD}]*+){{0,3}}|(?:\.[{_WORD}]*+){{2,4}})"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"[^-]*+(?>(?:-(?!----)[^-]*+)*)(?:-----END [A-Z0-9 ]{0,60}-----)?"  # its end may have been cut off
)
_URL_PASSWORD = re.compile(r"(://[^\s/:@\"'<>]*+:)(?!\d{1,5}[?#])[^\s/\"'<>]+(?=@)")
_HTTP_CREDENTIALS = re.compile(r"\b(bearer|basic)(\s{1,4}|%20|\+)([A-Za-z0-9+/=._~%-]{8,}+)", re.IGNORECASE)
_ISSUED_TOKEN = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_\w{20,}+|glpat-[\w-]{16,}+|xox[abeoprs]-[A-Za-z0-9-]{10,}+"
    r"|[rs]k_live_[A-Za-z0-9]{16,}+",
    re.ASCII,
)

_NAME = r"A-Za-z0-9_.\[\]-"
_NAMED = re.compile(
    rf"(?<![{_NAME}])(?:--([{_NAME}]++)[ \t]{{1,4}}(?!-)|([{_NAME}]++)"  # --name value
    r"(\\{0,8}[\"']?[ \t]{0,4}(?:=>?|%3[Dd])[ \t]{0,4}"  # name=value, 'name' => value
    r"|\\{0,8}[\"'][ \t]{0,4}:\s{0,4}"  # "name": value
    r"|:[ \t]{1,4}))"  # Name: value, but not the colons inside of ARNs
)
_WRAPPED = (
    re.compile(r"[bru]?([\"'])((?>(?:[^\"'\\]++|\\.|(?!\1)[\"'])*))", re.DOTALL | re.IGNORECASE),  # in quotes
    re.compile(r"(\\{1,8}[\"'])((?>(?:(?!(?<!\\)\1).)*))", re.DOTALL),  # in the quotes of a text inside a text
    re.compile(r"([\[{])([^\]}]*+)"),  # a list or an object
)
_BARE = re.compile(  # anything else, without the punctuation behind it
    rf"(?>(?:[^\s&\"'<>;,\\\]}})%]++|[;,](?!\s|\Z|[\"']|[{_NAME}]{{1,64}}=)|[\"'](?=[A-Za-z0-9])|\\(?![\"'])"
    r"|[\]})](?![\s,;\]})]|\Z)|%(?!26))*)"
)
_LINE = re.compile(r"[^\r\n]*+")
_NOTHING_TO_HIDE = frozenset({"", "true", "false", "null", "none", "undefined", *map(str.lower, ALREADY_HIDDEN)})
_LONGEST_WORD = 20


def hide_in_text(text: str) -> str:
    """The text without its secrets. Doing it again changes nothing."""
    text = _JSON_WEB_TOKEN.sub(MASK, text)
    text = _PRIVATE_KEY.sub(MASK, text)
    text = _URL_PASSWORD.sub(rf"\1{MASK}", text)
    text = _HTTP_CREDENTIALS.sub(_hide_credentials, text)
    text = _ISSUED_TOKEN.sub(MASK, text)
    return _hide_named(text)


def _hide_credentials(match: re.Match[str]) -> str:
    """Credentials of a header that is quoted in a text; ``Basic authentication`` and the like are only words."""
    scheme, blank, word = match.groups()
    letters = word.replace(".", "").replace("-", "").replace("_", "")
    is_word = letters.isalpha() and len(letters) < _LONGEST_WORD and not _holds_a_password(word)
    return match[0] if is_word else f"{scheme}{blank}{MASK}"


def _holds_a_password(word: str) -> bool:
    try:
        decoded = base64.b64decode(word + "=" * (-len(word) % 4))
    except (binascii.Error, ValueError):
        return False
    return b":" in decoded and decoded.isascii()


def _hide_named(text: str) -> str:
    parts: list[str] = []
    kept = at = 0
    while named := _NAMED.search(text, at):
        at = named.end()
        name = named[1] or named[2]
        before = text[max(0, named.start() - 1) : named.start()]
        normal = normal_form(name[2:] if before == "%" else name)  # %26token: the 26 is not of the name
        if not is_secret(normal):
            continue
        header_line = normal in HEADER_NAMES and ":" in (named[3] or "")
        start, end = _value_at(text, at, before if header_line else None)
        at = end
        if text[start:end].strip("*").lower() not in _NOTHING_TO_HIDE:
            parts += [text[kept:start], MASK]
            kept = end
    return "".join([*parts, text[kept:]]) if parts else text


def _value_at(text: str, at: int, before_header: str | None) -> tuple[int, int]:
    """Where the value at ``at`` starts and ends; a header's goes on to the line's end, or the quote open before it."""
    for pattern in _WRAPPED:
        if wrapped := pattern.match(text, at):
            return wrapped.span(2)
    if before_header is None:
        bare = _BARE.match(text, at)
        return bare.span() if bare else (at, at)
    line = _LINE.match(text, at)
    end = line.end() if line else at
    closing = text.find(before_header, at, end) if before_header in ("'", '"') else -1
    return at, end if closing < 0 else closing
