"""What names mean at a place of a statement: tables and what is selected from, and their columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from sqlglot import exp

from trailkeep.sql.columns import COLUMNS, COMPUTED, STAR
from trailkeep.sql.kinds import VARCHAR, Kind
from trailkeep.sql.paths import PREFIX, parse_path
from trailkeep.sql.source import Source
from trailkeep.sql.uses import Uses


@dataclass(frozen=True, slots=True)
class Relation:
    """Something to select from, under the name that it has there.

    ``columns`` are those of what is selected in a statement, in order; None for a table, whose columns are
    :data:`trailkeep.sql.columns.COLUMNS` and paths.
    """

    name: str
    columns: tuple[tuple[str, Kind], ...] | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a name means: a column, or where it is computed, what it is computed by, as SQL."""

    column: exp.Column
    kind: Kind
    computed: str | None = None


@dataclass(slots=True)
class Scope:
    """The relations of one SELECT, within those of the statement around it."""

    source: Source
    uses: Uses
    outer: "Scope | None" = None
    relations: list[Relation] = field(default_factory=list)

    def add(self, relation: Relation, place: exp.Expr) -> None:
        """Take in one more relation."""
        if any(relation.name.lower() == other.name.lower() for other in self.relations):
            raise self.source.error(f"{relation.name} is there twice: give one another name", place)
        self.relations.append(relation)

    def star(self, relation: Relation) -> list[Found]:
        """What ``*`` means for a relation."""
        if relation.columns is None:
            return [self._of_table(relation, name) for name in STAR]
        return [Found(_column(relation, name), kind) for name, kind in relation.columns]

    def find(self, names: Sequence[str], place: exp.Expr) -> Found:
        """The column that a name with dots means, here or in the statements around."""
        scope: Scope | None = self
        while scope is not None:
            if found := scope._find(names, place):
                return found
            scope = scope.outer
        raise self.source.error(f"there is no column {'.'.join(names)}{self._nearest(names)}", place)

    def _find(self, names: Sequence[str], place: exp.Expr) -> Found | None:
        """In this SELECT alone; None where the name means nothing here."""
        named = [each for each in self.relations if each.name.lower() == names[0].lower()]
        if named and len(names) > 1:
            relations, names = named, names[1:]
        else:
            relations = self.relations
        if len(names) > 1:
            # The parts of a path, written without the quotes around the whole.
            path = tuple(names[1:]) if f"{names[0]}." == PREFIX else None
            found = [self._path(each, path) for each in relations if each.columns is None] if path else []
        else:
            found = [each for relation in relations for each in self._in_relation(relation, names[0])]
        if len(found) > 1:
            raise self.source.error(f"{'.'.join(names)} can be several columns: write whose it is, as in t.name", place)
        return found[0] if found else None

    def _in_relation(self, relation: Relation, name: str) -> list[Found]:
        if relation.columns is not None:
            return [
                Found(_column(relation, own), kind) for own, kind in relation.columns if own.lower() == name.lower()
            ]
        if name.lower() in COLUMNS:
            return [self._of_table(relation, name.lower())]
        if name.lower() in COMPUTED:
            return [Found(_column(relation, name), VARCHAR, COMPUTED[name.lower()])]
        path = parse_path(name)
        return [self._path(relation, path)] if path else []

    def _of_table(self, relation: Relation, name: str) -> Found:
        self.uses.columns.add(name)
        return Found(_column(relation, name), COLUMNS[name])

    def _path(self, relation: Relation, path: tuple[str, ...]) -> Found:
        return Found(_column(relation, self.uses.column_of(path)), VARCHAR)

    def _nearest(self, names: Sequence[str]) -> str:
        """What may have been meant: the names that there are, and the members that most columns are read from."""
        known = {name: name for relation in self.relations for name, _ in relation.columns or ()}
        if any(relation.columns is None for relation in self.relations):
            known |= {_camel(name): f'"{PREFIX}{_camel(name)}"' for name in COLUMNS}
            known |= {name: name for name in (*COLUMNS, *COMPUTED)}
        near = get_close_matches(names[-1], known, 1, 0.7)
        return f"; is it {known[near[0]]}?" if near else ""


def _column(relation: Relation, name: str) -> exp.Column:
    return exp.column(name, table=relation.name, quoted=True)


def _camel(name: str) -> str:
    """``event_name`` → ``eventName``: most columns are named for the member that they are read from."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
