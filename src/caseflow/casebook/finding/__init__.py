"""Finding cases: what the list says of each, and searching it, page by page."""
