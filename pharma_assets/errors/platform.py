"""What stops the platform as a whole."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "DATABASE_UNREACHABLE",
        Scope.PLATFORM,
        en=Message(
            "no connection to PostgreSQL at {url}: {why}",
            "Check that the server runs and that PHARMA_DATABASE_URL is right; for the embedded server, see "
            "`pharma-assets db status` and run `pharma-assets db start`.",
        ),
        ru=Message(
            "нет соединения с PostgreSQL по адресу {url}: {why}",
            "Проверьте, что сервер работает и что PHARMA_DATABASE_URL верен; если сервер встроенный, посмотрите "
            "`pharma-assets db status` и выполните `pharma-assets db start`.",
        ),
    ),
    Problem(
        "DATABASE_START_FAILED",
        Scope.PLATFORM,
        en=Message(
            "the embedded PostgreSQL in {folder} did not start: {why}",
            "Correct what is named (the server's log is server.log in that folder), then run `pharma-assets db start`.",
        ),
        ru=Message(
            "встроенный PostgreSQL в {folder} не запустился: {why}",
            "Устраните названную причину (журнал сервера – server.log в этой папке) и выполните "
            "`pharma-assets db start`.",
        ),
    ),
    Problem(
        "DATABASE_STOP_FAILED",
        Scope.PLATFORM,
        en=Message(
            "the embedded PostgreSQL in {folder} did not stop: {why}",
            "See which process `pharma-assets db status` names and what keeps it busy, then run "
            "`pharma-assets db stop` again.",
        ),
        ru=Message(
            "встроенный PostgreSQL в {folder} не остановился: {why}",
            "Посмотрите, какой процесс называет `pharma-assets db status` и чем он занят, затем снова выполните "
            "`pharma-assets db stop`.",
        ),
    ),
    Problem(
        "MIGRATION_FAILED",
        Scope.PLATFORM,
        en=Message(
            "the database could not be brought up to date at {name}: {why}",
            "Nothing of this step was kept. Correct what is named (often a missing right of the role), then run "
            "`pharma-assets db upgrade`.",
        ),
        ru=Message(
            "не удалось обновить базу, шаг {name}: {why}",
            "От этого шага в базе ничего не осталось. Устраните названную причину (часто роли не хватает прав) и "
            "выполните `pharma-assets db upgrade`.",
        ),
    ),
    Problem(
        "ORIGINAL_TABLES",
        Scope.PLATFORM,
        en=Message(
            "the database holds {tables} of another program",
            "Run `pharma-assets db adopt --dry-run`, then `pharma-assets db adopt`: it sets these tables aside and "
            "takes over what is in them. Or name another database in PHARMA_DATABASE_URL.",
        ),
        ru=Message(
            "в базе есть таблицы другой программы: {tables}",
            "Запустите `pharma-assets db adopt --dry-run`, затем `pharma-assets db adopt`: он отложит эти таблицы и "
            "перенесёт их содержимое. Или укажите в PHARMA_DATABASE_URL другую базу.",
        ),
    ),
    Problem(
        "ADOPTION_REFUSED",
        Scope.PLATFORM,
        en=Message(
            "the original tables cannot be taken over: {why}",
            "Nothing was changed. Correct what is named and run `pharma-assets db adopt` again.",
        ),
        ru=Message(
            "перенести исходные таблицы нельзя: {why}",
            "Ничего не изменено. Исправьте названное и запустите `pharma-assets db adopt` снова.",
        ),
    ),
    Problem(
        "ADOPTION_DIFFERS",
        Scope.PLATFORM,
        en=Message(
            "what was taken over is not what was there: {differences}",
            "Nothing was changed. This is a defect of the platform: report it with this message.",
        ),
        ru=Message(
            "перенесённое не совпадает с исходным: {differences}",
            "Ничего не изменено. Это дефект самой платформы: сообщите о нём, приложив это сообщение.",
        ),
    ),
    Problem(
        "ENVIRONMENT_MISSING",
        Scope.PLATFORM,
        en=Message(
            'Dagster was started without this platform\'s instance ({why}): first run eval "$(pharma-assets env)"',
            'Run `eval "$(pharma-assets env)"` in this shell (PowerShell: what `pharma-assets env --shell powershell` '
            "prints), then start Dagster again.",
        ),
        ru=Message(
            'Dagster запущен без экземпляра этой платформы ({why}): сначала выполните eval "$(pharma-assets env)"',
            'Выполните в этом терминале `eval "$(pharma-assets env)"` (в PowerShell – то, что печатает '
            "`pharma-assets env --shell powershell`) и запустите Dagster снова.",
        ),
    ),
    Problem(
        "INBOX_MISSING",
        Scope.PLATFORM,
        en=Message(
            "the inbox folder {folder} is not there",
            "Mount it or correct PHARMA_INBOX; `pharma-assets tree --create` makes a new tree. Nothing was changed.",
        ),
        ru=Message(
            "папки входящих {folder} нет на месте",
            "Подключите её или исправьте PHARMA_INBOX; новое дерево папок создаёт `pharma-assets tree --create`. "
            "Ничего не изменено.",
        ),
    ),
    Problem(
        "INBOX_UNREACHABLE",
        Scope.PLATFORM,
        en=Message(
            "no way to the inbox {url}: {why}",
            "Check PHARMA_INBOX and PHARMA_SFTP_KEY, and that the server runs: `sftp` with the same user and key must "
            "get in. Nothing was changed; the next tick tries again.",
        ),
        ru=Message(
            "не попасть во входящие {url}: {why}",
            "Проверьте PHARMA_INBOX и PHARMA_SFTP_KEY и работает ли сервер: `sftp` с тем же пользователем и ключом "
            "должен войти. Ничего не изменено; следующий проход попробует снова.",
        ),
    ),
    Problem(
        "INBOX_HOST_KEY",
        Scope.PLATFORM,
        en=Message(
            "the inbox server {host} cannot prove that it is the right one: {why}",
            "Ask its administrator for the fingerprint. Only if it is the same, put the server's key into the file of "
            "PHARMA_SFTP_KNOWN_HOSTS (`ssh-keyscan` prints the line).",
        ),
        ru=Message(
            "сервер входящих {host} не может доказать, что он тот самый: {why}",
            "Узнайте отпечаток у его администратора. Только если он совпадает, впишите ключ сервера в файл из "
            "PHARMA_SFTP_KNOWN_HOSTS (строку печатает `ssh-keyscan`).",
        ),
    ),
    Problem(
        "INBOX_READ_ONLY",
        Scope.PLATFORM,
        en=Message(
            "folders cannot be made in {url}: over SFTP the inbox is only read",
            "Make them on the server: `pharma-assets tree` writes the list, deploy/openssh/README.md tells how.",
        ),
        ru=Message(
            "в {url} нельзя создать папки: по SFTP входящие только читаются",
            "Создайте их на сервере: список пишет `pharma-assets tree`, как это сделать – deploy/openssh/README.md.",
        ),
    ),
    Problem(
        "RESULTS_VANISHED",
        Scope.PLATFORM,
        en=Message(
            "{missing} of {files} result files are missing from {folder} at once",
            "Look whether the folder is mounted. If they are to be written again, run `pharma-assets audit --mend "
            "--accept-missing`, which loads their files anew.",
        ),
        ru=Message(
            "из {folder} сразу пропали файлы результатов: {missing} из {files}",
            "Проверьте, подключена ли папка. Если их нужно записать снова, выполните `pharma-assets audit --mend "
            "--accept-missing`: исходные файлы загрузятся заново.",
        ),
    ),
    Problem(
        "INBOX_VANISHED",
        Scope.PLATFORM,
        en=Message(
            "{gone} of {present} files have gone from the inbox at once, {example} among them",
            "Look whether the inbox is mounted; nothing was marked as gone. If the files were meant to go: "
            "`pharma-assets scan --accept-gone`.",
        ),
        ru=Message(
            "из входящих сразу пропали файлы: {gone} из {present}, среди них {example}",
            "Проверьте, подключена ли папка входящих; ни один файл не отмечен удалённым. Если файлы удалены намеренно: "
            "`pharma-assets scan --accept-gone`.",
        ),
    ),
    Problem(
        "FILE_UNKNOWN",
        Scope.PLATFORM,
        en=Message(
            "the registry has no file {name}",
            "Give its id or its path below the inbox, as `pharma-assets status --json` shows them.",
        ),
        ru=Message(
            "в реестре нет файла {name}",
            "Укажите id файла или путь к нему внутри папки входящих, как их показывает `pharma-assets status --json`.",
        ),
    ),
    Problem(
        "ROLES_REFUSED",
        Scope.PLATFORM,
        en=Message(
            "the database's roles could not be set up: {why}",
            "Run `pharma-assets db roles` as the database's owner; if it may not make roles, ask an administrator for "
            "`CREATE ROLE pharma_loader` and `CREATE ROLE pharma_reader`, then run it again.",
        ),
        ru=Message(
            "не удалось настроить роли базы: {why}",
            "Выполните `pharma-assets db roles` от владельца базы; если создавать роли ему нельзя, попросите "
            "администратора выполнить `CREATE ROLE pharma_loader` и `CREATE ROLE pharma_reader`, затем повторите.",
        ),
    ),
    Problem(
        "NOBODY_TO_ALERT",
        Scope.PLATFORM,
        en=Message(
            "the settings name nobody who is to be told",
            "Give PHARMA_ALERT_EMAILS together with PHARMA_SMTP_URL, or PHARMA_ALERT_WEBHOOKS.",
        ),
        ru=Message(
            "в настройках не указано, кому сообщать",
            "Задайте PHARMA_ALERT_EMAILS вместе с PHARMA_SMTP_URL или PHARMA_ALERT_WEBHOOKS.",
        ),
    ),
    Problem(
        "BACKUP_FAILED",
        Scope.PLATFORM,
        en=Message(
            "{program} did not come to its end: {why}",
            "Correct what is named (a back-up is made by the database's owner, who may read everything), then run the "
            "command again. An unfinished back-up has no manifest.json and can be removed.",
        ),
        ru=Message(
            "{program} не дошла до конца: {why}",
            "Устраните названную причину (копию делает владелец базы: он может читать всё) и выполните команду снова. "
            "Незаконченную копию видно по тому, что в ней нет manifest.json; удалите её.",
        ),
    ),
    Problem(
        "BACKUP_UNUSABLE",
        Scope.PLATFORM,
        en=Message(
            "{folder} is no whole back-up: {why}",
            "Name a folder pharma-… that `pharma-assets db backup` has finished. Nothing was changed.",
        ),
        ru=Message(
            "{folder} – не целая резервная копия: {why}",
            "Укажите папку pharma-…, которую закончила писать `pharma-assets db backup`. Ничего не изменено.",
        ),
    ),
    Problem(
        "RESTORE_REFUSED",
        Scope.PLATFORM,
        en=Message(
            "the database {database} has the platform's tables already",
            "Make sure that it is the right one and that daemon, webserver and workers are stopped; then run "
            "`pharma-assets db restore --replace`, which drops what is there. Nothing was changed.",
        ),
        ru=Message(
            "в базе {database} уже есть таблицы платформы",
            "Убедитесь, что это та самая база и что демон, веб-сервер и исполнители остановлены; затем выполните "
            "`pharma-assets db restore --replace`: то, что в ней есть, будет удалено. Ничего не изменено.",
        ),
    ),
    Problem(
        "RUN_FAILED",
        Scope.PLATFORM,
        en=Message(
            "a run failed, and not because of its files: {why}",
            "Open the run in Dagster; when the cause is gone, run it again, or wait for the next tick.",
        ),
        ru=Message(
            "запуск не удался, и дело не в файлах: {why}",
            "Откройте запуск в Dagster; когда причина устранена, запустите его снова или подождите следующего прохода.",
        ),
    ),
    Problem(
        "TICK_FAILED",
        Scope.PLATFORM,
        en=Message(
            "the last evaluation of a sensor or schedule failed: {why}",
            "Open it in Dagster under Automation and correct what is named: nothing new is taken in until it succeeds.",
        ),
        ru=Message(
            "последнее срабатывание сенсора или расписания не удалось: {why}",
            "Откройте его в Dagster в разделе Automation и устраните причину: до тех пор новое не принимается.",
        ),
    ),
    Problem(
        "CHECK_FAILED",
        Scope.PLATFORM,
        en=Message(
            "the check {check} of {asset} fails: {why}",
            "Open the check in Dagster: its metadata say what differs; `pharma-assets audit` compares everything.",
        ),
        ru=Message(
            "проверка {check} актива {asset} не проходит: {why}",
            "Откройте проверку в Dagster: в метаданных видно, что не сходится; всё целиком сверяет "
            "`pharma-assets audit`.",
        ),
    ),
    Problem(
        "SETTINGS_INVALID",
        Scope.PLATFORM,
        en=Message(
            "the settings cannot be used: {why}",
            "Correct what is named: an environment variable, a line of .env or of pharma.toml.",
        ),
        ru=Message(
            "с такими настройками работать нельзя: {why}",
            "Исправьте названное: переменную окружения, строку в .env или в pharma.toml.",
        ),
    ),
    Problem(
        "CORRECTIONS_UNREADABLE",
        Scope.PLATFORM,
        en=Message(
            "{file} is no workbook of rejected rows: {why}",
            "Give the workbook that `pharma-assets rejects export` has written, with its first, hidden row.",
        ),
        ru=Message(
            "{file} – не книга с отклонёнными строками: {why}",
            "Дайте книгу, которую записал `pharma-assets rejects export`, вместе с её первой, скрытой строкой.",
        ),
    ),
    Problem(
        "ROW_UNKNOWN",
        Scope.PLATFORM,
        en=Message(
            "there is no such row: {what}",
            "Give the id of a row of raw.primary_data, or a file and a row of it, or `--month` and what to look for.",
        ),
        ru=Message(
            "такой строки нет: {what}",
            "Укажите id строки raw.primary_data, или файл и его строку, или `--month` и что искать.",
        ),
    ),
    Problem(
        "REFERENCE_REFUSED",
        Scope.PLATFORM,
        en=Message(
            "the reference list {file} is refused as a whole, for {problems} reasons",
            "Correct the lines that are named, then import again. Nothing was changed.",
        ),
        ru=Message(
            "справочник {file} не принят целиком, причин: {problems}",
            "Исправьте названные строки и повторите импорт. Ничего не изменено.",
        ),
    ),
    Problem(
        "REFERENCE_UNREADABLE",
        Scope.PLATFORM,
        en=Message(
            "{file} is no reference list: {why}",
            "Give a csv or xlsx with a header of {wanted}.",
        ),
        ru=Message(
            "{file} – не справочник: {why}",
            "Дайте csv или xlsx с заголовком из {wanted}.",
        ),
    ),
    Problem(
        "REFERENCE_VERSION_UNKNOWN",
        Scope.PLATFORM,
        en=Message("there is no version {version} of the reference lists", "See `pharma-assets reference list`."),
        ru=Message("версии справочников {version} нет", "Посмотрите `pharma-assets reference list`."),
    ),
    Problem(
        "CORRECTION_UNKNOWN",
        Scope.PLATFORM,
        en=Message("there is no correction {id} that counts", "See `pharma-assets rejects list`."),
        ru=Message("действующего исправления {id} нет", "Посмотрите `pharma-assets rejects list`."),
    ),
)
