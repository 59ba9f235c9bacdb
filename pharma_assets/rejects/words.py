"""What the workbook of rejected rows says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pharma_assets.errors import Language


@dataclass(frozen=True)
class Words:
    """The words of a workbook. `notes`: the lines of its first sheet."""

    notes_title: str
    notes: tuple[str, ...]
    file: str
    name: str
    sheet: str
    row: str
    content: str
    problem: str
    advice: str


WORDS: Mapping[Language, Words] = {
    "en": Words(
        "Read me",
        (
            "These rows were held back: a yellow cell could not be read. Beside it stands why, and what helps.",
            "Correct the yellow cells, and others where need be. All of them are text: a date as 02.06.2025, an amount "
            "as 1234.5, an INN with all its zeros.",
            "The grey cells say which row of which file it is. They are locked; leave them, and the hidden first row, "
            "as they are.",
            "A row that you leave as it is stays held back. Rows and columns may be moved, sorted and deleted.",
            "Then: pharma-assets rejects load FILE.xlsx --why …",
        ),
        "file no.",
        "file",
        "sheet",
        "row",
        "content",
        "what is wrong",
        "what helps",
    ),
    "ru": Words(
        "Как исправлять",
        (
            "Эти строки отложены: жёлтую ячейку не удалось прочитать. Рядом написано почему и что поможет.",
            "Исправьте жёлтые ячейки, а если нужно, и другие. Все они текстовые: дата – 02.06.2025, число – 1234.5, "
            "ИНН – со всеми нулями.",
            "Серые ячейки говорят, какая это строка какого файла. Они защищены; не меняйте ни их, ни скрытую первую "
            "строку.",
            "Строка, которую вы не тронули, останется отложенной. Строки и колонки можно переставлять, сортировать и "
            "удалять.",
            "Потом: pharma-assets rejects load FILE.xlsx --why …",
        ),
        "файл №",
        "файл",
        "лист",
        "строка",
        "содержимое",
        "что не так",
        "что поможет",
    ),
}
