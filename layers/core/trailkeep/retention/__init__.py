"""Retention: how long what is kept, what has to stay beyond that, and the deletion of the rest, each on record."""
