"""What every table of ``segocr.toml`` is: fixed once read, no unknown keys, no value of another type."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """Root of the tables."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
