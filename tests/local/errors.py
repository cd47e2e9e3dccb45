"""What a command of the local stack says in one sentence instead of a traceback."""


class LocalStackError(Exception):
    """Something that the person at the keyboard can understand, and mostly mend."""
