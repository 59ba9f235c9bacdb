"""A sample without its people and companies: invented names, addresses and INN, the same for the same text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
from stdnum.ru import inn as inn_module

from pharma_assets.drafting.draft import Draft, DraftColumn
from pharma_assets.drafting.roles import NONE
from pharma_assets.reading.sheet import Document, Kind, Sheet

_ABOVE = "Строка над таблицей"


def _inn(number: int, text: str) -> str:
    """An INN that is valid if the other one was as long as one is."""
    if len(text.strip()) == 12:
        body = f"99{number:08d}"
        return body + str(inn_module.calc_personal_check_digits(body))
    body = f"99{number:07d}"
    return body + str(inn_module.calc_company_check_digit(body))


_INVENTED: dict[str, Callable[[int, str], str]] = {
    "client_inn": _inn,
    "supplier_inn": _inn,
    "client_inlaw": lambda number, text: f"ООО «Покупатель {number}»",
    "client_name": lambda number, text: f"Аптека {number}",
    "client_brend": lambda number, text: f"Сеть {number}",
    "client_adress": lambda number, text: f"ул. Примерная, д. {number}",
    "supplier_name": lambda number, text: f"ООО «Поставщик {number}»",
    "supplier_adress": lambda number, text: f"ул. Складская, д. {number}",
}


def anonymized(document: Document, draft: Draft) -> Document:
    """The document with what names anybody replaced in the draft's sheet, above its header and in columns of unknown
    use too; other sheets are left out."""
    sheet = next(each for each in document.sheets if each.name == draft.sheet)
    by_place = {column.place: column for column in draft.columns}
    first = int(np.searchsorted(sheet.rows, draft.row))
    below = int(np.searchsorted(sheet.rows, draft.row + draft.depth))
    columns = tuple(_column(sheet, place, by_place.get(place), first, below) for place in range(len(sheet.columns)))
    return replace(document, sheets=(replace(sheet, columns=columns),))


def _column(sheet: Sheet, place: int, column: DraftColumn | None, first: int, below: int) -> pa.Array:
    texts, kinds = sheet.columns[place].to_pylist(), sheet.kinds[place]
    invent = _invention(column)
    numbers: dict[str, int] = {}
    for index, text in enumerate(texts):
        if text is None or first <= index < below:
            continue
        if index < first:
            texts[index] = _ABOVE if kinds[index] == Kind.TEXT else text
        elif invent is not None and (kinds[index] == Kind.TEXT or (kinds[index] == Kind.NUMBER and invent is _inn)):
            texts[index] = invent(numbers.setdefault(text, len(numbers) + 1), text)
    return pa.array(texts, pa.string())


def _invention(column: DraftColumn | None) -> Callable[[int, str], str] | None:
    if column is None:
        return lambda number, text: f"текст {number}"
    if column.role in _INVENTED:
        return _INVENTED[column.role]
    # People's names, telephones and remarks stand in columns of no use; figures and short words tell nobody.
    if column.role == NONE and column.profile.share("text") > 0 and column.profile.share("several_words") > 0:
        return lambda number, text: f"текст {number}"
    return None
