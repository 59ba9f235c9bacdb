"""What makes one report doubtful as a whole: its sheets, its header, its dates and its sums."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "HIDDEN_SHEET",
        Scope.FILE,
        en=Message(
            "only hidden sheets have the header: {sheets}",
            "If one of them is right, name it in layout.yaml (`sheet:`); otherwise ask the supplier.",
        ),
        ru=Message(
            "заголовок есть только на скрытых листах: {sheets}",
            "Если нужный лист среди них, назовите его в layout.yaml (`sheet:`); иначе спросите поставщика.",
        ),
    ),
    Problem(
        "HEADER_NOT_FOUND",
        Scope.FILE,
        en=Message(
            "no header in the first {within} rows of {sheets}; looked for: {wanted}; closest: {seen}",
            "Compare the file with the client's layout.yaml and correct whichever is wrong (`header_within` reaches "
            "further down).",
        ),
        ru=Message(
            "в первых {within} строках нет заголовка, листы: {sheets}; искали: {wanted}; ближе всего: {seen}",
            "Сравните файл с layout.yaml клиента и исправьте то, что неверно (искать ниже – `header_within`).",
        ),
    ),
    Problem(
        "MISSING_COLUMN",
        Scope.FILE,
        en=Message(
            "sheet {sheet}, row {row}: missing columns: {missing}; columns the layout does not know: {new}; "
            "likely renames: {renames}",
            "If a column was renamed, add the new name to its `aliases` in layout.yaml; if it may be absent, set "
            "`required: false`; otherwise ask the supplier.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}: не хватает колонок: {missing}; раскладка не знает колонок: {new}; "
            "похоже на переименования: {renames}",
            "Если колонку переименовали, добавьте новое имя в её `aliases` в layout.yaml; если её может не быть, "
            "поставьте `required: false`; иначе спросите поставщика.",
        ),
    ),
    Problem(
        "AMBIGUOUS_SHEET",
        Scope.FILE,
        en=Message(
            "several sheets have the header: {sheets}",
            "Name the right one in layout.yaml (`sheet:`), or take all of them as one report (`sheets: all`).",
        ),
        ru=Message(
            "заголовок есть на нескольких листах: {sheets}",
            "Назовите нужный в layout.yaml (`sheet:`) или возьмите все как один отчёт (`sheets: all`).",
        ),
    ),
    Problem(
        "AMBIGUOUS_COLUMN",
        Scope.FILE,
        en=Message(
            "sheet {sheet}, row {row}: the header {header} stands more than once, or shares its column with another: "
            "{columns}",
            "Ask the supplier for distinct headers, or correct the `aliases` in layout.yaml.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}: заголовок {header} повторяется или делит колонку с другим: {columns}",
            "Попросите поставщика сделать заголовки разными или исправьте `aliases` в layout.yaml.",
        ),
    ),
    Problem(
        "NO_DATA_ROWS",
        Scope.FILE,
        en=Message(
            "there is a header and no row below it",
            "Ask the supplier whether there was nothing to report; `nil_report: true` in layout.yaml allows it.",
        ),
        ru=Message(
            "заголовок есть, а под ним ни одной строки",
            "Узнайте у поставщика, правда ли отчитываться не о чем; такие отчёты разрешает `nil_report: true` в "
            "layout.yaml.",
        ),
    ),
    Problem(
        "DATE_AMBIGUOUS",
        Scope.FILE,
        en=Message(
            "column {column}: {example} may be day/month or month/day, and the other cells do not settle it",
            "Say in layout.yaml which it is: `dates: dmy` or `dates: mdy` in the column's rule.",
        ),
        ru=Message(
            "колонка {column}: {example} – это день/месяц или месяц/день, и остальные ячейки этого не решают",
            "Укажите в layout.yaml, что из двух верно: `dates: dmy` или `dates: mdy` в правиле колонки.",
        ),
    ),
    Problem(
        "TOTAL_MISMATCH",
        Scope.FILE,
        en=Message(
            "sheet {sheet}, row {row}, column {column}: the total says {stated}, the rows add up to {found}",
            "Look for missing or doubled rows in the file; `totals: ignore` in layout.yaml takes it as it is.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}, колонка {column}: в итоге стоит {stated}, а сумма строк – {found}",
            "Поищите в файле пропавшие или задвоенные строки; `totals: ignore` в layout.yaml примет его как есть.",
        ),
    ),
    Problem(
        "PERIOD_MISMATCH",
        Scope.FILE,
        en=Message(
            "{outside} of {rows} rows are dated outside {month}: {first} to {last}; the layout allows {allowed}",
            "Move the file to the month it belongs to, or raise `outside_month` in layout.yaml.",
        ),
        ru=Message(
            "строк с датами вне месяца {month}: {outside} из {rows}, с {first} по {last}; раскладка допускает "
            "{allowed}",
            "Переложите файл в тот месяц, к которому он относится, или увеличьте `outside_month` в layout.yaml.",
        ),
    ),
    Problem(
        "ROWS_OUT_OF_BOUNDS",
        Scope.FILE,
        en=Message(
            "{rows} rows read, and the layout expects {least} to {most}",
            "Ask the supplier whether the report is whole. If it is, let it through with `pharma-assets release`; if "
            "such reports are usual, correct `rows` in layout.yaml.",
        ),
        ru=Message(
            "прочитано строк: {rows}, а раскладка ждёт от {least} до {most}",
            "Узнайте у поставщика, весь ли это отчёт. Если весь, пропустите его командой `pharma-assets release`; если "
            "такие отчёты обычны, исправьте `rows` в layout.yaml.",
        ),
    ),
    Problem(
        "FACT_MISSING",
        Scope.FILE,
        en=Message(
            "{target} is to be filled from {fact}, but {why}",
            "Ask for the file under the name that was agreed, or correct `registry` in layout.yaml; for a file outside "
            "the inbox, say `--month`.",
        ),
        ru=Message(
            "{target} должна заполняться из {fact}, но {why}",
            "Попросите прислать файл под именем, о котором договорились, или исправьте `registry` в layout.yaml; для "
            "файла вне входящих укажите `--month`.",
        ),
    ),
    Problem(
        "HOOK_FAILED",
        Scope.FILE,
        en=Message(
            "{hook} in {file}: {why}",
            "Correct the function and try it with `pharma-assets read`; then the file is taken in again by itself.",
        ),
        ru=Message(
            "{hook} в {file}: {why}",
            "Исправьте функцию и проверьте её на файле командой `pharma-assets read`; файл примут снова сам собой.",
        ),
    ),
    Problem(
        "ALL_ROWS_REJECTED",
        Scope.FILE,
        en=Message(
            "none of {rows} rows could be loaded; first: {first}",
            "Compare the cells with what layout.yaml says of their columns, and correct whichever is wrong.",
        ),
        ru=Message(
            "ни одна из строк не загружена, всего их {rows}; первая: {first}",
            "Сравните ячейки с тем, что говорит о их колонках layout.yaml, и исправьте то, что неверно.",
        ),
    ),
    Problem(
        "ROWS_UNACCOUNTED",
        Scope.FILE,
        en=Message(
            "{read} rows read, but {loaded} loaded + {left_out} left out + {rejected} rejected",
            "This is a defect of the platform: report it with the file's layout. Nothing was loaded.",
        ),
        ru=Message(
            "прочитано строк: {read}, но загружено {loaded} + пропущено {left_out} + отклонено {rejected}",
            "Это дефект самой платформы: сообщите о нём, приложив раскладку. Ничего не загружено.",
        ),
    ),
    Problem(
        "ROWS_NOT_STORED",
        Scope.FILE,
        en=Message(
            "{written} rows written, {stored} stored",
            "Nothing was loaded. Look for triggers or rules on raw.primary_data in the database.",
        ),
        ru=Message(
            "записано строк: {written}, сохранено: {stored}",
            "Ничего не загружено. Поищите в базе триггеры и правила на raw.primary_data.",
        ),
    ),
)
