"""From the lake to tallies and digests: what happened, by the minute, and what is usual."""
