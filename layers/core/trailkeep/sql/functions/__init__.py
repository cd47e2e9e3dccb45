"""The functions, casts and operators of SQL, as data: what is not in these lists is not run.

Each says what it means, and how that is written for each engine where they differ.
"""
