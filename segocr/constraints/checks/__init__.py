"""Check digits as automata, by name."""

from segocr.constraints.checks.kinds import Check
from segocr.constraints.checks.registry import CHECKS, complete, make_check, validate

__all__ = ["CHECKS", "Check", "complete", "make_check", "validate"]
