"""Mends of a table of interactions, one a file: what each finds, and what it does about it."""
