"""What is asked of a client-month that is loaded: pure functions of its facts. What blocks was decided before, file by
file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pharma_assets.loading.month_facts import MonthFacts, Volume

# The share of rows that have an INN for which it may be wrong: a slip of somebody's hand, and no wrong column.
WRONG_INN_SHARE = 0.01
# A month counts as usual between 1/n and n times the median of those before; with fewer there is no telling.
USUAL_FACTOR = 2
LEAST_MONTHS = 3

_LONGEST = 20


@dataclass(frozen=True)
class Finding:
    """The answer of one check: whether all is well, one sentence, and its figures."""

    passed: bool
    summary: str
    figures: Mapping[str, object]


def reconciliation(facts: MonthFacts) -> Finding:
    """Every row read is loaded, left out or rejected, and the table holds exactly the rows and sums of the ledger."""
    wrong = [
        file.id
        for file in facts.files
        if file.rows_read != file.rows_loaded + file.rows_left_out + file.rows_rejected
        or file.stored != file.rows_loaded - file.rows_superseded
        or file.held_back != file.rows_rejected
        or any(file.stored_sums.get(name, Decimal(0)) != total for name, total in file.sums.items())
    ]
    figures: dict[str, object] = {
        "files": len(facts.files),
        "rows_read": sum(file.rows_read for file in facts.files),
        "rows_loaded": sum(file.rows_loaded for file in facts.files),
        "rows_superseded": sum(file.rows_superseded for file in facts.files),
        "rows_left_out": sum(file.rows_left_out for file in facts.files),
        "rows_rejected": sum(file.rows_rejected for file in facts.files),
        "rows_stored": facts.rows,
    }
    if wrong:
        return Finding(False, f"ledger and table differ for the files {wrong}", {**figures, "file_ids": wrong})
    return Finding(True, "every row read is loaded, left out or rejected, and the table agrees", figures)


def control_totals(facts: MonthFacts) -> Finding:
    """The reports' own totals agree with their rows. A difference keeps its file out, unless the layout says
    `totals: ignore`."""
    totals = [(file.path, total) for file in facts.files for total in file.control_totals]
    differ = [
        f"{path}: row {total['row']}, {total['column']}: {total['stated']} stated, {total['found']} found"
        for path, total in totals
        if total["agrees"] is False
    ]
    figures = {
        "agree": sum(total["agrees"] is True for _, total in totals),
        "differ": len(differ),
        "not_comparable": sum(total["agrees"] is None for _, total in totals),
    }
    if differ:
        return Finding(False, f"{len(differ)} totals differ from their rows", {**figures, "totals": differ[:_LONGEST]})
    return Finding(True, "no total differs from its rows" if totals else "the reports have no totals", figures)


def files_taken_in(facts: MonthFacts) -> Finding:
    """No file of the client-month is in ERROR or waits for a transform."""
    if not facts.open_files:
        return Finding(True, "every file was taken in", {})
    named = ", ".join(f"{file.path} ({file.code})" for file in facts.open_files[:3])
    figures = {file.path: f"{file.code}: {file.message} – {file.advice}" for file in facts.open_files}
    return Finding(False, f"not taken in: {len(figures)}, among them {named}", figures)


def rows_taken_in(facts: MonthFacts) -> Finding:
    """No row is held back; what is, stands in `ops.rejected_row` with its cell and its reason."""
    rejected = {file.path: file.held_back for file in facts.files if file.held_back}
    figures = {"rows_rejected": sum(rejected.values()), "files": rejected}
    if rejected:
        return Finding(False, f"{sum(rejected.values())} rows of {len(rejected)} files are held back", figures)
    return Finding(True, "no row is held back", figures)


def period_within_month(facts: MonthFacts) -> Finding:
    """Every `period` lies in the month of the file's folder, in the suppliers' time zone."""
    month = facts.client_month
    days = sorted(day for day in facts.days if day is not None)
    outside = sum(
        rows for day, rows in facts.days.items() if day is None or (day.year, day.month) != (month.year, month.month)
    )
    figures: dict[str, object] = {"rows": facts.rows, "outside": outside}
    if days:
        figures |= {"first": str(days[0]), "last": str(days[-1])}
    if outside:
        return Finding(False, f"{outside} of {facts.rows} rows are dated outside {month.month_key}", figures)
    return Finding(True, f"all rows are dated within {month.month_key}", figures)


def inn_validity(facts: MonthFacts) -> Finding:
    """The share of rows whose `client_inn` fails its check digits is 1 % at most; blank ones are counted apart."""
    wrong = {inn: rows for inn, rows in facts.inns.items() if inn is not None and not _is_valid_inn(inn)}
    blank = facts.inns.get(None, 0)
    having = facts.rows - blank
    share = sum(wrong.values()) / having if having else 0.0
    figures: dict[str, object] = {
        "distinct": len(facts.inns.keys() - {None}),
        "rows_blank": blank,
        "rows_invalid": sum(wrong.values()),
        "share_valid": round(1 - share, 4),
        "invalid": dict(sorted(wrong.items(), key=lambda item: -item[1])[:_LONGEST]),
    }
    told = f"{len(wrong)} INN in {sum(wrong.values())} of {having} rows fail their check digits"
    return Finding(share <= WRONG_INN_SHARE, told if wrong else "every INN that is there is valid", figures)


# Buyers come again in every report of a supplier.
@lru_cache(maxsize=100_000)
def _is_valid_inn(text: str) -> bool:
    from pharma_assets.transforms.values.identifiers import is_valid_inn  # noqa: PLC0415 - definitions load fast

    return is_valid_inn(text)


def volume(facts: MonthFacts) -> Finding:
    """Rows and sums are between half and twice the median of the client's earlier months, of which there must be three.
    A month that is not over may be smaller."""
    first_day = facts.client_month.first_day
    running = (facts.today.year, facts.today.month) <= (first_day.year, first_day.month)
    unusual, figures = [], {}
    for report_type in sorted({volume.report_type for volume in facts.volumes if volume.month == first_day}):
        of_type = [volume for volume in facts.volumes if volume.report_type == report_type]
        (now,) = (volume for volume in of_type if volume.month == first_day)
        earlier = [volume for volume in of_type if volume.month < first_day and volume.rows]
        for name, value, before in _series(now, earlier):
            if len(before) < LEAST_MONTHS:
                continue
            usual = median(before)
            figures[f"{report_type} {name}"] = f"{value:f}, usually {usual:f} ({len(before)} months)"
            if value > usual * USUAL_FACTOR or (value * USUAL_FACTOR < usual and not running):
                unusual.append(f"{report_type} {name} {value:f} beside {usual:f}")
    if unusual:
        return Finding(False, f"unusual: {'; '.join(unusual)}", figures)
    return Finding(True, "as usual" if figures else "too few earlier months to tell", figures)


def _series(now: Volume, earlier: list[Volume]) -> list[tuple[str, Decimal, list[Decimal]]]:
    """Each figure of a month with those of the months before it; a sum only where that column was filled before."""
    rows = [("rows", Decimal(now.rows), [Decimal(volume.rows) for volume in earlier])]
    return rows + [
        (name, now.sums.get(name, Decimal(0)), [volume.sums[name] for volume in earlier if name in volume.sums])
        for name in sorted({name for volume in earlier for name in volume.sums})
    ]


def duplicates(facts: MonthFacts) -> Finding:
    """No content counts twice: no file's bytes, and no row of one file stands in another one too."""
    by_content: dict[str, list[str]] = {}
    for file in facts.files:
        if file.rows_loaded:
            by_content.setdefault(file.content_hash, []).append(file.path)
    twice = [paths for paths in by_content.values() if len(paths) > 1]
    figures = {"rows_in_several_files": facts.rows_in_files, "files_with_the_same_bytes": twice}
    if not twice and not facts.rows_in_files:
        return Finding(True, "no row stands in two files", figures)
    return Finding(False, f"{facts.rows_in_files} rows stand in more than one file", figures)
