"""Whether an original meets a condition: by as much of it as the condition looks at, which mostly was seen before.

Of a thousand bytes a condition looks at some twenty, and they repeat. So an original is cut down to the members that
lie on the way to these, without reading the others, and what was decided once is remembered.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from trailkeep.errors import ObjectUnreadable
from trailkeep.search.conditions import And, Condition, Everything, Field, Not, Or, Words
from trailkeep.search.document import Columns, Document
from trailkeep.search.evaluation import matcher

_MOST_REMEMBERED = 65_536
_LONGEST_REMEMBERED = 512

_Reader: TypeAlias = msgspec.json.Decoder[Any]
_encode = msgspec.json.Encoder().encode


class Judge:
    """Decides as :func:`trailkeep.search.evaluation.matcher` does; for several threads.

    ``columns`` are the columns that the condition names, without which it decides nothing.
    """

    def __init__(self, condition: Condition) -> None:
        self._meets = matcher(condition)
        parts = list(_parts_of(condition))
        fields = [part for part in parts if isinstance(part, Field)]
        self.columns = sorted({name for field in fields for name in field.columns})
        is_about_all = any(isinstance(part, Words) for part in parts)
        self._reader = None if is_about_all else _abridgement({field.path for field in fields if field.path})
        self._decided: dict[bytes, bool] = {}

    def verdicts(
        self, originals: Sequence[bytes], columns: Iterable[Columns | None] = repeat(None)
    ) -> list[bool | None]:
        """Which of some originals, in UTF-8 and with their columns, meet the condition; None for what is no event."""
        if self._reader is None:
            return [self._by_the_whole(original, own) for original, own in zip(originals, columns, strict=False)]
        shorts = self._abridged(self._reader, originals)
        if self.columns:
            return [self._by_the_whole(short, own) for short, own in zip(shorts, columns, strict=False)]
        known = map(self._decided.get, shorts)
        return [
            self._decided_now(short) if found is None else found for found, short in zip(known, shorts, strict=True)
        ]

    def _abridged(self, reader: _Reader, originals: Sequence[bytes]) -> list[bytes]:
        """What is left of originals where nothing is that the condition does not look at."""
        try:
            return list(map(_encode, map(reader.decode, originals)))
        except (msgspec.MsgspecError, RecursionError):
            return [_short(reader, original) for original in originals]

    def _decided_now(self, short: bytes) -> bool | None:
        found = self._by_the_whole(short, None)
        if found is not None and len(short) <= _LONGEST_REMEMBERED:
            if len(self._decided) >= _MOST_REMEMBERED:
                self._decided.clear()
            self._decided[short] = found
        return found

    def _by_the_whole(self, original: bytes, columns: Columns | None) -> bool | None:
        try:
            return self._meets(Document(original, columns))
        except ObjectUnreadable:
            return None


def _short(reader: _Reader, original: bytes) -> bytes:
    """An original cut down; whole where something else than an object stands on the way: a list, or JSON in a text."""
    try:
        return _encode(reader.decode(original))
    except (msgspec.MsgspecError, RecursionError):
        return original


def _parts_of(condition: Condition) -> Iterator[Field | Words]:
    """What a condition looks at."""
    match condition:
        case Words():
            yield condition
        case Not(inner):
            yield from _parts_of(inner)
        case And(conditions) | Or(conditions):
            for each in conditions:
                yield from _parts_of(each)
        case Everything():
            pass
        case _:
            yield condition.field


def _abridgement(paths: Collection[tuple[str, ...]]) -> _Reader | None:
    """Reads of an object what stands at some paths, as it is written, and nothing else; None for names it cannot."""
    try:
        return msgspec.json.Decoder(_kind(paths))
    except ValueError:
        return None


def _kind(paths: Collection[tuple[str, ...]]) -> Any:
    """The type of what has members at these paths; the empty path is that of something whole."""
    if () in paths:
        return Raw
    names = sorted({path[0] for path in paths})
    kinds = [_kind({path[1:] for path in paths if path[0] == name}) for name in names]
    members = [(f"m{number}", kind | UnsetType, UNSET) for number, kind in enumerate(kinds)]
    return msgspec.defstruct(
        "Members", members, rename={member[0]: name for member, name in zip(members, names, strict=True)}, gc=False
    )
