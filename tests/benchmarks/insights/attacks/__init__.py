"""Attacks: one of each type in each judged week, done as intruders do them."""
