"""The tables of ``segocr.toml`` that the service obeys: schedules, retrying, keeping, alerts."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from segocr.settings.addresses import web_address
from segocr.settings.table import LONGEST_DAYS, LONGEST_SECONDS, Table

SHORTEST_SCHEDULE = 10.0
"""Seconds: a scheduled run is a process of its own, which costs two or three seconds before it begins."""
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def _schedule(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < SHORTEST_SCHEDULE:
            raise ValueError(f"expected at least {SHORTEST_SCHEDULE:g} seconds")
        if not value <= LONGEST_SECONDS:  # not a number, too
            raise ValueError(f"expected at most {LONGEST_SECONDS:g} seconds")
    elif value != "off" and not (isinstance(value, str) and _is_cron(value)):
        raise ValueError('expected seconds, "off", or a cron line such as "30 4 * * *"')
    return value


def _is_cron(line: str) -> bool:
    """Say whether a line is a cron line of five fields of numbers, ranges, lists and steps."""
    fields = line.split()
    return len(fields) == len(_CRON_RANGES) and all(
        _is_cron_part(part, low, high)
        for field, (low, high) in zip(fields, _CRON_RANGES, strict=True)
        for part in field.split(",")
    )


def _is_cron_part(part: str, low: int, high: int) -> bool:
    found = re.fullmatch(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?", part)
    if found is None:
        return False
    first, last = (int(found[number] or found[1] or low) for number in (1, 2))
    return low <= first <= last <= high


Schedule = Annotated[float | str, BeforeValidator(_schedule)]


class ScheduleSettings(Table):
    """``[schedules]``: when ``segocr serve`` runs what: seconds between runs, a cron line (UTC), or "off".

    Attributes:
        watch: A sweep of all inboxes, and extraction: the net under what `serve` does by itself.
        extract: Extraction alone.
        retry: Failed documents that may do better now (``[retry]``).
        reprocess: Records of templates that changed are decided again, or read again where that takes pixels.
        housekeeping: What ``[keep]`` allows to go, goes; the database is tidied.
    """

    watch: Schedule = 3600.0
    extract: Schedule = "off"
    retry: Schedule = "15 3 * * *"
    reprocess: Schedule = "off"
    housekeeping: Schedule = "30 4 * * *"


class RetrySettings(Table):
    """``[retry]``: which failed documents the schedule of that name tries again.

    Attributes:
        codes: Codes of their last problem.
        days: Only documents that were received within so many days: nothing is tried for ever.
    """

    codes: Annotated[tuple[str, ...], Field(strict=False)] = (
        "no-template", "ambiguous-template", "gave-up", "too-slow",
    )  # fmt: skip
    days: float = Field(default=3, gt=0, le=LONGEST_DAYS)


class KeepSettings(Table):
    """``[keep]``: for how many days; 0: for ever.

    Attributes:
        done: Files in ``done/`` whose document needs no review. Their records stay.
        failed: Files in ``failed/`` and the reasons beside them, with their failed records.
        versions: Older versions of a record, from when a newer one replaced them.
        lattices: What readings are decided again from. Without it a record can be replayed no more.
    """

    done: float = Field(default=0, ge=0, le=LONGEST_DAYS)
    failed: float = Field(default=0, ge=0, le=LONGEST_DAYS)
    versions: float = Field(default=0, ge=0, le=LONGEST_DAYS)
    lattices: float = Field(default=0, ge=0, le=LONGEST_DAYS)


class AlertSettings(Table):
    """``[alert]``: what happens when many documents fail, beside the log and ``segocr status``.

    Attributes:
        failures: So many failed documents …
        minutes: … within so many minutes are too many.
        command: A program and its words; it gets the alert as a JSON object on its standard input.
        webhook: An address that the same JSON is sent to.
    """

    failures: int = Field(default=20, ge=1, le=1_000_000)
    minutes: float = Field(default=10, gt=0, le=LONGEST_SECONDS / 60)
    command: Annotated[tuple[str, ...], Field(strict=False)] = ()
    webhook: Annotated[str, AfterValidator(web_address)] | None = None
