"""Words: what full text is asked by. How texts and patterns are cut into them."""

import re
from collections.abc import Iterable

from trailkeep.search.conditions import Pattern, Wildcard
from trailkeep.search.patterns import folded

MARKS = ",;:'\"=()[]{}<>?@&/\\|`!#%^*+~$"
"""What parts words beside blanks and control characters; ``_``, ``-``, ``.`` and all others are parts of words."""

IDEOGRAPHS = (
    "\u3005-\u3007"  # 々 〆 〇
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # ideographs
    "\uac00-\ud7a3"  # hangul syllables
)
"""Characters each of which is a word, as ranges of a character class: their scripts put no blanks between words."""

BETWEEN_WORDS = "\n"
BETWEEN_TEXTS = "\x00"
"""What stands between the words of :func:`joined`, and as a word of its own between texts; no word holds either."""

_TO_BLANK = dict.fromkeys((*range(1, 0x21), *map(ord, MARKS)), " ")
_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")

# In a pattern's text, lone surrogates stand for its wildcards: no text holds one.
_PLACES = {Wildcard.ANY: "\ud800", Wildcard.ONE: "\ud801"}
_WILDCARDS = {place: wildcard for wildcard, place in _PLACES.items()}
_PIECES = re.compile("[\ud800\ud801]|[^\ud800\ud801]+")
_IDLE = re.compile(
    rf"(?<=[{IDEOGRAPHS}])\ud800+(?=[\s{IDEOGRAPHS}]|\Z)|(?<![^\s{IDEOGRAPHS}])\ud800+(?=[{IDEOGRAPHS}])"
)


def words(text: str) -> list[str]:
    """The words of a text, folded, in order."""
    return _cut(_spaced(text.replace(BETWEEN_TEXTS, " ")))


def joined(texts: Iterable[str]) -> str:
    """The words of all texts in one text, each between two :data:`BETWEEN_WORDS`, for phrases to be looked for in."""
    spaced = _spaced(BETWEEN_TEXTS.join([text.replace(BETWEEN_TEXTS, " ") for text in texts]))
    parted = _cut(spaced.replace(BETWEEN_TEXTS, f" {BETWEEN_TEXTS} "))
    return BETWEEN_WORDS.join(["", *parted, ""])


def words_of(pattern: Pattern) -> tuple[Pattern, ...]:
    """A pattern cut as a text is, its wildcards parts of words: ``arn:aws:*`` is two words and any third one.

    ``*`` beside an ideograph and no other part of a word stands for nothing: what goes on there is other words.
    """
    text = "".join(_PLACES[part] if isinstance(part, Wildcard) else part for part in pattern)
    spaced = _IDLE.sub("", _blanked(text.replace(BETWEEN_TEXTS, " ")))
    return tuple(
        tuple(_WILDCARDS.get(piece, piece) for piece in _PIECES.findall(word)) for word in _cut(_apart(spaced))
    )


def _blanked(text: str) -> str:
    return folded(text).translate(_TO_BLANK)


def _apart(text: str) -> str:
    return text if text.isascii() else _IDEOGRAPH.sub(r" \g<0> ", text)


def _spaced(text: str) -> str:
    """A text with blanks for what parts its words; where it holds :data:`BETWEEN_TEXTS`, they stay."""
    return _apart(_blanked(text))


def _cut(spaced: str) -> list[str]:
    return spaced.split()
