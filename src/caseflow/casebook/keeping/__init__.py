"""Keeping the store: verifying, mending, attesting, exporting, importing."""
