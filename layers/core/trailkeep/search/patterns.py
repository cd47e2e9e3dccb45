"""Patterns: what texts are compared with. Folding away case, and matching in a time that no pattern can blow up."""

import re
from collections.abc import Callable, Iterable

from trailkeep.search.conditions import Pattern, Wildcard

Test = Callable[[str], bool]


def folded(text: str) -> str:
    """A text as it is compared: in lower case, with one letter for the Greek sigma at the end of words and elsewhere.

    So each character folds by itself, and a part of a text folds to a part of the folded text.
    """
    return text.lower().replace("ς", "σ")


def folded_pattern(pattern: Pattern) -> Pattern:
    """A pattern that folded texts can be compared with."""
    return tuple(part if isinstance(part, Wildcard) else folded(part) for part in pattern)


def literal_of(pattern: Pattern) -> str | None:
    """The text of a pattern without wildcards; None for one with them."""
    if not pattern:
        return ""
    return pattern[0] if len(pattern) == 1 and isinstance(pattern[0], str) else None


def whole(pattern: Pattern) -> Test:
    """A test whether a folded text is, from its start to its end, of this form."""
    literal = literal_of(pattern)
    if literal is not None:
        return lambda text: text == literal
    form = re.compile(_regex(pattern, "."), re.DOTALL)
    within = _longest_text([pattern])
    return lambda text: within in text and form.fullmatch(text) is not None


def phrase(words: tuple[Pattern, ...], between: str, beyond: str) -> Test:
    """A test whether these words follow each other in a text that has ``between`` around every word.

    No wildcard stands for ``between`` or ``beyond``.
    """
    literals = [literal_of(word) for word in words]
    if None not in literals:
        run = between + between.join(map(str, literals)) + between
        return lambda text: run in text
    one = f"[^{re.escape(between + beyond)}]"
    limit = re.escape(between)
    form = re.compile(limit + limit.join(_regex(word, one) for word in words) + limit)
    within = _longest_text(words)
    return lambda text: within in text and form.search(text) is not None


def _longest_text(patterns: Iterable[Pattern]) -> str:
    """What every text of these forms holds: looking for it takes a fraction of the time of a regular expression."""
    return max((part for pattern in patterns for part in pattern if isinstance(part, str)), key=len, default="")


def _regex(pattern: Pattern, one: str) -> str:
    """A regular expression that tries no more than pattern × text characters, whatever both are.

    Behind each ``*`` the first place where the next texts fit is as good as any later one: what was matched up to
    there is never looked at again (atomic groups). Only behind the last one they must fit the end.
    """
    runs: list[str] = [""]
    for part in pattern:
        if part is Wildcard.ANY:
            runs.append("")
        else:
            runs[-1] += one if isinstance(part, Wildcard) else re.escape(part)
    if len(runs) == 1:
        return runs[0]
    head, *middle, tail = runs
    return head + "".join(f"(?>{one}*?{run})" for run in middle if run) + f"{one}*{tail}"
