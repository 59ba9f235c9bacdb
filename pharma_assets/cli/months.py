"""Months as people type them."""

from __future__ import annotations

from datetime import date, datetime

import typer


def first_day(month: str | None) -> date | None:
    """The first day of a month like `2025-06`; a month that is written otherwise ends the command."""
    if month is None:
        return None
    try:
        return datetime.strptime(month, "%Y-%m").date()
    except ValueError as error:
        raise typer.BadParameter("a month is written like 2025-06", param_hint="--month") from error
