"""And, or, not and brackets: how conditions are put together, whatever is read in the place of each."""

from collections.abc import Callable

from trailkeep.search.conditions import And, Condition, Not, Or
from trailkeep.search.scanner import Scanner

MAX_DEPTH = 50
MAX_CONDITIONS = 500

Single = Callable[[], Condition]
"""Reads one condition, from where the scanner stands to behind it and its blanks."""


class Connectives:
    """Reads conditions that are put together from a scanner, within the limits of one query."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._depth = self._singles = 0

    def any_of(self, single: Single) -> Condition:
        """What ``or`` joins, which binds weakest; conditions side by side are joined by ``and``."""
        found = [self._all_of(single)]
        while self._takes("or"):
            found.append(self._all_of(single))
        return found[0] if len(found) == 1 else Or(tuple(found))

    def one(self, single: Single) -> Condition:
        """What is negated, in brackets, or single."""
        if self._scanner.keyword() == "not":
            return self._negated(single)
        return self._bracketed(single) if self._scanner.here == "(" else self._counted(single)

    def _all_of(self, single: Single) -> Condition:
        found = [self.one(single)]
        while self._takes("and") or self._goes_on():
            found.append(self.one(single))
        return found[0] if len(found) == 1 else And(tuple(found))

    def _goes_on(self) -> bool:
        return self._scanner.here not in ("", ")", "]") and self._scanner.keyword() != "or"

    def _negated(self, single: Single) -> Condition:
        self._descend()
        self._takes("not")
        refused = self.one(single)
        self._depth -= 1
        return Not(refused)

    def _bracketed(self, single: Single) -> Condition:
        scanner = self._scanner
        opened_at = scanner.place(scanner.at)
        self._descend()
        scanner.takes("(")
        scanner.skip_blanks()
        inner = self.any_of(single)
        if not scanner.takes(")"):
            raise scanner.expected('")"', hint=f'The "(" at {opened_at} is not closed.')
        scanner.skip_blanks()
        self._depth -= 1
        return inner

    def _counted(self, single: Single) -> Condition:
        scanner = self._scanner
        start, before = scanner.at, self._singles
        found = single()
        self._singles = max(self._singles, before + 1)  # values in brackets behind a field have been counted each
        if self._singles > MAX_CONDITIONS:
            hint = "Use wildcards, or split the query into several."
            raise scanner.expected(f"no more than {MAX_CONDITIONS} conditions", at=start, hint=hint)
        return found

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._scanner.expected(
                f"no more than {MAX_DEPTH} brackets and nots inside each other",
                hint="Leave out what changes nothing, or split the query into several.",
            )

    def _takes(self, keyword: str) -> bool:
        """Go behind a keyword and its blanks, if it comes next."""
        if self._scanner.keyword() != keyword:
            return False
        self._scanner.at += len(keyword)
        self._scanner.skip_blanks()
        return True
