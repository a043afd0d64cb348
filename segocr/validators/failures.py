"""What a validator says when it is not content: a stable code and a sentence."""

from __future__ import annotations

DOUBTFUL = "doubtful"
INVALID = "invalid"


class Refused(Exception):
    """A text that has no value of its type, or a value that a validator does not believe.

    Args:
        code: Stable identifier in kebab-case (docs/problems.md).
        message: One sentence, for people.
        verdict: ``invalid``: it cannot be right; ``doubtful``: somebody should look.
    """

    def __init__(self, code: str, message: str, verdict: str = INVALID) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.verdict = verdict
