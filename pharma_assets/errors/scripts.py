"""What goes wrong with a client's script: it does not start, does not end well, or leaves nothing to be loaded."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "LAUNCH_ERROR",
        Scope.FILE,
        en=Message(
            "the script {script} could not be started: {why}",
            "Check that PHARMA_SCRIPT_PYTHON names a Python that runs, and that the script can be read: it is tried "
            "again by itself.",
        ),
        ru=Message(
            "скрипт {script} не удалось запустить: {why}",
            "Проверьте, что в PHARMA_SCRIPT_PYTHON назван Python, который запускается, и что скрипт можно прочитать: "
            "попытка повторится сама.",
        ),
        transient=True,
    ),
    Problem(
        "RETURN_CODE_<n>",
        Scope.FILE,
        en=Message(
            "the script {script} ended with exit code {n}; its last words: {said}",
            "Read all that it said in the run's log. Correct the script: the file is taken up by itself when it "
            "changes. If it lacks a package, name the Python that it ran with before in PHARMA_SCRIPT_PYTHON; if "
            "memory, raise PHARMA_SCRIPT_MEMORY_MB; then run its client-month again.",
        ),
        ru=Message(
            "скрипт {script} завершился с кодом {n}; последнее, что он сказал: {said}",
            "Прочитайте в журнале запуска всё, что он сказал. Исправьте скрипт: файл пойдёт в работу сам, когда он "
            "изменится. Если скрипту не хватает пакета, назовите в PHARMA_SCRIPT_PYTHON тот Python, с которым он "
            "работал раньше; если памяти – увеличьте PHARMA_SCRIPT_MEMORY_MB; затем запустите клиента-месяц ещё раз.",
        ),
    ),
    Problem(
        "NO_OUTPUT_FILE",
        Scope.FILE,
        en=Message(
            "the script {script} ended well, but «Итоговые отчёты» has no file of it with {pattern} in its name; "
            "other files that it left: {left}; its last words: {said}",
            "Read in the run's log why: mostly the report type is not the script's, or it found nothing in the file. "
            "Correct the script, or add a layout for this report type.",
        ),
        ru=Message(
            "скрипт {script} завершился нормально, но в «Итоговые отчёты» нет его файла с {pattern} в имени; "
            "другие файлы, которые он оставил: {left}; последнее, что он сказал: {said}",
            "Прочитайте в журнале запуска, почему: чаще всего этот тип отчёта не для скрипта или в файле он ничего не "
            "нашёл. Исправьте скрипт или добавьте раскладку для этого типа отчёта.",
        ),
    ),
    Problem(
        "AMBIGUOUS_OUTPUT",
        Scope.FILE,
        en=Message(
            "the script {script} left several different files for one record: {names}",
            "Make the script write one file for a record: which of them counts, or whether they add up, nobody says.",
        ),
        ru=Message(
            "скрипт {script} оставил для одной записи несколько разных файлов: {names}",
            "Сделайте так, чтобы скрипт писал один файл на запись: какой из них верен или складываются ли они, не "
            "сказано.",
        ),
    ),
    Problem(
        "OUTPUT_INVALID",
        Scope.FILE,
        en=Message(
            "the file {name} that the script wrote cannot be loaded: {problem}",
            "Look at the file, which is kept in «Карантин», compare it with report_header.xlsx, and correct the "
            "script: the report is taken up by itself then.",
        ),
        ru=Message(
            "файл {name}, который написал скрипт, нельзя загрузить: {problem}",
            "Посмотрите на этот файл, он лежит в «Карантин», сравните его с report_header.xlsx и исправьте скрипт: "
            "отчёт пойдёт в работу сам.",
        ),
    ),
    Problem(
        "MADE_BY_SCRIPT",
        Scope.FILE,
        en=Message(
            "the rows are those of the file that the script {script} wrote; what it made of the source, it alone knows",
            "Look at the result file: `source_row` counts its rows. `pharma-assets client compare` shows what a layout "
            "would make of the source.",
        ),
        ru=Message(
            "это строки файла, который написал скрипт {script}; что он сделал с исходником, знает только он",
            "Посмотрите в файл результата: `source_row` считает его строки. `pharma-assets client compare` показывает, "
            "что получилось бы из исходника по раскладке.",
        ),
    ),
)
