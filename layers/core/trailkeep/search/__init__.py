"""Searching: conditions on whole events, at any depth of them, over everything that is kept."""
