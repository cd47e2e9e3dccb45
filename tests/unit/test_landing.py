"""Keys of the landing bucket are free; one prefix tells that the API took the events, and for which account."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.landing import api_key, channel_of

names = st.text(st.sampled_from("abcXYZ0189_-"), min_size=1, max_size=64)


@given(account=names, batch=names)
def test_the_account_of_a_batch_is_in_its_channel(account: str, batch: str) -> None:
    assert channel_of(api_key(account, batch)) == f"api/{account}"


@given(st.text())
def test_any_other_key_is_an_object_of_the_landing_bucket(key: str) -> None:
    if not key.startswith("ingest/account="):
        assert channel_of(key) == "objects"


@pytest.mark.parametrize(
    "key",
    [
        "AWSLogs/1/CloudTrail/us-east-1/2026/03/10/x.json.gz",
        "ingest/",
        "ingest/account",
        "/ingest/account=1/x",
        "logs/ingest/account=1/x",
        "Ingest/account=1/x",
    ],
)
def test_keys_that_only_look_like_the_prefix(key: str) -> None:
    assert channel_of(key) == "objects"
