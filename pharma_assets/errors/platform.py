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
