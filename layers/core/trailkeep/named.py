"""Parts of requests by their names: what is not known is refused with the nearest that is, and lists come in pages."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from trailkeep.errors import InvalidParameter

DEFAULT_RESULTS, MAX_RESULTS = 50, 1000
"""Of a page, of whatever it is."""

_LONGEST_SHOWN = 64


def refuse_unknown(names: Iterable[str], known: Collection[str], *, kind: str = "field", where: str = "") -> None:
    """Raise :class:`InvalidParameter` for a name that is not known: a misspelt one would pass for a default."""
    for name in names:
        if name not in known:
            others = f"Known are {', '.join(known)}." if known else f"No {kind} is known here."
            shown = name[:_LONGEST_SHOWN].encode(errors="replace").decode()  # it may be no text that can be repeated
            raise InvalidParameter(f"unknown {kind} {where}{shown}", hint=nearest(name, known) or others)


def nearest(name: str, known: Collection[str]) -> str | None:
    """A hint at the known name that is spelt most alike; None where none is."""
    near = get_close_matches(name, known, 1, 0.5)
    return f"Did you mean {near[0]}?" if near else None


def parse_page(parameters: Mapping[str, Sequence[str]], *others: str) -> tuple[int, str | None]:
    """How much a page of a list may have, and the token of the page before; ``others`` may be given as well, once."""
    refuse_unknown(parameters, (*others, "maxResults", "nextToken"), kind="parameter")
    for name, values in parameters.items():
        if len(values) != 1 or not values[0]:
            raise InvalidParameter(f"{name} must be given once, with a value")
    return max_results(parameters), next(iter(parameters.get("nextToken", ())), None)


def max_results(parameters: Mapping[str, Sequence[str]]) -> int:
    """How much a page may have."""
    value = next(iter(parameters.get("maxResults", ())), str(DEFAULT_RESULTS))
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= MAX_RESULTS:
        raise InvalidParameter(f"maxResults must be a whole number from 1 to {MAX_RESULTS}")
    return int(value)
