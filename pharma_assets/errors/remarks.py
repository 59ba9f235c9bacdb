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
        "ROWS_MADE",
        Scope.REMARK,
        en=Message(
            "sheet {sheet}: hooks.py made several rows of one; {rows} more count as read than the sheet has",
            "Nothing to do if the report is to be taken apart so; `source_part` tells such rows apart.",
        ),
        ru=Message(
            "лист {sheet}: hooks.py делает из одной строки несколько; прочитанных строк на {rows} больше, чем на листе",
            "Если отчёт так и нужно разбирать, ничего делать не нужно; такие строки различает `source_part`.",
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
        "REGISTRY_DIFFERS",
        Scope.REMARK,
        en=Message(
            "column {column}: in {rows} rows the script's file says {seen}, and the registry {known}; the registry's "
            "is stored, the script's is kept in `extra`",
            "Nothing to do if it is only written otherwise; else correct the script: it may have read another record.",
        ),
        ru=Message(
            "колонка {column}: в файле скрипта {seen} (строк: {rows}), а в реестре {known}; записано то, что в "
            "реестре, сказанное скриптом сохранено в `extra`",
            "Если это то же самое, но записано иначе, ничего делать не нужно; иначе исправьте скрипт: он мог прочитать "
            "другую запись.",
        ),
    ),
    Problem(
        "AMOUNTS_ROUNDED",
        Scope.REMARK,
        en=Message(
            "column {column}: {cells} numbers of the script's file have more digits than the column keeps, and are "
            "rounded, e.g. {example}",
            "Nothing to do if the script has computed them; the result file keeps every digit.",
        ),
        ru=Message(
            "колонка {column}: чисел, в которых у скрипта больше знаков, чем хранит колонка: {cells}, они округлены, "
            "например {example}",
            "Если скрипт их вычислил, ничего делать не нужно; в файле результата сохранены все знаки.",
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
