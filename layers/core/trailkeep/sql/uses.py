"""What a statement reads of the tables, gathered while it is checked."""

from trailkeep.sql.paths import path_name


class Uses:
    """Tables, columns, and paths with the names of their columns."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.columns: set[str] = set()
        self.paths: dict[str, tuple[str, ...]] = {}
        self._names: dict[tuple[str, ...], str] = {}
        self._taken: set[str] = set()

    def column_of(self, path: tuple[str, ...]) -> str:
        """The name of a path's column, which no other has in whatever case: engines ignore it, and events do not."""
        if path not in self._names:
            name = plain = path_name(path)
            number = 1
            while name.lower() in self._taken:
                number += 1
                name = f"{plain} ({number})"
            self._taken.add(name.lower())
            self._names[path] = name
            self.paths[name] = path
        return self._names[path]
