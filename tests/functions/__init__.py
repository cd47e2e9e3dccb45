"""Each function as its users see it: an event goes in, an answer comes out, and the buckets hold what they should."""
