"""Programs that the Makefile runs; they need only the standard library."""
