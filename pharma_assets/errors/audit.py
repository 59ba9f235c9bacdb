"""What the audit finds: registry, result files and `raw.primary_data` do not agree."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

_MEND = "Run `pharma-assets audit --mend`: it makes the file due, and it is loaded again from the inbox."
_MEND_RU = "Запустите `pharma-assets audit --mend`: файл будет загружен из входящих снова."

PROBLEMS = (
    Problem(
        "ROWS_DIFFER",
        Scope.AUDIT,
        en=Message("the ledger says {ledger} rows, raw.primary_data holds {stored}", _MEND),
        ru=Message("в журнале загрузок строк: {ledger}, в raw.primary_data: {stored}", _MEND_RU),
    ),
    Problem(
        "SUMS_DIFFER",
        Scope.AUDIT,
        en=Message("the sums of the ledger and of raw.primary_data differ: {sums}", _MEND),
        ru=Message("суммы в журнале загрузок и в raw.primary_data различаются: {sums}", _MEND_RU),
    ),
    Problem(
        "ROWS_WITHOUT_LEDGER",
        Scope.AUDIT,
        en=Message(
            "{rows} rows of file {file_id} in {month} that no load counts",
            "Run `pharma-assets audit --mend`: it loads the file again if it is in the inbox; `--mend-rows` takes out "
            "what remains, and keeps it as a CSV file in quarantine.",
        ),
        ru=Message(
            "строк файла {file_id} за {month}, которых не считает ни одна загрузка: {rows}",
            "Запустите `pharma-assets audit --mend`: файл загрузится снова, если он есть во входящих; `--mend-rows` "
            "уберёт оставшееся и сохранит его в CSV в карантине.",
        ),
    ),
    Problem(
        "REJECTS_DIFFER",
        Scope.AUDIT,
        en=Message("the ledger says {ledger} rejected rows, ops.rejected_row holds {stored}", _MEND),
        ru=Message("в журнале загрузок отклонённых строк: {ledger}, в ops.rejected_row: {stored}", _MEND_RU),
    ),
    Problem(
        "REJECTS_WITHOUT_LEDGER",
        Scope.AUDIT,
        en=Message(
            "{stored} rejected rows of load {load_id}, which no longer counts", "Run `pharma-assets audit --mend`."
        ),
        ru=Message(
            "отклонённых строк загрузки {load_id}, которая уже не в счёт: {stored}",
            "Запустите `pharma-assets audit --mend`: он их уберёт.",
        ),
    ),
    Problem(
        "DELIVERY_DIFFERS",
        Scope.AUDIT,
        en=Message(
            "the ledger says {ledger} rows, {ledger_superseded} of them superseded; by branch and day they are {rows} "
            "and {superseded}",
            _MEND,
        ),
        ru=Message(
            "в журнале загрузок строк: {ledger}, из них заменено: {ledger_superseded}; по филиалам и дням: {rows} и "
            "{superseded}",
            _MEND_RU,
        ),
    ),
    Problem(
        "SUPERSEDED_BY_NONE",
        Scope.AUDIT,
        en=Message("superseded, wholly or in part, and no file that counts stands in its place", _MEND),
        ru=Message("заменён, целиком или частично, но вместо него в счёт не идёт ни один файл", _MEND_RU),
    ),
    Problem(
        "LEDGER_MONTH_DIFFERS",
        Scope.AUDIT,
        en=Message("loaded into {ledger}, and the file lies in the folder of {folder}", _MEND),
        ru=Message("загружен в {ledger}, а файл лежит в папке за {folder}", _MEND_RU),
    ),
    Problem(
        "CONTENT_TWICE",
        Scope.AUDIT,
        en=Message(
            "the same bytes are loaded from the files {ids}",
            "If both count, run `pharma-assets release` for one of them; otherwise `pharma-assets ignore` for the "
            "one too many.",
        ),
        ru=Message(
            "одни и те же байты загружены из файлов {ids}",
            "Если нужны оба, выполните `pharma-assets release` для одного из них; иначе – `pharma-assets ignore` для "
            "лишнего.",
        ),
    ),
    Problem(
        "STATUS_WITHOUT_LEDGER",
        Scope.AUDIT,
        en=Message(
            "the status is CREATED, and no load of the file's present content counts",
            "Nothing to do if the client has a layout: the next tick loads it. Otherwise `pharma-assets audit --mend` "
            "lets the file start anew.",
        ),
        ru=Message(
            "статус CREATED, но ни одна загрузка нынешнего содержимого файла не в счёт",
            "Ничего делать не нужно, если у клиента есть раскладка: файл загрузит следующий проход. Иначе "
            "`pharma-assets audit --mend` начнёт работу с ним заново.",
        ),
    ),
    Problem(
        "RESULT_MISSING",
        Scope.AUDIT,
        en=Message("the result file {name} is not in «Данные на загрузку»", _MEND),
        ru=Message("файла результата {name} нет в «Данные на загрузку»", _MEND_RU),
    ),
    Problem(
        "RESULT_CHANGED",
        Scope.AUDIT,
        en=Message(
            "the result file {name} is not as it was written",
            "Run `pharma-assets audit --mend`: it moves the file into quarantine and has it written again.",
        ),
        ru=Message(
            "файл результата {name} не такой, каким был записан",
            "Запустите `pharma-assets audit --mend`: он перенесёт файл в карантин, и результат запишется снова.",
        ),
    ),
    Problem(
        "RESULT_UNREADABLE",
        Scope.AUDIT,
        en=Message(
            "the result file {name} cannot be read: {why}",
            "Give the platform's user the permission, or look after the disk.",
        ),
        ru=Message(
            "файл результата {name} не читается: {why}", "Дайте пользователю платформы права или проверьте диск."
        ),
    ),
    Problem(
        "RESULT_ORPHANED",
        Scope.AUDIT,
        en=Message(
            "{name} stands in «Данные на загрузку», and no load counts it",
            "Run `pharma-assets audit --mend`: it moves the file into quarantine.",
        ),
        ru=Message(
            "{name} лежит в «Данные на загрузку», но ни одна загрузка его не считает",
            "Запустите `pharma-assets audit --mend`: он перенесёт файл в карантин.",
        ),
    ),
    Problem(
        "LOADED_BUT_GONE",
        Scope.AUDIT,
        en=Message(
            "gone from the inbox, and {rows} rows of it are loaded",
            "Nothing to do if they shall stay; a rebuild of the client-month takes them out.",
        ),
        ru=Message(
            "исчез из входящих, а его строк загружено: {rows}",
            "Ничего делать не нужно, если они должны остаться; убирает их пересборка клиента-месяца.",
        ),
    ),
    Problem(
        "ROWS_WITHOUT_FILE",
        Scope.AUDIT,
        en=Message(
            "{rows} rows that were taken over, and no file is known for them",
            "Nothing to do if they shall stay: a rebuild does not touch them. `pharma-assets ignore` takes them out.",
        ),
        ru=Message(
            "перенесено строк: {rows}, но их файл неизвестен",
            "Ничего делать не нужно, если они должны остаться: пересборка их не трогает. Убирает их "
            "`pharma-assets ignore`.",
        ),
    ),
    Problem(
        "CLAIM_STALE",
        Scope.AUDIT,
        en=Message(
            "claimed by {holder}, and nobody is working on it",
            "Nothing to do if the client has a layout: the next tick takes it up. `pharma-assets audit --mend` drops "
            "the claim.",
        ),
        ru=Message(
            "занят: {holder}, но никто над ним не работает",
            "Ничего делать не нужно, если у клиента есть раскладка: файл возьмёт следующий проход. "
            "`pharma-assets audit --mend` снимает отметку.",
        ),
    ),
    Problem(
        "DRAFT_LEFT",
        Scope.AUDIT,
        en=Message(
            "{name} was left in «Итоговые отчёты», and nobody is working on it",
            "Nothing to do: the next tick moves it into quarantine, as `pharma-assets audit --mend` does.",
        ),
        ru=Message(
            "{name} остался в «Итоговые отчёты», но никто над ним не работает",
            "Ничего делать не нужно: следующий проход перенесёт его в карантин, как и `pharma-assets audit --mend`.",
        ),
    ),
)
