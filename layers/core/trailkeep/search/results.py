"""Results of searches with rows: what of them is told beside the rows, and kept with a job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from trailkeep.search.stored_rows import RowsFile

_SHOWN = ("engine", "columns", "truncated", "completeness")


@dataclass(frozen=True, slots=True)
class Selected:
    """The rows that SQL gives, each as a JSON object; ``columns`` are their names and kinds.

    ``truncated`` where there were more than an answer may have.
    """

    columns: list[dict[str, str]]
    rows: Sequence[bytes]
    truncated: bool


def result_of(engine: str, name: str, selected: Selected, completeness: Mapping[str, object]) -> dict[str, Any]:
    """The result of a search by an engine; ``name`` is what a list of its rows is called: rows, or events."""
    return {
        "engine": engine,
        "list": name,
        "columns": selected.columns,
        "truncated": selected.truncated,
        "completeness": dict(completeness),
    }


def shown(result: Mapping[str, Any]) -> dict[str, Any]:
    """What of a result every page of its rows tells."""
    return {name: result[name] for name in _SHOWN}


def files_in(result: Mapping[str, Any]) -> list[RowsFile]:
    """The files that the result of a job names."""
    return msgspec.convert(result["files"], list[RowsFile])
