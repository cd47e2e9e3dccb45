"""Columns that are paths into the original event: ``"event.userIdentity.accessKeyId"``.

The value of such a column is text: a text as it is; a number, true and false as the JSON says them; an object or a
list as its JSON, without the blanks between its parts. It is NULL where there is no such member, and where it is null.
Steps go from object to member, never into a list. A text that is itself a JSON object can be stepped into, once in a
path: ``"event.requestParameterJson.MaxPasswordAge"``.
"""

import re

PREFIX = "event."

_STEP = re.compile(r"(?:[^.\\]|\\.)+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_path(name: str) -> tuple[str, ...] | None:
    r"""The members that the name of a column steps through, from the top; None where it is no path.

    A dot that belongs to a member's name stands behind a backslash: ``event.tags.cost\.centre``. So does a backslash.
    """
    if not name.startswith(PREFIX):
        return None
    rest = name.removeprefix(PREFIX)
    steps = _STEP.findall(rest)
    if not steps or len(".".join(steps)) != len(rest):
        return None  # a step without a name, or a backslash with nothing behind it
    return tuple(_ESCAPED.sub(r"\1", step) for step in steps)


def path_name(path: tuple[str, ...]) -> str:
    r"""The name of a path: the opposite of :func:`parse_path`."""
    return PREFIX + ".".join(re.sub(r"([.\\])", r"\\\1", step) for step in path)
