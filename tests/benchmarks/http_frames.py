"""Where an HTTP/1.1 message ends in a stream of bytes: all that a proxy has to know of it."""

from __future__ import annotations

_END = b"\r\n\r\n"
_CHUNKED = -1
_UNTIL_CLOSE = -2


class Frames:
    """The messages of one direction of a connection; feed it what comes and it tells where heads and ends are.

    :meth:`feed` gives the pieces of the bytes with ``True`` for one that ends a message. ``head`` is the head of the
    message under way, complete or empty. ``bodiless`` says for the next answer that it comes without a body (HEAD).
    """

    def __init__(self, *, is_answer: bool) -> None:
        self.head = b""
        self.bodiless = False
        self._is_answer = is_answer
        self._pending = b""
        self._left = 0
        self._tail = b""

    def feed(self, data: bytes) -> list[tuple[bytes, bool]]:
        """Cut the bytes behind each message's end; a head that is not complete yet is held back."""
        pieces: list[tuple[bytes, bool]] = []
        while data:
            if not self.head:
                data = self._begin(data, pieces)
            elif self._left == _UNTIL_CLOSE:
                pieces.append((data, False))
                data = b""
            elif self._left == _CHUNKED:
                data = self._chunked(data, pieces)
            else:
                piece, data = data[: self._left], data[self._left :]
                self._left -= len(piece)
                pieces.append((piece, self._left == 0))
            if pieces and pieces[-1][1]:
                self.head = b""
        return pieces

    def _begin(self, data: bytes, pieces: list[tuple[bytes, bool]]) -> bytes:
        self._pending += data
        at = self._pending.find(_END)
        if at < 0:
            return b""
        at += len(_END)
        head, rest = self._pending[:at], self._pending[at:]
        self._pending = b""
        if self._is_answer and head.startswith(b"HTTP/1.1 1"):  # 100 Continue: the real answer follows
            pieces.append((head, False))
            return rest
        self.head = head
        self._left = self._length(head)
        self._tail = b""
        pieces.append((head, self._left == 0))
        return rest

    def _length(self, head: bytes) -> int:
        status = head.split(b" ", 2)[1]
        if self._is_answer and (self.bodiless or status in (b"204", b"304")):
            return 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                return int(value)
            if name.lower() == b"transfer-encoding" and b"chunked" in value.lower():
                return _CHUNKED
        return _UNTIL_CLOSE if self._is_answer else 0

    def _chunked(self, data: bytes, pieces: list[tuple[bytes, bool]]) -> bytes:
        """Up to the empty chunk that ends the body. Trailers are not used by S3's clients here."""
        seen = self._tail + data
        at = seen.find(b"\r\n0\r\n\r\n")
        if at < 0 and not seen.startswith(b"0\r\n\r\n"):
            self._tail = seen[-7:]
            pieces.append((data, False))
            return b""
        at = (at + 7 if at >= 0 else 5) - len(self._tail)
        pieces.append((data[:at], True))
        return data[at:]
