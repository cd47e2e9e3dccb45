"""Athena: the engine for what is too large for one function. The same questions, written in Trino's SQL."""
