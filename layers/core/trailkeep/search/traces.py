r"""Condition → what it leaves in the bytes of every original that meets it, as a regular expression.

An original is the JSON text as it came: a character of a text may stand for itself or as an escape, letters in either
case, and JSON may stand in a text, where quotes are ``\"`` and new lines ``\n``. A trace allows for all of this but
for escapes by number (``\u0041``) and the two letters beyond ASCII that fold to ASCII ones: these are its
:class:`Traps`. It says too much rather than too little; whether the condition is met, only its meaning tells.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from trailkeep.search.conditions import (
    Condition,
    Equals,
    Exists,
    InNetwork,
    InRange,
    Instant,
    IsNull,
    Pattern,
    Wildcard,
    Words,
)
from trailkeep.search.evaluation import SEVERAL_IN_ONE
from trailkeep.search.meanings import address, plain_number
from trailkeep.search.patterns import literal_of
from trailkeep.search.words import IDEOGRAPHS

MOST_CHARACTERS = 200
"""Of a pattern, or of a name, that a trace knows; what follows is left to the evaluation."""

_BLANKS = rb"(?:[ \t\r\n]|\\[nrt])*"
_GAP = rb'(?:[^"]|\\")*'
"""Anything within a text; between the values of an original there is a quote that no backslash escapes."""

_OPENING = rb'\\?"?'
_VALUE_END = rb'[\\",}\] \t\r\n]'
_WORD_START = rb"(?:[^0-9A-Za-z_.-]|\\[bfnrt]|\\u[0-9A-Fa-f]{4})"
_WORD_END = rb"[^0-9A-Za-z_.-]"
_IN_WORD = rb"[0-9A-Za-z_.\\\x7F-\xFF-]*"
_BETWEEN_WORDS = rb'(?:[^0-9A-Za-z_."-]|\\["bfnrt]|\\u[0-9A-Fa-f]{4})*'
_EXPONENT = rb"-?[0-9.]+[Ee]"
_MAPPED = _GAP + rb"(?i:ffff):"
_IPV6 = rb"[0-9A-Fa-f]{0,4}:"

_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")
_ESCAPED = frozenset('"\\/\x7f') | frozenset(map(chr, range(0x20)))
"""Characters that JSON writes, or may write, by an escape of their own; and one that is seldom written at all."""

_IN_NUMBERS = frozenset("0123456789-+.e")
_IN_ADDRESSES = frozenset("0123456789abcdef.:")
_NEVER_IN_WORDS = frozenset("\n\0")
_FOLDING_TO_ASCII = {"k": "\u212a", "i": "\u0130"}
_AROUND_VALUES = frozenset(map(chr, range(0x80))) - frozenset("<>&='")
"""What may hide a name or a value where JSON stands in a text. The five others encoders for web pages always escape."""

_Tokens = list[str | None]
"""Texts that stand there as they are, letters in either case, and None for anything within the text."""


@dataclass(frozen=True, slots=True)
class Traps:
    """Characters in a trace; an original that writes one of them by its number may hide it."""

    characters: frozenset[str] = frozenset()

    def __or__(self, other: "Traps") -> "Traps":
        return Traps(self.characters | other.characters)

    @property
    def signs(self) -> list[bytes]:
        """Bytes of which an original that hides a character has some: few enough to look for them first."""
        return [rb"\u", *(letter.encode() for letter in self._letters)]

    @property
    def form(self) -> bytes:
        """A regular expression for what hides a character."""
        characters = {*self.characters, *self._letters}
        characters |= {each.upper() for each in characters if each.isascii()}
        codes = sorted({each.encode("utf-16-be")[:2].hex().encode() for each in characters})
        return b"|".join([rb"\\u(?i:%b)" % b"|".join(codes), *(letter.encode() for letter in self._letters)])

    @property
    def _letters(self) -> list[str]:
        """Letters beyond ASCII that fold to ASCII letters of the trace."""
        return [letter for plain, letter in _FOLDING_TO_ASCII.items() if plain in self.characters]


@dataclass(frozen=True, slots=True)
class Trace:
    """What every original that meets a condition holds: ``form``, unless it hides that by one of the ``traps``."""

    form: bytes
    traps: Traps


def trace_of(condition: Condition) -> Trace | None:
    """The trace of a condition that looks into the original by itself; None where there is nothing to look for."""
    match condition:
        case Words(words):
            return _of_words(words)
        case Equals() | IsNull() | Exists() | InRange() | InNetwork() if condition.field.path:
            value, characters = _value(condition)
            name, in_name = _name(condition.field.path[-1])
            if len(condition.field.path) > 1:
                characters |= _AROUND_VALUES
            form = name + _BLANKS + b":" + _BLANKS + rb"(?:\[|" + value + b")"
            return Trace(form, Traps(characters | in_name))
        case _:
            return None


def _value(condition: Equals | IsNull | Exists | InRange | InNetwork) -> tuple[bytes, frozenset[str]]:
    """What a value that meets a condition begins with, unless it is a list; and the characters that are known by it."""
    match condition:
        case Equals(field, pattern):
            return _equal(pattern, in_parts=field.path in SEVERAL_IN_ONE)
        case IsNull():
            return _OPENING + rb"(?i:null)", frozenset("nul")
        case Exists():
            return rb'(?:[-0-9tf{]|\\?"(?:[^"\\]|\\.))', frozenset()
        case InRange(_, low, high):
            is_moment = isinstance(low, Instant) or isinstance(high, Instant)
            return _OPENING + (rb"[0-9]{4}-" if is_moment else rb"-?[0-9]"), _IN_NUMBERS
        case InNetwork(_, network):
            return _OPENING + b"(?:" + _in_network(network) + b")", _IN_ADDRESSES


def _equal(pattern: Pattern, *, in_parts: bool) -> tuple[bytes, frozenset[str]]:
    tokens, characters = _tokens(pattern)
    if in_parts:
        tokens = [None, *tokens, None]
    is_open = tokens[-1:] == [None]
    # A gap at the end would make a match of each of its bytes.
    forms = [_written(tokens, _GAP).removesuffix(_GAP) + (b"" if is_open else _VALUE_END)]
    literal = literal_of(pattern)
    number = plain_number(literal) if literal else None
    if number is not None:
        forms += [rb"-?%d(?:\.|%b)" % (abs(int(number)), _VALUE_END), _EXPONENT]
        characters |= _IN_NUMBERS
    wanted = address(literal) if literal else None
    if isinstance(wanted, ipaddress.IPv4Address):
        forms += [re.escape(str(wanted).encode()), _MAPPED]
    elif wanted is not None:
        forms.append(_IPV6)
    if wanted is not None:
        characters |= _IN_ADDRESSES
    return _OPENING + b"(?:" + b"|".join(forms) + b")", characters


def _in_network(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bytes:
    if isinstance(network, ipaddress.IPv6Network):
        return _IPV6
    octets = str(network.network_address).split(".")[: network.prefixlen // 8]
    start = ".".join(octets) + ("." if 0 < len(octets) < 4 else "")
    return (re.escape(start.encode()) or rb"[0-9]") + b"|" + _MAPPED


def _of_words(words: tuple[Pattern, ...]) -> Trace | None:
    read = [_tokens(word) for word in words]
    known = [tokens for tokens, _ in read]
    texts = [part for word in words for part in word if isinstance(part, str)]
    if not all(known) or not any(token for tokens in known for token in tokens):
        return None
    if any(_NEVER_IN_WORDS.intersection(text) for text in texts):
        return None
    # An ideograph is a word whatever stands beside it.
    has_start = known[0][0] is not None and not _IDEOGRAPH.match(texts[0][0])
    has_end = known[-1][-1] is not None and not _IDEOGRAPH.match(texts[-1][-1])
    form = _BETWEEN_WORDS.join(_written(tokens, _IN_WORD) for tokens in known)
    form = form.removeprefix(_IN_WORD).removesuffix(_IN_WORD)
    form = (_WORD_START if has_start else b"") + form + (_WORD_END if has_end else b"")
    return Trace(form, Traps(frozenset[str]().union(*(characters for _, characters in read))))


def _tokens(pattern: Pattern) -> tuple[_Tokens, frozenset[str]]:
    """What is known of the bytes of a pattern, and the characters that are known by it."""
    tokens: _Tokens = []
    for part in pattern:
        tokens += [None] if isinstance(part, Wildcard) else _split(part, _is_written_as_itself)
    return _shortened(tokens)


def _name(name: str) -> tuple[bytes, frozenset[str]]:
    """A name with its quotes. Its case counts, so letters of all scripts are known."""
    tokens, characters = _shortened(_split(name, lambda each: each not in _ESCAPED and not _is_surrogate(each)))
    written = b"".join(_GAP if token is None else re.escape(token.encode()) for token in tokens)
    return b'"' + written + rb'\\?"', characters


def _split(text: str, is_known: Callable[[str], bool]) -> _Tokens:
    return ["".join(run) if known else None for known, run in groupby(text, is_known)]


def _shortened(tokens: _Tokens) -> tuple[_Tokens, frozenset[str]]:
    """At most so many characters, no gap beside another."""
    kept: _Tokens = []
    left = MOST_CHARACTERS
    for token in tokens:
        if left == 0:
            break
        run = None if token is None else token[:left]
        if run is not None or kept[-1:] != [None]:
            kept.append(run)
        left -= len(run or "")
    if left == 0 and kept[-1:] != [None]:
        kept.append(None)
    return kept, frozenset("".join(token for token in kept if token))


def _written(tokens: _Tokens, gap: bytes) -> bytes:
    return b"".join(gap if token is None else rb"(?i:%b)" % re.escape(token.encode()) for token in tokens)


def _is_written_as_itself(character: str) -> bool:
    """Whether a character of a folded text stands in the original as it is or, of ASCII letters, in either case.

    Beyond ASCII only letters without case are known to: no other letter folds to one of them.
    """
    if character.isascii():
        return character not in _ESCAPED
    return unicodedata.category(character) == "Lo"


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"
