"""Accounts in which nothing bad happens: people, programs, and weeks of work that is not every day alike."""
