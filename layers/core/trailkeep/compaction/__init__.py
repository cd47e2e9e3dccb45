"""Compaction: many small objects of a partition become few sorted ones, each event in them once."""
