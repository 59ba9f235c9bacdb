"""Writes `docs/errors.md` and `docs/errors.ru.md` from the error catalogue.

`python -m pharma_assets.docs > docs/errors.md` and `python -m pharma_assets.docs ru > docs/errors.ru.md`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from pharma_assets.errors import CATALOGUE, Language, Problem, Scope

_ENGLISH_INTRO = """\
# Errors

<!-- Written by `python -m pharma_assets.docs > docs/errors.md`. Do not edit: change pharma_assets/errors/. -->

[По-русски](errors.ru.md).

Every problem has a code. The same code stands in `ops.file_registry.error_reason`, `ops.rejected_row.code` and
`ops.path_problem.code`, in Dagster's messages and metadata, and in what the commands print. ‹Words like these› are
filled in when it happens; the whole message is in `error_detail` or `message` beside the code, in English or Russian as
`PHARMA_LANGUAGE` was when it happened.
"""

_ENGLISH_SECTIONS = {
    Scope.PLATFORM: (
        "The platform",
        """\
Nothing can be worked on: a command ends with exit code 1, a tick or run of Dagster fails. No file is marked as failed,
and the next tick tries anew.""",
    ),
    Scope.PATH: (
        "One path of the inbox",
        """\
The file is not registered. Every scan looks at it anew; a path that is right by then is taken, and leaves
`ops.path_problem`.""",
    ),
    Scope.FILE: (
        "One file",
        """\
The other files go on. *Tried again* says whether that happens without anything having changed: after 5 minutes, then
each time after twice as long, at most 6 hours; 8 attempts in all. What is not tried again waits for a changed file, a
changed layout or a person: when the cause was something else, they
[run it again](guide.md#the-daily-work-in-dagster).""",
    ),
    Scope.ROW: (
        "One row",
        """\
The row is held back in `ops.rejected_row`, the other rows of its file are loaded. It is read again when its file or its
layout changes, or when its client-month is rebuilt.""",
    ),
    Scope.REMARK: (
        "Remarks",
        """\
The file is loaded. The remark stands with the run in Dagster and in the file's history (`ops.file_event`).""",
    ),
    Scope.AUDIT: (
        "The audit",
        """\
What `pharma-assets audit` and the check `audit` find: registry, result files and `raw.primary_data` do not agree. Only
`LOADED_BUT_GONE`, `ROWS_WITHOUT_FILE`, `CLAIM_STALE` and `DRAFT_LEFT` are remarks; any other is a difference, and the
exit code is 1 while it remains.""",
    ),
}

_RUSSIAN_INTRO = """\
# Ошибки

<!-- Пишет `python -m pharma_assets.docs ru > docs/errors.ru.md`. Не правьте: меняйте pharma_assets/errors/. -->

[In English](errors.md).

У каждой ошибки есть код. Он один и тот же в `ops.file_registry.error_reason`, `ops.rejected_row.code` и
`ops.path_problem.code`, в сообщениях и метаданных Dagster и в том, что печатают команды. ‹Такие слова› заменяются
подробностями, когда ошибка возникает; всё сообщение целиком лежит рядом с кодом, в `error_detail` или `message`,
по-русски или по-английски – смотря каким был `PHARMA_LANGUAGE` в ту минуту.
"""

_RUSSIAN_SECTIONS = {
    Scope.PLATFORM: (
        "Платформа",
        """\
Работать нельзя ни с чем: команда кончается кодом возврата 1, срабатывание сенсора или запуск Dagster – неудачей. Ни
один файл ошибочным не помечается, следующее срабатывание попробует снова.""",
    ),
    Scope.PATH: (
        "Один путь во входящих",
        """\
Файл не регистрируется. Каждое сканирование смотрит на него заново; если путь уже верен, файл принимают, и из
`ops.path_problem` он уходит.""",
    ),
    Scope.FILE: (
        "Один файл",
        """\
Остальные файлы идут дальше. *Повторяется* – значит, попытка повторится сама, даже если ничего не изменилось: через 5
минут, затем каждый раз через вдвое больший срок, но не больше 6 часов; всего 8 попыток. Что не повторяется, ждёт
другого файла, другой раскладки или человека: если причина была в чём-то ещё, он
[запускает работу снова](guide.ru.md#каждый-день-в-dagster).""",
    ),
    Scope.ROW: (
        "Одна строка",
        """\
Строка отложена в `ops.rejected_row`, остальные строки её файла загружены. Её прочитают снова, когда изменится файл или
раскладка либо когда клиента-месяц пересоберут.""",
    ),
    Scope.REMARK: (
        "Замечания",
        """\
Файл загружен. Замечание остаётся при запуске в Dagster и в истории файла (`ops.file_event`).""",
    ),
    Scope.AUDIT: (
        "Сверка",
        """\
Что находят `pharma-assets audit` и проверка `audit`: реестр, файлы результатов и `raw.primary_data` не сходятся.
`LOADED_BUT_GONE`, `ROWS_WITHOUT_FILE`, `CLAIM_STALE` и `DRAFT_LEFT` – лишь замечания; всё остальное – расхождения, и
пока они есть, код возврата 1.""",
    ),
}


@dataclass(frozen=True)
class _Page:
    """What stands around the catalogue's words in one language."""

    intro: str
    sections: Mapping[Scope, tuple[str, str]]
    heads: tuple[str, str, str]
    retried: str
    no_yes: tuple[str, str]


_PAGES: dict[Language, _Page] = {
    "en": _Page(_ENGLISH_INTRO, _ENGLISH_SECTIONS, ("code", "message", "what to do"), "tried again", ("no", "yes")),
    "ru": _Page(_RUSSIAN_INTRO, _RUSSIAN_SECTIONS, ("код", "сообщение", "что делать"), "повторяется", ("нет", "да")),
}


def errors_page(language: Language = "en") -> str:
    """The text of the page of errors: a table of problems for each scope, in the catalogue's order."""
    return "\n".join([_PAGES[language].intro, *(_section(scope, language) for scope in Scope)])


def _section(scope: Scope, language: Language) -> str:
    page = _PAGES[language]
    title, about = page.sections[scope]
    # Only files have an attempt and a next one; what is true of all problems of another scope is in its text.
    retried = scope is Scope.FILE
    heads = [*page.heads, *([page.retried] if retried else [])]
    lines = [f"## {title}", "", about, "", _row(heads), _row(["---"] * len(heads))]
    for problem in CATALOGUE.values():
        if problem.scope is scope:
            last = [page.no_yes[problem.transient]] if retried else []
            lines.append(_row([f"`{problem.code}`", *_texts(problem, language), *last]))
    return "\n".join([*lines, ""])


def _texts(problem: Problem, language: Language) -> list[str]:
    return [re.sub(r"\{(\w+)\}", r"‹\1›", text).replace("|", "\\|") for text in problem.words(language)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    # Not print: the page is UTF-8 whatever the console is.
    sys.stdout.buffer.write(errors_page("ru" if sys.argv[1:] == ["ru"] else "en").encode())
