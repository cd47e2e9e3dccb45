"""What may come next in a JSON value: brackets and what was read last, one token after another."""

from enum import Enum, auto

OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY = b"{}[]"
DEEPEST = 1 << 20
"""Brackets open at once; what is deeper is no record, and only costs memory."""

_CLOSING = {OPEN_OBJECT: CLOSE_OBJECT, OPEN_ARRAY: CLOSE_ARRAY}


class Last(Enum):
    """What was read last."""

    OPENING = auto()
    COLON = auto()
    COMMA = auto()
    STRING = auto()
    SCALAR = auto()
    CLOSING = auto()


_BEFORE_VALUE = frozenset({Last.OPENING, Last.COLON, Last.COMMA})


class Grammar:
    """The state of one value: before its opening bracket or, ``inside_object``, behind a member of an object.

    ``broken`` is set once something came that may not; brackets are followed all the same.
    """

    __slots__ = ("_expected", "_open", "broken", "last")

    def __init__(self, *, inside_object: bool = False) -> None:
        self._expected = bytearray((CLOSE_OBJECT,) if inside_object else ())
        self._open = {CLOSE_OBJECT: int(inside_object), CLOSE_ARRAY: 0}
        self.last = Last.CLOSING
        self.broken = False

    @property
    def depth(self) -> int:
        """How many brackets are open."""
        return len(self._expected)

    @property
    def in_list(self) -> bool:
        """Whether the innermost open bracket is that of a list."""
        return self._expected[-1:] == b"]"

    def value(self, kind: Last) -> None:
        """A string, as name or value, or another scalar was read."""
        self.broken |= self.last not in _BEFORE_VALUE
        self.last = kind

    def colon(self) -> None:
        """A colon was read."""
        self.broken |= self.last is not Last.STRING or self.in_list
        self.last = Last.COLON

    def comma(self) -> None:
        """A comma was read."""
        self.broken |= self.last in _BEFORE_VALUE
        self.last = Last.COMMA

    def open(self, bracket: int) -> bool:
        """An opening bracket was read. False, and nothing done, where a ``{`` may not stand or one is too many."""
        allowed = self.last is Last.COLON or (self.in_list and self.last in _BEFORE_VALUE) or not self._expected
        if len(self._expected) >= DEEPEST or (bracket == OPEN_OBJECT and not allowed):
            return False
        self.broken |= not allowed
        closing = _CLOSING[bracket]
        self._expected.append(closing)
        self._open[closing] += 1
        self.last = Last.OPENING
        return True

    def close(self, bracket: int) -> bool:
        """A closing bracket was read; it closes those inside of its own too. False where none waits for it."""
        if not self._open[bracket]:
            return False
        self.broken |= self.last in (Last.COLON, Last.COMMA) or self._expected[-1] != bracket
        closed = None
        while closed != bracket:
            closed = self._expected.pop()
            self._open[closed] -= 1
        self.last = Last.CLOSING
        return True
