"""What a function is: a name with what it takes and gives, its meaning, and its form for each engine."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from trailkeep.sql.dialects import Form

_SIGNATURE = re.compile(r"(?P<name>[a-z_0-9]+)\((?P<takes>.*)\) → (?P<gives>\S+)")


class Role(Enum):
    """Where a function may stand."""

    SCALAR = "scalar"
    """Anywhere."""
    AGGREGATE = "aggregate"
    """Over the rows of a group, or of a window."""
    WINDOW = "window"
    """Over the rows of a window alone."""


@dataclass(frozen=True, slots=True)
class Function:
    """One way to call a function; a name can have several.

    ``takes`` names kinds; a last one with ``…`` may come any number of times. ``T`` is any kind, ``C`` one whose values
    can be equal, ``O`` one whose values can be less or more; the same letter is the same kind throughout. What is in
    :data:`trailkeep.sql.functions.literals.LITERALS` has to be written out in the text.
    """

    name: str
    takes: tuple[str, ...]
    gives: str
    meaning: str
    form: Form
    example: str
    """An expression, and what it gives as JSON: ``strpos('a.b', '.') = 2``."""
    role: Role = Role.SCALAR
    is_wider: bool = False
    """Whether an engine gives a number of more than 64 bits, which is to be made one of 64."""

    @property
    def signature(self) -> str:
        """The function as its documentation shows it."""
        return f"{self.name}({', '.join(self.takes)}) → {self.gives}"


def function(
    signature: str,
    meaning: str,
    example: str,
    *,
    trino: str = "",
    duckdb: str = "",
    role: Role = Role.SCALAR,
    is_wider: bool = False,
) -> Function:
    """A function by its signature; an engine's form that is not given is a call of the same name."""
    parts = _SIGNATURE.fullmatch(signature)
    if parts is None:
        raise ValueError(signature)
    call = f"{parts['name']}({'{*}' if parts['takes'] else ''})"
    takes = tuple(re.split(r", (?![^(]*\))", parts["takes"])) if parts["takes"] else ()
    form = Form(trino or call, duckdb or call)
    return Function(parts["name"], takes, parts["gives"], meaning, form, example, role, is_wider)


def aliases(name: str, *functions: Function) -> Sequence[Function]:
    """The same functions by another name."""
    return [
        Function(
            name, each.takes, each.gives, each.meaning, each.form, each.example.replace(each.name, name, 1), each.role
        )
        for each in functions
    ]
