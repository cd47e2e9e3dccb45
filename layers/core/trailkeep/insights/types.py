"""The types of Insight, as ActionTrail names them, and what each needs to know before it can say what is unusual."""

from collections.abc import Mapping

IP = "IpInsight"
KEY = "AkInsight"
CALL_RATE = "ApiCallRateInsight"
ERROR_RATE = "ApiErrorRateInsight"
POLICY = "PolicyChangeInsight"
PASSWORD = "PasswordChangeInsight"  # noqa: S105 - the name of a type
CONCEALMENT = "TrailConcealmentInsight"

INSIGHT_TYPES = (IP, KEY, CALL_RATE, ERROR_RATE, POLICY, PASSWORD, CONCEALMENT)
"""All there are: whatever names a type, names one of these."""

SENSITIVITIES = ("low", "medium", "high")
"""From the one that finds least to the one that finds most."""

LEARNING_DAYS: Mapping[str, int] = {
    **dict.fromkeys(INSIGHT_TYPES, 1),
    **dict.fromkeys((KEY, CALL_RATE, ERROR_RATE), 3),
}
"""Days with calls that an account's history must have before a type can say what is unusual in it."""
