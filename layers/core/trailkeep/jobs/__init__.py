"""Jobs: what takes longer than an answer may. Kept as one object each, worked on in steps, with an end for each."""
