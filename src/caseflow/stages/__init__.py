"""Workflows that ship with caseflow."""

from caseflow.stages.six_stage import six_stage

__all__ = ["six_stage"]
