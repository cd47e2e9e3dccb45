"""What the engine complains of → errors that say what its user can do."""

import re
import signal

from trailkeep.errors import InvalidQuery, QueryFailed, TrailkeepError

_NOT_TAKEN = frozenset(
    {"BinderException", "CatalogException", "NotImplementedException", "ParserException", "PermissionException"}
    | {"SyntaxException"}
)
"""DuckDB's words for SQL that it would not run on whatever rows."""

_NO_MEMORY = frozenset({"OutOfMemoryException", "MemoryError", "ArrowMemoryError"})
_KINDS = {"INT64": "bigint", "INT32": "bigint", "DOUBLE": "double", "BOOL": "boolean", "timestamp": "timestamp"}
_LESS = "Narrow the search or its window, select fewer columns, or group by fewer values."


def complaint(name: str, message: str, memory: int) -> TrailkeepError:
    """The error for an exception of DuckDB by its class and message; ``memory`` is what it was given, in bytes."""
    said = _cleaned(message)
    if name in _NO_MEMORY:
        return QueryFailed(f"the SQL needs more than the {memory >> 20} MB of memory that it may take", hint=_LESS)
    if name in _NOT_TAKEN:
        return InvalidQuery(f"the SQL cannot be run: {said}")
    if name == "RowTooLarge":
        return QueryFailed(said, hint=_LESS)
    if name == "ConversionException":
        return QueryFailed(f"a cast failed: {said}", hint="try_cast(… as …) gives NULL for what cannot be cast.")
    return QueryFailed(f"the SQL failed: {said}", hint="try(…) gives NULL for what cannot be computed.")


def died(status: int, said: str) -> Exception:
    """The error for a process that ended without a report, by its exit status and what it wrote."""
    if status == -signal.SIGKILL or status == -signal.SIGXCPU:
        return QueryFailed("the SQL was stopped: it needed too much time or memory", hint=_LESS)
    if status < 0:
        return QueryFailed("the engine broke down over the SQL", hint="Write the SQL in another way.")
    return RuntimeError(f"the process for SQL ended with status {status}: {said[-2000:]}")


def _cleaned(message: str) -> str:
    """The first paragraph without DuckDB's own name for it, and without its advice, which is about its own dialect."""
    first = message.split("\n\n")[0].replace("\n", " ")
    first = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", first)
    first = re.sub(r"( Use TRY\(.*| in expression \(.*| You might need to add explicit.*)$", "", first)
    first = re.sub(r"\b(?:INT64|INT32|DOUBLE|BOOL)\b", lambda kind: _KINDS[kind[0]], first)
    # A text that Presto would not take was made an empty one before the cast.
    return first.replace("string ''", "a text").strip()
