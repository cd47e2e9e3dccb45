"""Exports: all rows of a lookup or a search as files, in the format of choice, complete or visibly incomplete."""
