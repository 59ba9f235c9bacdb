"""What is wrong with a reference list. One such line refuses the list; REFERENCE_CLIENT_UNKNOWN is a remark."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "REFERENCE_EMPTY",
        Scope.REFERENCE,
        en=Message("sheet {sheet}: there is a header and no line below it", "Add the lines, then import again."),
        ru=Message("лист {sheet}: есть заголовок, а строк под ним нет", "Добавьте строки и повторите импорт."),
    ),
    Problem(
        "REFERENCE_LIST_TWICE",
        Scope.REFERENCE,
        en=Message(
            "sheets {first} and {sheet} both hold a list of the same kind: {kind}",
            "Move all lines into one sheet, or hide the other one.",
        ),
        ru=Message(
            "на листах {first} и {sheet} списки одного вида: {kind}",
            "Перенесите все строки на один лист или скройте второй.",
        ),
    ),
    Problem(
        "REFERENCE_VALUE_MISSING",
        Scope.REFERENCE,
        en=Message("sheet {sheet}, row {row}: {column} is blank", "Give the value, or remove the line."),
        ru=Message("лист {sheet}, строка {row}: не заполнено {column}", "Заполните ячейку или удалите строку."),
    ),
    Problem(
        "REFERENCE_VALUE_REFUSED",
        Scope.REFERENCE,
        en=Message("sheet {sheet}, row {row}: {column} cannot be used: {why}", "Correct the cell."),
        ru=Message("лист {sheet}, строка {row}: {column} использовать нельзя: {why}", "Исправьте ячейку."),
    ),
    Problem(
        "REFERENCE_PROVIDER_UNKNOWN",
        Scope.REFERENCE,
        en=Message(
            "sheet {sheet}, row {row}: {value} is no kind of data supplier",
            "Correct it to «Сети» or «Дистрибьюторы», as the folders of the inbox are called.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}: {value} – не вид поставщика данных",
            "Исправьте на «Сети» или «Дистрибьюторы», как называются папки входящих.",
        ),
    ),
    Problem(
        "REFERENCE_INN_INVALID",
        Scope.REFERENCE,
        en=Message(
            "sheet {sheet}, row {row}: {value} is no INN by its check digits",
            "Correct the INN: with a wrong one the line would never be found, or found for somebody else.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}: у ИНН {value} не сходятся контрольные цифры",
            "Исправьте ИНН: с неверным строка не найдётся никогда или найдётся для другого.",
        ),
    ),
    Problem(
        "REFERENCE_KEY_UNCLEAR",
        Scope.REFERENCE,
        en=Message(
            "sheet {sheet}, row {row}: either an INN or a pattern of names must stand here, and not both",
            "Correct the line, or make two of it.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}: нужен либо ИНН, либо шаблон названия, но не оба сразу",
            "Исправьте строку или сделайте из неё две.",
        ),
    ),
    Problem(
        "REFERENCE_DUPLICATE",
        Scope.REFERENCE,
        en=Message(
            "sheet {sheet}, row {row}: {key} stands already in row {first}",
            "Name each key once: remove one of the lines.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}: {key} уже есть в строке {first}",
            "Назовите каждый ключ один раз: удалите одну из строк.",
        ),
    ),
    Problem(
        "REFERENCE_CLIENT_UNKNOWN",
        Scope.REFERENCE,
        en=Message(
            "sheet {sheet}, row {row}: no file has ever come from {client}, and it has no layout",
            "Compare the name with the folder in the inbox; nothing to do if the client is still to come.",
        ),
        ru=Message(
            "лист {sheet}, строка {row}: от {client} ещё не приходил ни один файл, и раскладки у него нет",
            "Сравните название с папкой во входящих; если клиент только появится, ничего делать не нужно.",
        ),
    ),
)
