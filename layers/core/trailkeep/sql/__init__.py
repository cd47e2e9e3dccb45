"""SQL over the events that a search found: read as a tree, checked against lists, run in a process of its own."""
