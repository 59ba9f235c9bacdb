"""What keeps one path of the inbox from being registered."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "PATH_STRUCTURE",
        Scope.PATH,
        en=Message(
            "the path does not read as provider/year/month/client/report type/file: {why}",
            "Move the file into a leaf folder of the tree (`pharma-assets tree` lists them), or correct what is named.",
        ),
        ru=Message(
            "путь не читается как поставщик данных/год/месяц/клиент/тип отчёта/файл: {why}",
            "Переложите файл в конечную папку дерева (их перечисляет `pharma-assets tree`) или исправьте то, что "
            "названо.",
        ),
    ),
    Problem(
        "PATH_OUTSIDE_MONTHS",
        Scope.PATH,
        en=Message(
            "the month {month} is outside {first} to {last}",
            "Move the file to the right month, or add its year to `tree.years`; a future month is taken when it comes.",
        ),
        ru=Message(
            "месяц {month} вне промежутка с {first} по {last}",
            "Переложите файл в нужный месяц или добавьте его год в `tree.years`; будущий месяц будет принят, когда "
            "наступит.",
        ),
    ),
    Problem(
        "PATH_UNKNOWN",
        Scope.PATH,
        en=Message(
            "{name} is not in the reference list `{list}`, and no layout is for it",
            "If the folder's name is a slip, move the file to the right one. If it is new, add it to `{list}`, or add "
            "a layout: the file is taken by itself then.",
        ),
        ru=Message(
            "{name} нет в справочнике `{list}`, и раскладки для него нет",
            "Если имя папки – описка, переложите файл в правильную. Если оно новое, добавьте его в `{list}` или "
            "добавьте раскладку: файл будет взят сам.",
        ),
    ),
    Problem(
        "PATH_UNREADABLE",
        Scope.PATH,
        en=Message(
            "the folder or file cannot be listed: {why}",
            "Give the platform's user the right to read it.",
        ),
        ru=Message(
            "папку или файл не удалось просмотреть: {why}",
            "Дайте пользователю платформы право на чтение.",
        ),
    ),
    Problem(
        "PATH_NOT_TEXT",
        Scope.PATH,
        en=Message(
            "the name is not valid UTF-8",
            "Rename the file, or ask the supplier to send it again under a name in UTF-8.",
        ),
        ru=Message(
            "имя записано не в UTF-8",
            "Переименуйте файл или попросите поставщика прислать его снова с именем в UTF-8.",
        ),
    ),
)
