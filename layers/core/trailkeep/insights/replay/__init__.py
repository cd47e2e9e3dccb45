"""Replay: what would have been found in a past window, nothing written."""
