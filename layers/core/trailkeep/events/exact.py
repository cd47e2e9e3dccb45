"""One value at a time, whatever its state: the way past broken records, so that their neighbours are read."""

import msgspec

from trailkeep.events.brackets import End, ValueScanner
from trailkeep.events.reader import Reader
from trailkeep.events.reasons import Reason, Unreadable

PATIENCE_BYTES = 1 << 20
"""How much may be read twice in search of records inside broken ones, beyond as much again as lies behind: whatever an
object holds, reading it takes a time in proportion to its size."""

_SLACK = 64
"""Bytes kept beyond the longest value before any is dropped, so that a place to restart from is never among them."""

_raw = msgspec.json.Decoder(msgspec.Raw)


class ExactReader:
    """Reads values of at most ``longest`` bytes where ``reader`` stands; ``model`` is a sound one read before."""

    def __init__(self, reader: Reader, longest: int) -> None:
        self._reader = reader
        self._longest = longest
        self._read_again = 0
        self.model = b""

    def value(self, *, inside_object: bool = False) -> bytes | Unreadable:
        """One bracketed value, by the exact scanner; the reader then stands behind it, or where the next may begin."""
        reader = self._reader
        scanner = ValueScanner(self._longest, self.model, inside_object=inside_object)
        scanned = dropped = 0
        while True:
            at = reader.at + scanned
            scan = scanner.scan(reader.text, reader.at - dropped, at, at_end=reader.ended)
            scanned = scan.at - reader.at
            overlong = dropped + scanned > self._longest + _SLACK
            if scan.end is not End.NEEDS_MORE or (overlong and scanner.restart is not None):
                break
            if overlong:
                reader.at = scan.at
                dropped += scanned
                scanned = 0
            reader.more()
        too_large = dropped + scanned > self._longest
        text = reader.text[reader.at : reader.at + scanned]
        is_sound = scan.end is End.COMPLETE and not too_large and (scanner.restart is None or _decodes(text))
        is_patient = self._read_again <= PATIENCE_BYTES + reader.position
        if scanner.restart is not None and not is_sound and is_patient:
            self._read_again += min(scanned, self._longest) - scanner.restart
            reader.at += scanner.restart
            return _mismatch()
        reader.at += scanned
        if too_large:
            return Unreadable(Reason.RECORD_TOO_LARGE, f"a record is larger than {self._longest} bytes")
        if is_sound:
            self.model = text
            return text
        if scan.end is End.TRUNCATED:
            return Unreadable(Reason.TRUNCATED, "the text ends inside a record")
        return _mismatch()


def _decodes(text: bytes) -> bool:
    try:
        _raw.decode(text)
    except msgspec.DecodeError:
        return False
    except RecursionError:
        return True  # too deep to tell: it stays one value, for its reader to refuse
    return True


def _mismatch() -> Unreadable:
    return Unreadable(Reason.INVALID_JSON, "the brackets or quotes of a record do not match")
