"""How surprising something is, in bits: 0 for what happens daily, 1 for every second day, 5 for once in a month."""

from math import log2

PRIOR_SHARE = 0.02
PRIOR_DAYS = 5
"""What is believed of an account before anything is known of it, and how many days that belief is worth."""

OWN_DAYS = 2
"""How many days the account's share is worth for one of its identities."""


def pooled_share(times: float, days: float) -> float:
    """The share of days on which it happens, over all identities of an account."""
    return (times + PRIOR_SHARE * PRIOR_DAYS) / (days + PRIOR_DAYS)


def share(times: int, days: int, pooled: float) -> float:
    """The same for one identity: the account's share where nothing is known of it, its own the more days it has."""
    return (times + pooled * OWN_DAYS) / (days + OWN_DAYS)


def bits(probability: float) -> float:
    """Surprise of what has this probability, never below 0."""
    return max(0.0, -log2(max(probability, 1e-9)))
