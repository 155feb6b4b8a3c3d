"""Time zones by name: of the days that a person typed, which another machine may read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from devtrail_tui.core.errors import InvalidInput

_OFFSET = re.compile(r"UTC([+-])(\d\d):(\d\d)")


def zone_of(name: str) -> tzinfo | None:
    """The zone of an IANA name or of `UTC+09:00`; None, this machine's own zone, for an empty name. Raises InvalidInput for a
    name that this machine does not know."""
    if not name:
        return None
    if (offset := _OFFSET.fullmatch(name)) is not None:
        sign = -1 if offset[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(offset[2]), minutes=int(offset[3])))
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a LookupError
        raise InvalidInput({"": f"This machine does not know the time zone {name}; install tzdata."}) from None


def day_begins(day: date, zone: tzinfo | None) -> datetime:
    """The start of a day in a zone (None: this machine's), as UTC."""
    start = datetime.combine(day, time.min)
    return (start.replace(tzinfo=zone) if zone else start.astimezone()).astimezone(UTC)
