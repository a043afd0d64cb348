"""``today`` is the day on the wall, whichever way a document comes in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import segocr
from segocr import extraction
from segocr.day import day_of
from segocr.settings import Settings

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Give a function that puts this process into another time zone."""
    with monkeypatch.context() as patched:

        def move(zone: str) -> None:
            patched.setenv("TZ", zone)
            time.tzset()

        yield move
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC0", 1), ("AAA-13", 2), ("AAA+12:01", 28)], ids=["here", "far east", "far west"]
)
def test_a_moment_has_the_day_of_the_machines_time_zone(
    stand_in: Callable[[str], None], zone: str, day: int
) -> None:
    stand_in(zone)
    assert day_of(NOON).day == day


def test_a_moment_without_a_time_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="time zone"):
        day_of(datetime(2026, 3, 1))


@pytest.mark.parametrize(("zone", "day"), [("AAA-13", date(2026, 3, 2)), ("AAA+12:01", date(2026, 2, 28))])
def test_a_command_s_today_is_the_day_on_the_wall(
    stand_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, zone: str, day: date
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Clock:
            return cls(2026, 3, 1, 12, 0, tzinfo=UTC)

    stand_in(zone)
    monkeypatch.setattr(extraction, "datetime", Clock)
    (file := tmp_path / "stray.jpg").touch()
    [record] = segocr.extract([file], settings=Settings())
    assert record.day == day.isoformat()
