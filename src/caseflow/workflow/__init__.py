"""Workflows: declare stages and transitions, build and check them, decide on cases."""
