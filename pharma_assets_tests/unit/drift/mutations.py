"""Reports whose headers somebody has changed: the contract's clients in May, from which a layout is drafted, and in
June with a seeded mutation. The words here are not those of the code's vocabulary wherever there are others."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from random import Random

from pharma_assets.demo.reports import client_01_xlsx, client_02_xlsx, client_03_csv
from pharma_assets.drafting.draft import propose
from pharma_assets.drafting.first_example import with_example
from pharma_assets.drafting.names import Knowledge
from pharma_assets.drafting.sketch import About
from pharma_assets.drift.reference import Reference
from pharma_assets.reading.document import read_document
from pharma_assets.reading.sheet import Document
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.headers import locate
from pharma_assets.transforms.layout import Layout
from pharma_assets_tests.unit.transforms.sheets import MOSCOW

Table = list[list[str]]
ROWS = 150
CLIENTS: dict[str, Callable[[int, date, int], bytes]] = {
    "Client_01": lambda rows, month, seed: client_01_xlsx(rows, month, seed).content,
    "Client_02": lambda rows, month, seed: client_02_xlsx(rows, month, seed).content,
    "Client_03": lambda rows, month, seed: client_03_csv(rows, month, seed).content,
}
REWORDED = {
    "client_inlaw": "Кому продано",
    "client_adress": "Место, куда везли",
    "client_city": "Поселение покупателя",
    "client_region": "Какой край или область",
    "tms": "Медикамент по прайсу",
    "amount_type_1": "Продано всего, упаковок",
    "supplier_filial": "Отпущено со склада",
    "client_inn": "Идентификатор ФНС",
    "period": "Когда продано",
}
TRANSLATED = {
    "client_inlaw": "Purchaser",
    "client_adress": "Delivery to",
    "client_city": "Town or village",
    "client_region": "Province",
    "tms": "Medicine",
    "amount_type_1": "Pieces sold",
    "supplier_filial": "Depot",
    "client_inn": "Taxpayer no",
    "period": "Sold on (date)",
    "tms_id_ish": "Medicine ID",
    "client_id_ish": "Purchaser ID",
}


@dataclass(frozen=True)
class Base:
    """A client: the layout drafted in May, May's example, and the untouched table of June."""

    layout: Layout
    text: str
    reference: Reference
    june: Table

    def header_of(self, target: str) -> str | None:
        """The header that goes to a target."""
        return next((header for header, rule in self.layout.columns.items() if rule.to == target), None)


@cache
def base(client: str) -> Base:
    """The client's base; made once."""
    may, june = (table_of(CLIENTS[client](ROWS, date(2025, month, 1), month)) for month in (5, 6))
    content = text_of(may).encode()
    document = read_document(content)
    draft = propose(document, Knowledge())
    settled, example = with_example(draft, About(client, "Type1"), document, content, MOSCOW)
    assert example is not None
    reference = Reference(locate(read_document(example.content), settled.layout)[0])
    return Base(settled.layout, settled.text, reference, june)


def table_of(content: bytes) -> Table:
    """The header and the rows of a report, as texts."""
    sheet = read_document(content).sheets[0]
    rows = [[text or "" for text in sheet.row_texts(index)] for index in range(sheet.height) if sheet.filled[index]]
    return [row for row in rows if sum(map(bool, row)) > 1]


def text_of(table: Table) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows(table)
    return out.getvalue()


def document_of(table: Table) -> Document:
    return read_document(text_of(table).encode())


def place(table: Table, header: str) -> int:
    return [normalize_header(text) for text in table[0]].index(normalize_header(header))


def renamed(table: Table, header: str, text: str) -> Table:
    at = place(table, header)
    return [[*table[0][:at], text, *table[0][at + 1 :]], *table[1:]]


def misspelt(random: Random, header: str) -> str:
    """The header with one slip of the finger in one of its longer words."""
    letters = [at for at, letter in enumerate(header) if letter.isalpha() and 0 < at < len(header) - 1]
    at = random.choice(letters)
    slips = (
        header[:at] + header[at + 1 :],
        header[:at] + header[at] + header[at:],
        header[: at - 1] + header[at] + header[at - 1] + header[at + 1 :],
        header[:at] + random.choice("оеаиншпртм") + header[at + 1 :],
    )
    return random.choice([slip for slip in slips if normalize_header(slip) != normalize_header(header)])


def without(table: Table, header: str) -> Table:
    at = place(table, header)
    return [[*row[:at], *row[at + 1 :]] for row in table]


def moved(table: Table, header: str, to: int) -> Table:
    at = place(table, header)
    found = []
    for row in table:
        rest = [*row[:at], *row[at + 1 :]]
        found.append([*rest[:to], row[at], *rest[to:]])
    return found


def with_column(table: Table, at: int, header: str, cell: Callable[[int], str]) -> Table:
    cells = [header, *(cell(number) for number in range(1, len(table)))]
    return [[*row[:at], text, *row[at:]] for row, text in zip(table, cells, strict=True)]


def split(table: Table, header: str, names: tuple[str, str], separator: str) -> Table:
    at = place(table, header)
    found = [[*table[0][:at], *names, *table[0][at + 1 :]]]
    for row in table[1:]:
        left, _, right = row[at].partition(separator)
        found.append([*row[:at], left, right, *row[at + 1 :]])
    return found


def merged(table: Table, headers: tuple[str, str], name: str, separator: str) -> Table:
    one, other = (place(table, header) for header in headers)
    found = []
    for number, row in enumerate(table):
        text = separator.join(filter(None, (row[one], row[other]))) if number else name
        found.append([text if at == one else cell for at, cell in enumerate(row) if at != other])
    return found


def restyled(table: Table, header: str, restyle: Callable[[str], str]) -> Table:
    at = place(table, header)
    return [table[0], *([*row[:at], restyle(row[at]), *row[at + 1 :]] for row in table[1:])]
