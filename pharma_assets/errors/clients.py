"""What `pharma-assets client draft`, `client check` and `client drift` say of a client's layout and its reports."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "DRAFT_NO_HEADER",
        Scope.CLIENT,
        en=Message(
            "no row looks like the header of a report; sheets: {sheets}",
            "Look at the file with `pharma-assets read`; if its columns have no names, ask the supplier for some.",
        ),
        ru=Message(
            "ни одна строка не похожа на заголовок отчёта; листы: {sheets}",
            "Посмотрите на файл командой `pharma-assets read`; если у колонок нет названий, попросите поставщика их "
            "дать.",
        ),
    ),
    Problem(
        "DRAFT_NO_PERIOD",
        Scope.CLIENT,
        en=Message(
            "no column is taken for the day of the movement (period), without which nothing can be loaded; "
            "columns: {columns}",
            "Say which one it is: run it without `--yes`, or with `--column` and the header. If there is none, ask the "
            "supplier for it.",
        ),
        ru=Message(
            "ни одна колонка не принята за день движения (period), а без него загрузить ничего нельзя; колонки: "
            "{columns}",
            "Укажите её: запустите команду без `--yes` или с `--column` и заголовком. Если такой колонки нет, "
            "попросите её у "
            "поставщика.",
        ),
    ),
    Problem(
        "LAYOUT_EXISTS",
        Scope.CLIENT,
        en=Message(
            "{file} is there already",
            "Add `--force` to replace it, or correct it by hand; `pharma-assets client drift` writes the patch for a "
            "changed report.",
        ),
        ru=Message(
            "{file} уже есть",
            "Добавьте `--force`, чтобы заменить его, или поправьте его руками; для изменившегося отчёта "
            "исправление пишет "
            "`pharma-assets client drift`.",
        ),
    ),
    Problem(
        "EXAMPLE_MISSING",
        Scope.CLIENT,
        en=Message(
            "{folder} has a layout and no golden example",
            "Add one: a few lines of a real report as examples/june/input.xlsx or input.csv, names and INN "
            "changed, then "
            "`pharma-assets client check --update`.",
        ),
        ru=Message(
            "в {folder} есть раскладка и нет ни одного золотого примера",
            "Добавьте пример: несколько строк настоящего отчёта как examples/june/input.xlsx или input.csv, "
            "имена и ИНН "
            "заменены, затем `pharma-assets client check --update`.",
        ),
    ),
    Problem(
        "EXAMPLE_INCOMPLETE",
        Scope.CLIENT,
        en=Message("the example {case} cannot be run: {why}", "Give it exactly one file called input."),
        ru=Message("пример {case} не выполнить: {why}", "Положите в него ровно один файл с именем input."),
    ),
    Problem(
        "EXAMPLE_DIFFERS",
        Scope.CLIENT,
        en=Message(
            "the example {case} does not come out as expected",
            "Compare the lines: if the new ones are right, run `pharma-assets client check --update`; if not, "
            "correct the "
            "layout.",
        ),
        ru=Message(
            "пример {case} даёт не то, что ожидается",
            "Сравните строки: если верны новые, выполните `pharma-assets client check --update`; если нет, "
            "исправьте раскладку.",
        ),
    ),
    Problem(
        "HEADER_GONE",
        Scope.CLIENT,
        en=Message(
            "no row of {sheets} looks like a header",
            "Look at the file with `pharma-assets read`; ask the supplier whether it is the right one.",
        ),
        ru=Message(
            "на листах {sheets} ни одна строка не похожа на заголовок",
            "Посмотрите на файл командой `pharma-assets read`; спросите поставщика, тот ли это отчёт.",
        ),
    ),
    Problem(
        "HEADER_MOVED",
        Scope.CLIENT,
        en=Message(
            "the header begins in row {now}; before: row {before}",
            "Nothing to do while it is within `header_within` of the layout; otherwise the patch raises that.",
        ),
        ru=Message(
            "заголовок начинается в строке {now}, раньше – в строке {before}",
            "Пока это в пределах `header_within` раскладки, ничего делать не нужно; иначе исправление его увеличит.",
        ),
    ),
    Problem(
        "SHEET_RENAMED",
        Scope.CLIENT,
        en=Message(
            "the sheet {before} is now called {now}",
            "Nothing to do unless the layout names its `sheet`; then the patch corrects it.",
        ),
        ru=Message(
            "лист {before} теперь называется {now}",
            "Если раскладка не называет лист в `sheet`, ничего делать не нужно; если называет, исправление его "
            "поправит.",
        ),
    ),
    Problem(
        "COLUMN_REPEATED",
        Scope.CLIENT,
        en=Message(
            "the header {header} stands more than once: columns {columns}",
            "Ask the supplier for distinct headers, or correct the `aliases` in layout.yaml.",
        ),
        ru=Message(
            "заголовок {header} повторяется: колонки {columns}",
            "Попросите поставщика сделать заголовки разными или исправьте `aliases` в layout.yaml.",
        ),
    ),
    Problem(
        "COLUMN_RENAMED",
        Scope.CLIENT,
        en=Message(
            "{header} is now called {now} ({score})",
            "Compare their cells; if it is so, add the new name to its `aliases`, which is what the patch does.",
        ),
        ru=Message(
            "{header} теперь называется {now} ({score})",
            "Сравните ячейки; если это так, добавьте новое имя в `aliases` – исправление это и делает.",
        ),
    ),
    Problem(
        "COLUMN_SPLIT",
        Scope.CLIENT,
        en=Message(
            "{header} has become several columns: {parts}",
            "Say in layout.yaml where each of them goes, or ask the supplier to put them together again.",
        ),
        ru=Message(
            "колонка {header} разделилась на несколько: {parts}",
            "Опишите в layout.yaml, куда идёт каждая из них, или попросите поставщика соединить их снова.",
        ),
    ),
    Problem(
        "COLUMNS_MERGED",
        Scope.CLIENT,
        en=Message(
            "{headers} have become one column: {now}",
            "Say in layout.yaml where it goes and take the old ones out, or ask the supplier to part them again.",
        ),
        ru=Message(
            "колонки {headers} слились в одну: {now}",
            "Опишите в layout.yaml, куда она идёт, и уберите прежние или попросите поставщика разделить их снова.",
        ),
    ),
    Problem(
        "COLUMN_GONE",
        Scope.CLIENT,
        en=Message(
            "{header} is no longer there, and nothing looks like it",
            "Ask the supplier for it; if the report can do without it, add `required: false` to its rule in "
            "layout.yaml.",
        ),
        ru=Message(
            "колонки {header} больше нет, и ничего похожего тоже",
            "Попросите её у поставщика; если отчёт обойдётся без неё, добавьте `required: false` в её правило в "
            "layout.yaml.",
        ),
    ),
    Problem(
        "COLUMN_NEW",
        Scope.CLIENT,
        en=Message(
            "new column {column}: {header}; it looks like: {target}",
            "Map it in layout.yaml if it is worth it; until then its cells are kept in `extra`.",
        ),
        ru=Message(
            "новая колонка {column}: {header}; похожа на: {target}",
            "Если она нужна, опишите её в layout.yaml; до тех пор её ячейки сохраняются в `extra`.",
        ),
    ),
    Problem(
        "COLUMN_MOVED",
        Scope.CLIENT,
        en=Message(
            "{header} has moved from column {before} to {now}",
            "Nothing to do: columns are found by their names.",
        ),
        ru=Message(
            "{header} переехала из колонки {before} в {now}",
            "Ничего делать не нужно: колонки ищутся по именам.",
        ),
    ),
    Problem(
        "DATES_RESTYLED",
        Scope.CLIENT,
        en=Message(
            "{column}: days are written in another way, {now}; before: {before}",
            "Check that they are read right, with `pharma-assets read`; `dates` in the column's rule settles day "
            "and month.",
        ),
        ru=Message(
            "{column}: дни пишутся иначе, {now}; раньше: {before}",
            "Проверьте командой `pharma-assets read`, что они читаются верно; `dates` в правиле колонки решает, где "
            "день и где месяц.",
        ),
    ),
    Problem(
        "AMOUNTS_RESTYLED",
        Scope.CLIENT,
        en=Message(
            "{column}: amounts are written in another way, {now}; before: {before}",
            "Check that they are read right, with `pharma-assets read`; `decimal` in the column's rule settles the "
            "mark.",
        ),
        ru=Message(
            "{column}: суммы и количества пишутся иначе, {now}; раньше: {before}",
            "Проверьте командой `pharma-assets read`, что они читаются верно; `decimal` в правиле колонки решает, "
            "что разделяет дробь.",
        ),
    ),
    Problem(
        "CODES_CUT",
        Scope.CLIENT,
        en=Message(
            "{column}: codes no longer begin with a zero, {now}; before: {before}",
            "Ask the supplier to send them as text: a program has taken them for numbers.",
        ),
        ru=Message(
            "{column}: коды больше не начинаются с нуля, {now}; раньше: {before}",
            "Попросите поставщика присылать их текстом: какая-то программа приняла их за числа.",
        ),
    ),
    Problem(
        "PATCH_IMPOSSIBLE",
        Scope.CLIENT,
        en=Message(
            "the patch cannot be written into the layout: {why}",
            "Add it by hand: the findings say what belongs where.",
        ),
        ru=Message(
            "исправление не вписать в раскладку: {why}",
            "Впишите его руками: что куда, сказано выше.",
        ),
    ),
)
