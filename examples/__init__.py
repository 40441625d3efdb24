"""Example applications that embed caseflow."""
