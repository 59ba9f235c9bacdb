"""What stops nothing and is worth a look."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "HIDDEN_ROWS",
        Scope.REMARK,
        en=Message(
            "sheet {sheet}: {rows} hidden or filtered rows are taken like all others",
            "Nothing to do if they belong to the report; otherwise ask the supplier to delete them.",
        ),
        ru=Message(
            "лист {sheet}: скрытых или отфильтрованных строк: {rows}, они взяты наравне с остальными",
            "Если они относятся к отчёту, ничего делать не нужно; иначе попросите поставщика их удалить.",
        ),
    ),
    Problem(
        "EXTRA_COLUMNS",
        Scope.REMARK,
        en=Message(
            "sheet {sheet}: columns that the layout does not know are kept in `extra`: {columns}",
            "Map them in layout.yaml if they are worth it (`to: null` keeps one in `extra` without a remark).",
        ),
        ru=Message(
            "лист {sheet}: колонки, которых раскладка не знает, сохранены в `extra`: {columns}",
            "Если они нужны, опишите их в layout.yaml (`to: null` оставит колонку в `extra` без замечания).",
        ),
    ),
    Problem(
        "INN_INVALID",
        Scope.REMARK,
        en=Message(
            "column {column}: {cells} cells are no INN by their check digits, e.g. {example}",
            "Ask the supplier to correct them; the rows are loaded with the text as written.",
        ),
        ru=Message(
            "колонка {column}: ячеек, где у ИНН не сходятся контрольные цифры: {cells}, например {example}",
            "Попросите поставщика исправить их; строки загружены, текст – как в файле.",
        ),
    ),
    Problem(
        "SECOND_ENGINE",
        Scope.REMARK,
        en=Message(
            "read by {engine}, because {first} {why}",
            "Compare a few figures with the file: it is unusual inside.",
        ),
        ru=Message(
            "прочитано программой {engine} вместо {first}: {why}",
            "Сверьте несколько цифр с файлом: внутри он устроен необычно.",
        ),
    ),
    Problem(
        "CORRECTION_NOT_APPLIED",
        Scope.REMARK,
        en=Message(
            "sheet {sheet}, row {row}: no longer read as it was when {who} corrected it; the correction is left out",
            "Look at the row; if it is rejected again, correct it anew: `pharma-assets rejects export`.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}: читается уже не так, как при исправлении ({who}); исправление не применено",
            "Посмотрите на строку; если она снова отклонена, исправьте её заново: `pharma-assets rejects export`.",
        ),
    ),
)
