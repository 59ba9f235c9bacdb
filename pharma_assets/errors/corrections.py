"""What keeps one row of a workbook of corrections from being taken."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

_EXPORT = "Run `pharma-assets rejects export` again and correct the row in the new workbook."
_EXPORT_RU = "Выгрузите строки заново (`pharma-assets rejects export`) и исправьте строку в новой книге."

PROBLEMS = (
    Problem(
        "CORRECTION_STALE",
        Scope.CORRECTION,
        en=Message("the workbook is of another content of the file, which has changed since", _EXPORT),
        ru=Message("книга выгружена по другому содержимому файла: с тех пор он изменился", _EXPORT_RU),
    ),
    Problem(
        "CORRECTION_NOT_LOADED",
        Scope.CORRECTION,
        en=Message(
            "file {file} is not loaded, so none of its rows is rejected",
            "See with `pharma-assets status` what became of the file.",
        ),
        ru=Message(
            "файл {file} не загружен, поэтому отклонённых строк у него нет",
            "Посмотрите в `pharma-assets status`, что стало с файлом.",
        ),
    ),
    Problem(
        "CORRECTION_ROW_UNKNOWN",
        Scope.CORRECTION,
        en=Message("sheet {sheet}, row {row} of the file is not rejected", _EXPORT),
        ru=Message("в файле строка {row} листа {sheet} не отклонена", _EXPORT_RU),
    ),
    Problem(
        "CORRECTION_KEY_DAMAGED",
        Scope.CORRECTION,
        en=Message("the grey cells do not say which row this is: {why}", _EXPORT),
        ru=Message("по серым ячейкам не понять, какая это строка: {why}", _EXPORT_RU),
    ),
    Problem(
        "CORRECTION_TWICE",
        Scope.CORRECTION,
        en=Message(
            "the same row stands in the workbook once more, with other texts: {first}",
            "Correct the workbook so that the row stands in it once.",
        ),
        ru=Message(
            "эта же строка есть в книге ещё раз, с другим текстом: {first}",
            "Исправьте книгу так, чтобы строка была в ней один раз.",
        ),
    ),
    Problem(
        "CORRECTION_COLUMN_UNKNOWN",
        Scope.CORRECTION,
        en=Message("the file has no column {header}", _EXPORT),
        ru=Message("в файле нет колонки {header}", _EXPORT_RU),
    ),
    Problem(
        "CORRECTION_SPREADS",
        Scope.CORRECTION,
        en=Message(
            "the corrected cells change how other rows of the file are read: {rows}, for example row {example}",
            "Correct the cell so that it says itself what it is: dates as dd.mm.yyyy, amounts as 1234.5.",
        ),
        ru=Message(
            "из-за исправленных ячеек иначе читаются другие строки файла: {rows}, например строка {example}",
            "Исправьте ячейку так, чтобы она была понятна сама по себе: даты как дд.мм.гггг, числа как 1234.5.",
        ),
    ),
    Problem(
        "CORRECTION_FILE_REFUSED",
        Scope.CORRECTION,
        en=Message(
            "with the corrections the file could not be taken in: {problem}: {why}",
            "Correct what is named, in the workbook or in layout.yaml; nothing of this file was changed.",
        ),
        ru=Message(
            "с этими исправлениями файл нельзя принять: {problem}: {why}",
            "Исправьте названное – в книге или в layout.yaml; по этому файлу ничего не изменено.",
        ),
    ),
)
