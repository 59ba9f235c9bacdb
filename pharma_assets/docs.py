"""Writes what the code knows better than a person: the pages of errors, and the tables of keys in those of layouts.

`python -m pharma_assets.docs > docs/errors.md` and `python -m pharma_assets.docs ru > docs/errors.ru.md`.
`python -m pharma_assets.docs layout` brings the tables in `docs/layout.md` and `docs/layout.ru.md` up to date; what
keys mean is said in English by the model, and in Russian by the page, where a new key waits for its words.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pharma_assets.errors import CATALOGUE, Language, Problem, Scope
from pharma_assets.settings import PROJECT
from pharma_assets.transforms.example_case import ExampleCase
from pharma_assets.transforms.layout import (
    ColumnRule,
    Layout,
    LayoutFile,
    LeftOut,
    Lookup,
    RegistryField,
    Schedule,
    Version,
    Volume,
    Waybill,
)

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
changed layout or script, or a person: when the cause was something else, they
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
Nothing is wrong with the file. The remark stands with the run in Dagster and in the file's history
(`ops.file_event`).""",
    ),
    Scope.AUDIT: (
        "The audit",
        """\
What `pharma-assets audit` and the check `audit` find: registry, result files and `raw.primary_data` do not agree. Only
`LOADED_BUT_GONE`, `ROWS_WITHOUT_FILE`, `CLAIM_STALE` and `DRAFT_LEFT` are remarks; any other is a difference, and the
exit code is 1 while it remains.""",
    ),
    Scope.CORRECTION: (
        "One corrected row",
        """\
What `pharma-assets rejects load` refuses of a workbook. The row stays rejected as it was; the other rows go on.""",
    ),
    Scope.REFERENCE: (
        "A reference list",
        """\
What `pharma-assets reference import` finds in a list. One such line refuses the list as a whole, and the version before
it stays; only `REFERENCE_CLIENT_UNKNOWN` is a remark.""",
    ),
    Scope.CLIENT: (
        "A client's layout",
        """\
What `pharma-assets client draft`, `pharma-assets client check` and `pharma-assets client drift` say of a layout, an
example or a report. Where a header has drifted, the file's error names it too.""",
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
другого файла, другой раскладки, другого скрипта или человека: если причина была в чём-то ещё, он
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
С файлом всё в порядке. Замечание остаётся при запуске в Dagster и в истории файла (`ops.file_event`).""",
    ),
    Scope.AUDIT: (
        "Сверка",
        """\
Что находят `pharma-assets audit` и проверка `audit`: реестр, файлы результатов и `raw.primary_data` не сходятся.
`LOADED_BUT_GONE`, `ROWS_WITHOUT_FILE`, `CLAIM_STALE` и `DRAFT_LEFT` – лишь замечания; всё остальное – расхождения, и
пока они есть, код возврата 1.""",
    ),
    Scope.CORRECTION: (
        "Одна исправленная строка",
        """\
Что `pharma-assets rejects load` не принимает из книги. Строка остаётся отклонённой, как была; остальные идут
дальше.""",
    ),
    Scope.REFERENCE: (
        "Справочник",
        """\
Что `pharma-assets reference import` находит в справочнике. Одна такая строка – и он не принят целиком, остаётся
прежняя версия; лишь `REFERENCE_CLIENT_UNKNOWN` – замечание.""",
    ),
    Scope.CLIENT: (
        "Раскладка клиента",
        """\
Что `pharma-assets client draft`, `pharma-assets client check` и `pharma-assets client drift` говорят о раскладке,
примере или отчёте. Если изменился заголовок, это названо и в ошибке файла.""",
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


LAYOUT_PAGES: dict[Language, str] = {"en": "layout.md", "ru": "layout.ru.md"}

# What stands behind a key, in rows of its own below it.
_BEHIND: dict[str, type[BaseModel]] = {
    "schedule": Schedule,
    "registry": RegistryField,
    "waybill": Waybill,
    "left_out": LeftOut,
    "rows": Volume,
    "lookup": Lookup,
    "versions": Version,
}
_TABLES = ("file", "column", "case")
_NO_DEFAULT: dict[Language, str] = {"en": "must be given", "ru": "обязателен"}
_NOTHING = "–"
_WORDS_MISSING = "…"


def layout_page(page: str, language: Language) -> str:
    """A page of layouts with its tables of keys as the models have them."""
    for name in _TABLES:
        begin, end = f"<!-- keys: {name} -->\n", "<!-- end -->"
        before, found, rest = page.partition(begin)
        table, _, after = rest.partition(end)
        if found:
            page = "".join([before, begin, _key_table(name, language, table), end, after])
    return page


def _key_table(name: str, language: Language, written: str) -> str:
    heads = {"en": ["key", "default", "meaning"], "ru": ["ключ", "по умолчанию", "что значит"]}[language]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in written.splitlines()]
    words = {row[0].strip(" |"): row[2].strip(" |") for row in rows if len(row) == 3}
    lines = ["", _row(heads), _row(["---"] * 3)]
    for key, field in _keys(name):
        said = field.description or ""
        if language == "ru":
            said = words.get(f"`{key}`", _WORDS_MISSING)
        lines.append(_row([f"`{key}`", _default(field, language), said]))
    return "\n".join([*lines, "", ""])


def _keys(name: str) -> Iterator[tuple[str, FieldInfo]]:
    fields = {
        "file": {
            "supplier": Layout.model_fields["supplier"],
            "report_types": LayoutFile.model_fields["report_types"],
            **{key: field for key, field in Layout.model_fields.items() if key not in ("supplier", "report_type")},
            "versions": LayoutFile.model_fields["versions"],
        },
        "column": ColumnRule.model_fields,
        "case": ExampleCase.model_fields,
    }[name]
    for key, field in fields.items():
        yield key, field
        if key in _BEHIND:
            yield from ((f"{key}.{below}", each) for below, each in _BEHIND[key].model_fields.items())


def _default(field: FieldInfo, language: Language) -> str:
    if field.is_required():
        return _NO_DEFAULT[language]
    value = field.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, StrEnum | int | float) and value != "":
        return f"`{value}`"
    return _NOTHING


def _write_layout_pages() -> None:
    for language, name in LAYOUT_PAGES.items():
        page = PROJECT / "docs" / name
        page.write_text(layout_page(page.read_text(encoding="utf-8"), language), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["layout"]:
        _write_layout_pages()
    else:
        # Not print: the page is UTF-8 whatever the console is.
        sys.stdout.buffer.write(errors_page("ru" if sys.argv[1:] == ["ru"] else "en").encode())
