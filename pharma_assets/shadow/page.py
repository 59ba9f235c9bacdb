"""A trial as one HTML page that needs nothing else: tables and bars, for the screen and for paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from pharma_assets.errors import Language
from pharma_assets.shadow.measures import State, Trial, all_measures
from pharma_assets.shadow.page_words import WORDS
from pharma_assets.shadow.stored_rows import Kind

_MOST_COLUMNS = 20
_MOST_CHARTS = 6

_WIDTH, _HEIGHT, _GAP, _FOOT = 720, 120, 4, 26


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, in its units, with what it says when one points at it."""

    x: float
    y: float
    width: float
    height: float
    is_after: bool
    title: str


@dataclass(frozen=True)
class Chart:
    """One measure over the months: two bars for each, before and after. `labels`: month → where it is written."""

    name: str
    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...]
    width: int = _WIDTH
    height: int = _HEIGHT + _FOOT
    base: int = _HEIGHT


def page(trial: Trial, language: Language, moment: datetime | None = None) -> str:
    """The page, in a language."""
    words = WORDS[language]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "signed": signed, "share": _share}
    source = files("pharma_assets.shadow").joinpath("page.html.j2").read_text(encoding="utf-8")
    months = [month for month in trial.months if month.changes or any(month.rows.values())]
    return environment.from_string(source).render(
        trial=trial,
        words=words,
        language=language,
        moment=moment or datetime.now(),
        months=months,
        same=sum(month.is_same for month in trial.months if month not in months),
        measure=words.measure,
        charts=_charts(trial, words.measure),
        columns=list(trial.by_column.items())[:_MOST_COLUMNS],
        most_cells=max(trial.by_column.values(), default=0),
        states=[(state, words.states[state], trial.states[state]) for state in State],
        open_files=[
            (state, file)
            for state in (State.WOULD_FAIL, State.WOULD_LOAD, State.STILL_FAILS)
            for file in trial.in_state(state)
        ],
        differing=[file for file in trial.files if file.compared is not None and file.compared.first],
        kinds={kind: words.kinds[kind] for kind in Kind},
    )


def _charts(trial: Trial, say: Callable[[str], str]) -> list[Chart]:
    """The rows loaded and the sums over the months: those that differ anywhere, else the rows alone."""
    months = trial.months
    figures = {month.month: {each.name: each for each in all_measures(month.before, month.after)} for month in months}
    names = dict.fromkeys(name for changes in figures.values() for name in changes)
    drawn = [name for name in names if name == "rows loaded" or name.startswith("sum of ")]
    differ = [name for name in drawn if any(name in each and each[name].difference for each in figures.values())]
    charts = []
    for name in (differ or drawn[:1])[:_MOST_CHARTS]:
        pairs = [
            (f"{month:%Y-%m}", each[name].before if name in each else 0, each[name].after if name in each else 0)
            for month, each in figures.items()
        ]
        charts.append(_chart(say(name), pairs))
    return charts


def _chart(name: str, pairs: Sequence[tuple[str, int | Decimal, int | Decimal]]) -> Chart:
    highest = max((abs(float(figure)) for _, *two in pairs for figure in two), default=0.0) or 1.0
    slot = _WIDTH / max(len(pairs), 1)
    width = max(1.0, min(24.0, (slot - _GAP) / 2))
    every = max(1, round(len(pairs) / 12))
    bars, labels = [], []
    for at, (month, before, after) in enumerate(pairs):
        left = at * slot + (slot - 2 * width) / 2
        for is_after, figure in ((False, before), (True, after)):
            height = abs(float(figure)) / highest * (_HEIGHT - 8)
            title = f"{month}: {number(figure)}"
            bars.append(
                Bar(
                    round(left + width * is_after, 2),
                    round(_HEIGHT - height, 2),
                    round(width, 2),
                    round(height, 2),
                    is_after,
                    title,
                )
            )
        if at % every == 0:
            labels.append((round(at * slot + slot / 2, 2), month))
    return Chart(name, tuple(bars), tuple(labels))


def number(figure: int | Decimal) -> str:
    """A figure with thin blanks between its thousands, and no zeros behind its decimals."""
    plain = figure.normalize() if isinstance(figure, Decimal) else figure
    return f"{plain:,f}".replace(",", "\u202f") if isinstance(plain, Decimal) else f"{plain:,}".replace(",", "\u202f")


def signed(figure: int | Decimal) -> str:
    """The same with its sign, a true minus."""
    return f"+{number(figure)}" if figure > 0 else number(figure).replace("-", "\u2212")


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.1f}" if of else "0"
