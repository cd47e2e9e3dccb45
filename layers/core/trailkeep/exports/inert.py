"""Texts that spreadsheets leave alone: a cell that they would run as a formula gets an apostrophe in front.

Spreadsheets take a cell for a formula by its first character, some after leading blanks, some in full-width form. The
guard can be undone: a cell that begins with an apostrophe had one put in front of it, and no other cell begins so.
"""

import pyarrow as pa
import pyarrow.compute as pc

GUARD = "'"

# What is skipped before a formula: blanks and control characters, those of Unicode too, and marks without a width.
_BLANKS = (
    r"[\x00-\x20\x7f-\x{a0}\x{ad}\x{1680}\x{180e}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{206f}\x{3000}\x{feff}]"
)
_TRIGGERS = r"[=+\-@\t\r\n\x00\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]"
_DANGEROUS = f"^(?:{GUARD}|{_BLANKS}*{_TRIGGERS})"


def inert(texts: pa.Array) -> pa.Array:
    """The same texts, :data:`GUARD` in front of those that could be formulas or begin with it; null stays null."""
    dangerous = pc.match_substring_regex(texts, _DANGEROUS)
    if not pc.any(dangerous).as_py():
        return texts
    guarded = pc.binary_join_element_wise(pa.scalar(GUARD), texts, "")
    return pc.if_else(dangerous, guarded, texts)
