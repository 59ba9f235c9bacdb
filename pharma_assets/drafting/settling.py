"""A sketch tried on its sample: what only the engine sees (ambiguous days, totals, zeros) is settled by trying."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from pharma_assets.drafting.draft import Draft
from pharma_assets.drafting.roles import NUMERIC
from pharma_assets.drafting.sketch import About, Sketch, sketch
from pharma_assets.errors import PharmaError
from pharma_assets.model.target import TYPES, Type
from pharma_assets.reading.sheet import Document
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport, normalize

_MOST_TRIES = 12
_TOO_MANY = 0.01
_MARK = "doubt: the sample does not tell 1,234 from 1234"
ZERO_REASON = "zero quantity"


@dataclass(frozen=True)
class Trial:
    """A document that a layout must load. `month` is the first day of its folder's month; `whole`: it is the sample
    itself, not a part of it, so that its rows and totals say something of the layout."""

    document: Document
    month: date | None = None
    whole: bool = True


@dataclass(frozen=True)
class Settled:
    """A layout that loads, as text and model, and what it makes of the first trial: a report, or the problem that
    remains."""

    text: str
    layout: Layout
    report: NormalizedReport | None
    problem: PharmaError | None


def settle(draft: Draft, about: About, trials: Sequence[Trial], timezone: ZoneInfo) -> Settled:
    """Make the draft's layout and try it on every document, with whatever the trials teach.

    Raises PharmaError DRAFT_NO_PERIOD where no column has the days: the engine takes no such layout.
    """
    if draft.of_role("period") is None:
        raise PharmaError("DRAFT_NO_PERIOD", columns=", ".join(column.header for column in draft.columns))
    current = sketch(draft, about)
    for _ in range(_MOST_TRIES):
        attempt, learned = _try(current, draft, trials, timezone)
        if learned is None:
            return attempt
        current = learned
    return attempt


def _try(current: Sketch, draft: Draft, trials: Sequence[Trial], timezone: ZoneInfo) -> tuple[Settled, Sketch | None]:
    """What the sketch makes of the trials, and the better one that they teach, if they do."""
    text = current.text()
    layout = parse_layout(text.encode())
    reports: list[NormalizedReport] = []
    for trial in trials:
        try:
            report = normalize(trial.document, layout, timezone, trial.month)
        except PharmaError as error:
            learned = _from_problem(current, draft, trial, error)
            return Settled(text, layout, reports[0] if reports else None, error), learned
        reports.append(report)
        if (better := _from_report(current, trial, report)) is not None:
            return Settled(text, layout, reports[0], None), better
    return Settled(text, layout, reports[0], None), None


def _from_problem(current: Sketch, draft: Draft, trial: Trial, error: PharmaError) -> Sketch | None:
    """The sketch that does not fail so; None where nothing can be done about it."""
    teach = _LESSONS.get(error.code)
    if teach is None or (error.code == "TOTAL_MISMATCH" and not trial.whole):
        return None
    return teach(current, draft, error.facts)


def _ambiguous_dates(trial: Sketch, draft: Draft, facts: Mapping[str, object]) -> Sketch | None:
    header = _rule_of(trial, str(facts["column"]))
    if header is None or "dates" in trial.data["columns"][header]:
        return None
    return trial.with_rule(header, f"doubt: {facts['example']} may be month/day, too", dates="dmy")


def _totals_differ(trial: Sketch, draft: Draft, facts: Mapping[str, object]) -> Sketch | None:
    why = f"doubt: row {facts['row']} says {facts['stated']}, the rows add up to {facts['found']}"
    return None if "totals" in trial.data else trial.with_key("totals", "ignore", why)


def _several_sheets(trial: Sketch, draft: Draft, facts: Mapping[str, object]) -> Sketch | None:
    why = f"doubt: {facts['sheets']} have the header; `sheets: all` takes them as one report"
    return None if "sheet" in trial.data else trial.with_key("sheet", draft.sheet, why)


def _hidden(trial: Sketch, draft: Draft, facts: Mapping[str, object]) -> Sketch | None:
    return None if "sheet" in trial.data else trial.with_key("sheet", draft.sheet, "doubt: the sheet is hidden")


def _other_order(trial: Sketch, draft: Draft, facts: Mapping[str, object]) -> Sketch | None:
    """Days that were taken for the first number lie outside the month: perhaps they are the second one."""
    for header, rule in trial.data["columns"].items():
        if rule.get("dates") == "dmy":
            return trial.with_rule(header, "by the month of the folder the month comes first", dates="mdy")
    return None


def _no_amount_tells(trial: Sketch, draft: Draft, facts: Mapping[str, object]) -> Sketch | None:
    """Where no row could be loaded, `1,234` in all of them is what a trial can do something about."""
    for column in draft.columns:
        rule = trial.data["columns"].get(column.header)
        doubtful = any("," in text for text in column.profile.texts)
        if rule is not None and column.role in NUMERIC and "decimal" not in rule and doubtful:
            return trial.with_rule(column.header, _MARK, decimal="comma")
    return None


_LESSONS: Mapping[str, Callable[[Sketch, Draft, Mapping[str, object]], Sketch | None]] = {
    "DATE_AMBIGUOUS": _ambiguous_dates,
    "TOTAL_MISMATCH": _totals_differ,
    "AMBIGUOUS_SHEET": _several_sheets,
    "HIDDEN_SHEET": _hidden,
    "PERIOD_MISMATCH": _other_order,
    "ALL_ROWS_REJECTED": _no_amount_tells,
}


def _rule_of(trial: Sketch, header: str) -> str | None:
    return header if header in trial.data["columns"] else None


def _from_report(current: Sketch, trial: Trial, report: NormalizedReport) -> Sketch | None:
    """What the rows teach: amounts that only a comma explains, columns that are not always filled, rows of zero."""
    cells = Counter((cell.header, cell.code) for row in report.rejected for cell in row.cells)
    for (header, code), count in cells.items():
        rule = current.data["columns"].get(header)
        if rule is None or count <= report.read * _TOO_MANY:
            continue
        if code == "VALUE_MISSING" and rule.get("filled") and rule["to"] != "period":
            return current.with_rule(header, f"{count} cells of the sample are blank", filled=None)
        if code == "VALUE_AMOUNT" and "decimal" not in rule:
            return current.with_rule(header, _MARK, decimal="comma")
    return _zeros(current, report) if trial.whole else None


def _zeros(current: Sketch, report: NormalizedReport) -> Sketch | None:
    if "left_out" in current.data:
        return None
    for header, rule in current.data["columns"].items():
        target = rule["to"]
        if target in report.table.column_names and TYPES.get(target) is Type.AMOUNT:
            zeros = pc.sum(pc.equal(report.table[target], 0)).as_py() or 0
            if zeros:
                rules = [{"column": header, "equals": 0, "reason": ZERO_REASON}]
                why = f"doubt: {zeros} rows of the sample; take this out if zeros mean something"
                return current.with_key("left_out", rules, why)
    return None
