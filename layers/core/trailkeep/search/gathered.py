"""Matches as they are found, block by block in either direction: their places, and their originals packed away."""

from itertools import chain

import pyarrow as pa

_LOOSE_BYTES = 8 << 20
"""Originals held one by one, which takes more memory, before they are packed."""


class Gathered:
    """Rows of a stretch, added block by block from its first one on or, ``backwards``, from its last one.

    ``damaged`` counts rows that could not be read. Without ``with_texts``, originals are not kept.
    """

    def __init__(self, *, with_texts: bool, backwards: bool) -> None:
        self.damaged = 0
        self._with_texts = with_texts
        self._order = -1 if backwards else 1
        self._rows = 0
        self._places: list[list[int]] = []
        self._loose: list[list[bytes]] = []
        self._loose_bytes = 0
        self._packed: list[pa.StringArray] = []

    def __len__(self) -> int:
        return self._rows

    def add(self, places: list[int], texts: list[bytes]) -> None:
        """Add rows of a block, in their order."""
        self._rows += len(places)
        self._places.append(places)
        if self._with_texts:
            self._loose.append(texts)
            self._loose_bytes += sum(map(len, texts))
            if self._loose_bytes > _LOOSE_BYTES:
                self._pack()

    @property
    def places(self) -> list[int]:
        """The places of all rows, from the first to the last one."""
        return list(chain.from_iterable(self._places[:: self._order]))

    def texts(self) -> pa.ChunkedArray | None:
        """The originals of all rows, from the first to the last one; None without them."""
        if not self._with_texts:
            return None
        self._pack()
        return pa.chunked_array(self._packed[:: self._order], pa.string())

    def _pack(self) -> None:
        if self._loose:
            self._packed.append(pa.array(list(chain.from_iterable(self._loose[:: self._order])), pa.string()))
            self._loose, self._loose_bytes = [], 0
