"""Erasing somebody's data: what has to be kept, the key, and what was derived from it."""
