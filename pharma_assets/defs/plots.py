"""Small pictures inside metadata. Dagster's pages show a Markdown of under 1,000 characters where it stands."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, timedelta

_STEP, _HEIGHT = 8, 48
_MOST_DAYS = 62


def rows_by_day(days: Mapping[date, int]) -> str:
    """A bar for each day from the first to the last one, as a Markdown picture; blank if there is none, or if they lie
    too far apart to be shown."""
    if not days:
        return ""
    first, last = min(days), max(days)
    count = (last - first).days + 1
    if count > _MOST_DAYS:
        return ""
    most = max(days.values())
    bars = []
    for number in range(count):
        rows = days.get(first + timedelta(days=number), 0)
        if rows:
            bars.append(f"M{number * _STEP + _STEP // 2} {_HEIGHT}v-{max(1, round(rows / most * _HEIGHT))}")
    width = count * _STEP
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}">'
        f'<path d="{"".join(bars)}" stroke="#4f43dd" stroke-width="6"/></svg>'
    )
    picture = base64.b64encode(drawing.encode()).decode()
    told = f"{first:%d.%m.%Y} – {last:%d.%m.%Y}, at most {most} rows a day"
    return f"![{told}](data:image/svg+xml;base64,{picture})\n\n{told}"
