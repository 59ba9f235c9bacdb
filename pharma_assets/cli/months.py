"""Months as people type them."""

from __future__ import annotations

from datetime import date, datetime

import typer


def first_day(month: str | None, option: str = "--month") -> date | None:
    """The first day of `2025-06`; None for None. Raises BadParameter of the option."""
    if month is None:
        return None
    try:
        return datetime.strptime(month, "%Y-%m").date()
    except ValueError as error:
        raise typer.BadParameter("a month is written like 2025-06", param_hint=option) from error
