"""What nobody should hand to caseflow, and what becomes of it: each test began as a break."""
