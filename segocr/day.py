"""The day that ``today`` means: of a moment, where the machine stands.

People drop files and read dates by the clock on their wall, so it is the day of the machine's time zone
(``TZ``, ``/etc/localtime``), for a file that a command is given and for one that comes through an inbox.
"""

from __future__ import annotations

from datetime import date, datetime


def day_of(moment: datetime) -> date:
    """Return the day of a moment in the machine's time zone.

    Args:
        moment: With a time zone of its own, such as UTC.

    Raises:
        ValueError: It has none, so nobody could say when it was.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone().date()
