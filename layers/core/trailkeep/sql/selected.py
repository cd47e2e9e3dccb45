"""A SELECT that was checked, as what is around it sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from trailkeep.sql.kinds import Kind


@dataclass(frozen=True, slots=True)
class Selected:
    """A query made anew, the names and kinds of its columns, and how often tables are read for it."""

    node: exp.Query
    columns: tuple[tuple[str, Kind], ...]
    reads: int

    @property
    def kinds(self) -> Sequence[Kind]:
        """The kinds of its columns."""
        return [kind for _, kind in self.columns]


def distinct_names(names: Sequence[str]) -> list[str]:
    """The names, those that came before in whatever case with a number: ``a``, ``a_2``."""
    taken = {name.lower() for name in names}
    made: list[str] = []
    for name in names:
        number, unique = 1, name
        while unique.lower() in {each.lower() for each in made} or (number > 1 and unique.lower() in taken):
            number += 1
            unique = f"{name}_{number}"
        made.append(unique)
    return made
