"""The inbox: files that people drop, seen, settled, claimed, and filed when their record is stored."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where an arrival stands: received → claimed → extracting → extracted | needs_review | failed."""

    RECEIVED = "received"
    CLAIMED = "claimed"
    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    NEEDS_REVIEW = "needs_review"
    FAILED = "failed"
