"""What keeps one file from being taken up or read, before anything is known of its sheets."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "LAYOUT_INVALID",
        Scope.FILE,
        en=Message(
            "the layout {file} cannot be used: {why}",
            "Correct the layout: this client's files are taken up by themselves then. All others go on.",
        ),
        ru=Message(
            "раскладкой {file} пользоваться нельзя: {why}",
            "Исправьте раскладку: файлы этого клиента пойдут в работу сами. Остальные не затронуты.",
        ),
    ),
    Problem(
        "NO_SCRIPT_FOUND",
        Scope.FILE,
        en=Message(
            "no transform for {client}, report type {report_type}",
            "Add client_transforms/{folder}/layout.yaml, which `pharma-assets client draft` proposes, or this type to "
            "it, or the client's script {script}: the file is taken up by itself then.",
        ),
        ru=Message(
            "нет ни раскладки, ни скрипта для {client}, тип отчёта {report_type}",
            "Добавьте client_transforms/{folder}/layout.yaml – его предложит `pharma-assets client draft`, – или этот "
            "тип отчёта в него, или скрипт клиента {script}: файл пойдёт в работу сам.",
        ),
    ),
    Problem(
        "CLIENT_MONTH_BUSY",
        Scope.FILE,
        en=Message(
            "another run is working on {client_month}",
            "Wait for it to end: what is due then is done at the next tick. If it does not end, look for it among "
            "Dagster's runs.",
        ),
        ru=Message(
            "с клиентом-месяцем {client_month} работает другой запуск",
            "Дождитесь его конца: что останется, возьмут при следующем сканировании. Если он не кончается, найдите его "
            "среди запусков в Dagster.",
        ),
        transient=True,
    ),
    Problem(
        "FILE_GONE",
        Scope.FILE,
        en=Message(
            "the file is no longer in the inbox",
            "Nothing to do if that was meant; otherwise ask the supplier to send it again.",
        ),
        ru=Message(
            "файла больше нет во входящих",
            "Если его убрали намеренно, ничего делать не нужно; иначе попросите поставщика прислать его снова.",
        ),
    ),
    Problem(
        "CONTENT_CHANGED",
        Scope.FILE,
        en=Message(
            "the file has changed since its version {version} was loaded",
            "Wait for the next tick, or see in `pharma-assets status` why it is not loaded anew.",
        ),
        ru=Message(
            "файл изменился с тех пор, как загружена его версия {version}",
            "Подождите следующего прохода или посмотрите в `pharma-assets status`, почему он не загружен заново.",
        ),
    ),
    Problem(
        "FILE_CHANGING",
        Scope.FILE,
        en=Message(
            "the file changed while it was being read",
            "Nothing to do: it is read again when it has settled.",
        ),
        ru=Message(
            "файл изменился, пока его читали",
            "Ничего делать не нужно: он будет прочитан снова, когда перестанет меняться.",
        ),
        transient=True,
    ),
    Problem(
        "LOCKED",
        Scope.FILE,
        en=Message(
            "the file cannot be opened or written: {why}",
            "Close the program that holds it, or give the platform's user the permission.",
        ),
        ru=Message(
            "файл не удаётся открыть или записать: {why}",
            "Закройте программу, которая его держит, или дайте пользователю платформы права на него.",
        ),
        transient=True,
    ),
    Problem(
        "NO_SPACE",
        Scope.FILE,
        en=Message(
            "no space left while writing {where}",
            "Free some space on that disk: the file is tried again by itself.",
        ),
        ru=Message(
            "кончилось место при записи в {where}",
            "Освободите место на этом диске: попытка повторится сама.",
        ),
        transient=True,
    ),
    Problem(
        "PATH_TOO_LONG",
        Scope.FILE,
        en=Message(
            "the path is too long: {path}",
            "Rename the file, or ask for a shorter name; for a result file, move PHARMA_HOME to a shorter path.",
        ),
        ru=Message(
            "слишком длинный путь: {path}",
            "Переименуйте файл или попросите имя короче; если это файл результата, перенесите PHARMA_HOME туда, "
            "где путь короче.",
        ),
    ),
    Problem(
        "INTERNAL_ERROR",
        Scope.FILE,
        en=Message(
            "unexpected {kind}: {why}",
            "This is a defect of the platform: report it with the run's log. The other files went on.",
        ),
        ru=Message(
            "непредвиденная ошибка {kind}: {why}",
            "Это дефект самой платформы: сообщите о нём, приложив журнал запуска. Остальные файлы не затронуты.",
        ),
    ),
    Problem(
        "DUPLICATE_CONTENT",
        Scope.FILE,
        en=Message(
            "the same bytes are loaded already from file {id}, {path}",
            "Nothing to do if it was sent twice: it is taken up by itself when that file goes or changes. If both "
            "count, run `pharma-assets release` with this file's id.",
        ),
        ru=Message(
            "те же байты уже загружены из файла {id}, {path}",
            "Если файл прислали дважды, ничего делать не нужно: он будет взят сам, когда тот исчезнет или изменится. "
            "Если нужны оба, выполните `pharma-assets release` с id этого файла.",
        ),
    ),
    Problem(
        "IGNORED",
        Scope.FILE,
        en=Message("set aside by {who}: {why}", "Nothing to do; `pharma-assets release` takes it up again."),
        ru=Message("отложен, {who}: {why}", "Ничего делать не нужно; снова взять файл – `pharma-assets release`."),
    ),
    Problem(
        "BACKLOG",
        Scope.FILE,
        en=Message(
            "of a month before {since}: it waits until somebody asks for it",
            "Nothing to do until it is wanted; then run `pharma-assets backlog start`. What that would cost, "
            "`pharma-assets backlog plan` tells.",
        ),
        ru=Message(
            "месяц раньше {since}: файл ждёт, пока его не попросят",
            "Ничего делать не нужно, пока он не понадобится; тогда выполните `pharma-assets backlog start`. Чего это "
            "стоит, скажет `pharma-assets backlog plan`.",
        ),
    ),
    Problem(
        "EMPTY_FILE",
        Scope.FILE,
        en=Message("the file has 0 bytes", "Ask the supplier to send it again."),
        ru=Message("в файле 0 байт", "Попросите поставщика прислать его снова."),
    ),
    Problem(
        "CORRUPT_FILE",
        Scope.FILE,
        en=Message(
            "not readable as {format}: {why}",
            "Open it in Excel. If it opens, ask the supplier to save it anew as xlsx; if not, ask for a sound one.",
        ),
        ru=Message(
            "не читается как {format}: {why}",
            "Откройте файл в Excel. Если открывается, попросите поставщика сохранить его заново как xlsx; если нет – "
            "прислать неповреждённый.",
        ),
    ),
    Problem(
        "FORMAT_UNSUPPORTED",
        Scope.FILE,
        en=Message(
            "the content is {format}, which is not read",
            "Ask the supplier for xlsx, xls or csv, not in an archive.",
        ),
        ru=Message(
            "по содержимому это {format}; такие файлы не читаются",
            "Попросите у поставщика xlsx, xls или csv, не в архиве.",
        ),
    ),
    Problem(
        "PASSWORD_PROTECTED",
        Scope.FILE,
        en=Message(
            "the workbook is encrypted, and no configured password opens it",
            "Add its password to PHARMA_PASSWORDS and run its client-month again, or ask the supplier to send it "
            "without one.",
        ),
        ru=Message(
            "книга зашифрована, ни один из заданных паролей не подошёл",
            "Добавьте её пароль в PHARMA_PASSWORDS и запустите клиента-месяц ещё раз либо попросите поставщика "
            "прислать её без пароля.",
        ),
    ),
    Problem(
        "ENCODING_UNKNOWN",
        Scope.FILE,
        en=Message(
            "the encoding of the text cannot be told: {why}",
            "Ask the supplier to export in UTF-8.",
        ),
        ru=Message(
            "не удалось определить кодировку текста: {why}",
            "Попросите поставщика выгружать в UTF-8.",
        ),
    ),
    Problem(
        "RESOURCE_LIMIT",
        Scope.FILE,
        en=Message(
            "reading it needs more than is allowed: {why}",
            "Ask the supplier to save it anew in Excel without stray cells, or to send it in parts; if it was memory, "
            "raise PHARMA_READ_MEMORY_MB and run its client-month again.",
        ),
        ru=Message(
            "чтение требует больше, чем разрешено: {why}",
            "Попросите поставщика сохранить файл в Excel заново, без ячеек вдали от таблицы, или прислать по частям; "
            "если не хватило памяти, увеличьте PHARMA_READ_MEMORY_MB и запустите клиента-месяц ещё раз.",
        ),
    ),
    Problem(
        "TIMEOUT",
        Scope.FILE,
        en=Message(
            "it took longer than {seconds} s",
            "Nothing to do at first: it is tried again. If it lasts, raise PHARMA_READ_SECONDS (for a client's script "
            "PHARMA_SCRIPT_SECONDS), or ask the supplier for a smaller file.",
        ),
        ru=Message(
            "это заняло больше {seconds} с",
            "Сначала ничего делать не нужно: попытка повторится сама. Если не помогло, увеличьте PHARMA_READ_SECONDS "
            "(для скрипта клиента – PHARMA_SCRIPT_SECONDS) или попросите поставщика прислать файл поменьше.",
        ),
        transient=True,
    ),
    Problem(
        "RUN_DIED",
        Scope.FILE,
        en=Message(
            "the process that was working on the file has died {deaths} times in a row",
            "Nothing to do at first: it is tried again. If it lasts, the file may need more memory than the machine "
            "has: ask the supplier to send it in parts.",
        ),
        ru=Message(
            "процесс, работавший над файлом, погиб несколько раз подряд: {deaths}",
            "Сначала ничего делать не нужно: попытка повторится сама. Если не помогло, файлу, возможно, нужно больше "
            "памяти, чем есть у машины: попросите поставщика прислать его по частям.",
        ),
        transient=True,
    ),
    Problem(
        "WORKER_CRASH",
        Scope.FILE,
        en=Message(
            "reading it has killed the reading process twice: {why}",
            "Open it in Excel and save it anew, or ask the supplier for another format. The other files went on.",
        ),
        ru=Message(
            "читающий процесс дважды погиб на этом файле: {why}",
            "Откройте его в Excel и сохраните заново или попросите у поставщика другой формат. Остальные файлы не "
            "затронуты.",
        ),
    ),
)
