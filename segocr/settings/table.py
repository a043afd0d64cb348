"""What every table of ``segocr.toml`` is: fixed once read, no unknown keys, no value of another type.

Numbers are finite, and no larger than what a person may mean: dates and timers cannot hold any number.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

LONGEST_SECONDS = 366 * 86400.0
LONGEST_DAYS = 36600.0


class Table(BaseModel):
    """Root of the tables."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
