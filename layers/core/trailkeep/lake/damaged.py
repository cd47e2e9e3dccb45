"""What cannot be: bytes that nobody of ours wrote where they stand."""


class Damaged(ValueError):
    """Bytes of a page, or of the index, that cannot be what was written there."""
