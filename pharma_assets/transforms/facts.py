"""What is known of a report before it is opened: where its file lies. A layout may fill columns from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from pharma_assets.errors import PharmaError
from pharma_assets.model.target import TYPES
from pharma_assets.transforms.columns import arrow_type
from pharma_assets.transforms.layout import Fact, RegistryField


@dataclass(frozen=True)
class Facts:
    """The words of a file's place, as the registry has them; None where a file lies elsewhere."""

    provider: str | None = None
    client: str | None = None
    report_type: str | None = None
    file_name: str | None = None


NOWHERE = Facts()


def registry_values(
    fields: Mapping[str, RegistryField], facts: Facts, month: date | None, timezone: ZoneInfo
) -> dict[str, pa.Scalar]:
    """The value of each target that a layout fills from the file's place, as it is stored.

    Raises PharmaError FACT_MISSING where the fact is not known, or its pattern does not fit.
    """
    known = {
        Fact.PROVIDER: facts.provider,
        Fact.CLIENT: facts.client,
        Fact.REPORT_TYPE: facts.report_type,
        Fact.FILE_NAME: facts.file_name,
        Fact.MONTH_START: month and _midnight(month, timezone),
        Fact.MONTH_END: month and _midnight((month.replace(day=1) + timedelta(days=31)).replace(day=1), timezone, -1),
    }
    values: dict[str, pa.Scalar] = {}
    for target, field in fields.items():
        value = known[field.fact]
        if value is None:
            raise PharmaError("FACT_MISSING", target=target, fact=field.fact.value, why="it is not known here")
        if field.pattern is not None:
            found = re.search(field.pattern, str(value))
            if found is None or not found[1]:
                raise PharmaError(
                    "FACT_MISSING", target=target, fact=field.fact.value, why=f"{value} does not fit {field.pattern}"
                )
            value = found[1]
        values[target] = pa.scalar(value, arrow_type(TYPES[target]))
    return values


def _midnight(day: date, timezone: ZoneInfo, days: int = 0) -> datetime:
    day += timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=timezone)
