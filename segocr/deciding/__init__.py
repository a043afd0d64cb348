"""Deciding: which reading counts for a field, in which order, and what it is worth."""
