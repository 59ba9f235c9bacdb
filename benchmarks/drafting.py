"""How well layouts are drafted from one sample: `python -m benchmarks.drafting [-v]`. Accuracy, not time.

A supplier's report is drafted by what the three contract layouts and the vocabulary know; a contract client's by the
other two. A column is right if it gets the role that it must have, found by its place whatever it is called. A wrong
column must be marked as a doubt. `-v` lists every wrong column and every doubt but those of the suppliers held out,
which must not be looked at while the drafting is improved.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from rich.table import Table

from benchmarks.measure import console
from benchmarks.suppliers.reports import MONTH, suppliers
from pharma_assets.demo.reports import (
    CLIENT_01_HEADER,
    CLIENT_02_HEADER,
    CLIENT_03_HEADER,
    client_01_xlsx,
    client_02_xlsx,
    client_03_csv,
)
from pharma_assets.drafting.draft import Draft, propose
from pharma_assets.drafting.names import Knowledge, role_of
from pharma_assets.drafting.roles import NONE
from pharma_assets.drafting.settling import Trial, settle
from pharma_assets.drafting.sketch import About
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.settings import PROJECT
from pharma_assets.transforms.catalog import load_transforms
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout import Layout

RIGHT = 0.9
HALVES = ("development", "seen", "held_out")
REAL = PROJECT.parent / "shared" / "data" / "Агроресурсы_01.06.2025.xlsx"

# What the contract's layouts leave alone although there is a target for it.
_AS_WELL = {"Производитель": "mnf", "Код контрагента": "client_id_ish"}


@dataclass(frozen=True)
class Sample:
    """A report, the roles that are right for each of its columns, and what the drafting may know of other layouts."""

    group: str
    name: str
    document: Document
    truth: Sequence[frozenset[str]]
    knowledge: Knowledge
    month: date = MONTH


@dataclass(frozen=True)
class Outcome:
    """What became of a sample: for each column its header, the role given, and whether that is right and sure."""

    sample: Sample
    columns: Sequence[tuple[str, str, bool, bool]]
    loaded: bool

    @property
    def right(self) -> int:
        return sum(right for _, _, right, _ in self.columns)

    @property
    def unmarked(self) -> int:
        """Wrong columns that are not marked as a doubt."""
        return sum(not right and sure for _, _, right, sure in self.columns)

    @property
    def doubts(self) -> int:
        return sum(not sure for _, _, _, sure in self.columns)


def samples(groups: Sequence[str] = HALVES) -> Iterator[Sample]:
    """The invented suppliers, the contract's clients, and the real report where it is at hand."""
    layouts = {
        client.name: transform.versions[0].require_layout()
        for client, transform in load_transforms(PROJECT / "client_transforms").by_client.items()
        if client.name in ("Client_01", "Client_02", "Client_03")
    }
    known = Knowledge.of(layouts.values())
    for group in groups:
        for supplier in suppliers(group):
            document = read_document(supplier.content)
            yield Sample(group, supplier.name, document, supplier.truth, known)
    yield from _contract(layouts)


def _contract(layouts: dict[str, Layout]) -> Iterator[Sample]:
    reports = (
        ("Client_01", CLIENT_01_HEADER, client_01_xlsx(400, MONTH).content),
        ("Client_02", CLIENT_02_HEADER, client_02_xlsx(400, MONTH).content),
        ("Client_03", CLIENT_03_HEADER, client_03_csv(400, MONTH).content),
    )
    for name, headers, content in reports:
        others = Knowledge.of(layout for other, layout in layouts.items() if other != name)
        truth = [_of_contract(layouts[name], header) for header in headers]
        yield Sample("contract", name, read_document(content), truth, others)
    if REAL.exists():
        others = Knowledge.of(layout for other, layout in layouts.items() if other != "Client_01")
        document = read_document(REAL.read_bytes(), Hints())
        truth = [_of_contract(layouts["Client_01"], header) for header in CLIENT_01_HEADER]
        yield Sample("real file", "Client_01", document, truth, others)


def _of_contract(layout: Layout, header: str) -> frozenset[str]:
    known = layout.header_of.get(normalize_header(header))
    role = NONE if known is None or layout.columns[known].unless else role_of(layout, known)
    return frozenset({role, _AS_WELL.get(header, role)})


def outcome(sample: Sample) -> Outcome:
    """Draft a sample's layout and hold it against the truth; a column that is not found is wrong and not marked."""
    draft = propose(sample.document, sample.knowledge)
    by_place = {column.place: column for column in draft.columns}
    columns = []
    for place, truth in enumerate(sample.truth):
        column = by_place.get(place)
        if column is None:
            columns.append((f"column {place + 1}", "–", False, True))
        else:
            columns.append((column.header, column.role, column.role in truth, column.sure))
    return Outcome(sample, columns, _loads(draft, sample))


def _loads(draft: Draft, sample: Sample) -> bool:
    """Whether the proposed layout takes the whole sample in without rejecting a row."""
    about = About(sample.name, "Type1")
    settled = settle(draft, about, [Trial(sample.document, sample.month)], ZoneInfo("Europe/Moscow"))
    return settled.problem is None and settled.report is not None and not settled.report.rejected


def main() -> int:
    """Measure all samples; 1 if a group misses its target."""
    outcomes = [outcome(sample) for sample in samples()]
    table = Table("samples", "", "columns", "right", "unmarked", "doubts", "load", "target", "")
    met = True
    for group in dict.fromkeys(each.sample.group for each in outcomes):
        ones = [each for each in outcomes if each.sample.group == group]
        columns = sum(len(each.columns) for each in ones)
        share = sum(each.right for each in ones) / columns
        unmarked = sum(each.unmarked for each in ones)
        passed = share >= RIGHT and not unmarked and all(each.loaded for each in ones)
        met &= passed
        table.add_row(
            group,
            str(len(ones)),
            str(columns),
            f"{share:.1%}",
            str(unmarked),
            f"{sum(each.doubts for each in ones) / columns:.0%}",
            f"{sum(each.loaded for each in ones)}",
            f"≥ {RIGHT:.0%}, 0",
            "PASS" if passed else "MISS",
        )
    console.print(table)
    if "-v" in sys.argv:
        for each in outcomes:
            if each.sample.group != "held_out":
                _list(each)
    return 0 if met else 1


def _list(each: Outcome) -> None:
    for header, role, right, sure in each.columns:
        if not right or not sure:
            verdict = f"{'right' if right else 'WRONG'}, {'sure' if sure else 'doubt'}"
            console.print(f"{verdict}: {each.sample.name}: {header} → {role}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
