"""The catalogue of everything that can be wrong, each with a code, a message and advice.

The same code stands in `ops.file_registry.error_reason`, in Dagster's metadata, in what the commands print and in
`docs/errors.md`, which is written from this module. Raising happens elsewhere; nothing here knows a file or a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a problem stops: the platform, one path, one file, or one row. A remark stops nothing, and neither does what
    the audit finds."""

    PLATFORM = "platform"
    PATH = "path"
    FILE = "file"
    ROW = "row"
    REMARK = "remark"
    AUDIT = "audit"


@dataclass(frozen=True)
class Problem:
    """One entry of the catalogue.

    `message` is a `str.format` template over the facts given when the problem is raised. `transient` problems are
    tried again by themselves; the others wait for a changed file, a changed layout or a person.
    """

    code: str
    scope: Scope
    message: str
    advice: str
    transient: bool = False


CATALOGUE: dict[str, Problem] = {
    problem.code: problem
    for problem in (
        Problem(
            "DATABASE_UNREACHABLE",
            Scope.PLATFORM,
            "no connection to PostgreSQL at {url}: {why}",
            "Check PHARMA_DATABASE_URL, or run `pharma-assets db status` for the embedded server.",
        ),
        Problem(
            "DATABASE_START_FAILED",
            Scope.PLATFORM,
            "the embedded PostgreSQL in {folder} did not start: {why}",
            "Read the server's log named above; `pharma-assets db start` tries again.",
        ),
        Problem(
            "DATABASE_STOP_FAILED",
            Scope.PLATFORM,
            "the embedded PostgreSQL in {folder} did not stop: {why}",
            "Look for the process that `pharma-assets db status` names; `pharma-assets db stop` tries again.",
        ),
        Problem(
            "MIGRATION_FAILED",
            Scope.PLATFORM,
            "the database could not be brought up to date at {name}: {why}",
            "Nothing of it was kept. Correct what is named (often a missing right of the role), then run "
            "`pharma-assets db upgrade`.",
        ),
        Problem(
            "ENVIRONMENT_MISSING",
            Scope.PLATFORM,
            'Dagster was started without this platform\'s instance ({why}): first run eval "$(pharma-assets env)"',
            'Run `eval "$(pharma-assets env)"` in this shell, then start Dagster again.',
        ),
        Problem(
            "INBOX_MISSING",
            Scope.PLATFORM,
            "the inbox folder {folder} is not there",
            "Mount it or set PHARMA_INBOX; `pharma-assets tree --create` makes a new tree. Nothing was changed.",
        ),
        Problem(
            "INBOX_UNREACHABLE",
            Scope.PLATFORM,
            "no way to the inbox {url}: {why}",
            "Check PHARMA_INBOX and PHARMA_SFTP_KEY, and that the server runs: `sftp` with the same user and key must "
            "get in. Nothing was changed; the next tick tries again.",
        ),
        Problem(
            "INBOX_HOST_KEY",
            Scope.PLATFORM,
            "the inbox server {host} cannot prove that it is the right one: {why}",
            "Ask its administrator for the fingerprint. Only if it is the same, put the server's key into the file of "
            "PHARMA_SFTP_KNOWN_HOSTS (`ssh-keyscan` prints the line).",
        ),
        Problem(
            "INBOX_READ_ONLY",
            Scope.PLATFORM,
            "folders cannot be made in {url}: over SFTP the inbox is only read",
            "Make them on the server: `pharma-assets tree` writes the list, deploy/openssh/README.md tells how.",
        ),
        Problem(
            "INBOX_VANISHED",
            Scope.PLATFORM,
            "{gone} of {present} files have gone from the inbox at once, {example} among them",
            "Look whether the inbox is mounted. If the files were meant to go: `pharma-assets scan --accept-gone`.",
        ),
        Problem(
            "SETTINGS_INVALID",
            Scope.PLATFORM,
            "the settings cannot be used: {why}",
            "Correct the environment variable or the line of pharma.toml that is named.",
        ),
        Problem(
            "LAYOUT_INVALID",
            Scope.FILE,
            "{file}: {why}",
            "Correct the layout; files of this client wait, all others go on.",
        ),
        Problem(
            "PATH_STRUCTURE",
            Scope.PATH,
            "the path does not read as provider/year/month/client/report type/file: {why}",
            "Move the file into a leaf folder of the tree, or add the folder to the tree.",
        ),
        Problem(
            "PATH_OUTSIDE_MONTHS",
            Scope.PATH,
            "the month {month} is outside {first} to {last}",
            "Move the file to the right month, or add its year to `tree.years`; a future month is taken when it comes.",
        ),
        Problem(
            "PATH_UNREADABLE",
            Scope.PATH,
            "the folder or file cannot be listed: {why}",
            "Give the platform's user read permission.",
        ),
        Problem(
            "PATH_NOT_TEXT",
            Scope.PATH,
            "the name is not valid UTF-8",
            "Ask the supplier to send the file again under a name in UTF-8.",
        ),
        Problem(
            "NO_SCRIPT_FOUND",
            Scope.FILE,
            "no transform for {client}, report type {report_type}",
            "Add client_transforms/{folder}/layout.yaml, or this type to it; the file is taken up by itself then.",
        ),
        Problem(
            "CLIENT_MONTH_BUSY",
            Scope.FILE,
            "another run is working on {client_month}",
            "Wait for it to end, or look for it among Dagster's runs.",
            transient=True,
        ),
        Problem(
            "FILE_GONE",
            Scope.FILE,
            "the file is no longer in the inbox",
            "Nothing to do if that was meant; otherwise ask the supplier to send it again.",
        ),
        Problem(
            "FILE_CHANGING",
            Scope.FILE,
            "the file changed while it was being read",
            "Nothing to do: it is read again when it has settled.",
            transient=True,
        ),
        Problem(
            "LOCKED",
            Scope.FILE,
            "the file cannot be opened or written: {why}",
            "Close the program that holds it, or give the platform's user the permission.",
            transient=True,
        ),
        Problem(
            "NO_SPACE",
            Scope.FILE,
            "no space left while writing {where}",
            "Free some disk space.",
            transient=True,
        ),
        Problem(
            "PATH_TOO_LONG",
            Scope.FILE,
            "the path is too long: {path}",
            "Ask for a shorter file name; for a result file, move PHARMA_HOME to a shorter path.",
        ),
        Problem(
            "INTERNAL_ERROR",
            Scope.FILE,
            "unexpected {kind}: {why}",
            "This is a defect of the platform: report it with the run's log. The other files went on.",
        ),
        Problem(
            "DUPLICATE_CONTENT",
            Scope.FILE,
            "the same bytes are loaded already from file {id}, {path}",
            "Nothing to do if it was sent twice. If both count: `pharma-assets release` with this file's id.",
        ),
        Problem(
            "FILE_UNKNOWN",
            Scope.PLATFORM,
            "the registry has no file {name}",
            "Give its id or its path below the inbox, as `pharma-assets status` shows it.",
        ),
        Problem(
            "IGNORED",
            Scope.FILE,
            "set aside by {who}: {why}",
            "Nothing to do; `pharma-assets release` takes it up again.",
        ),
        Problem("EMPTY_FILE", Scope.FILE, "the file has 0 bytes", "Ask the supplier to send it again."),
        Problem(
            "CORRUPT_FILE",
            Scope.FILE,
            "not readable as {format}: {why}",
            "Open it in Excel; if it does not open there either, ask the supplier to send it again.",
        ),
        Problem(
            "FORMAT_UNSUPPORTED",
            Scope.FILE,
            "the content is {format}, which is not read",
            "Ask the supplier for xlsx, xls or csv.",
        ),
        Problem(
            "PASSWORD_PROTECTED",
            Scope.FILE,
            "the workbook is encrypted, and no configured password opens it",
            "Add its password to PHARMA_PASSWORDS, or ask the supplier to send it without one.",
        ),
        Problem(
            "ENCODING_UNKNOWN",
            Scope.FILE,
            "the encoding of the text cannot be told: {why}",
            "Ask the supplier to export in UTF-8.",
        ),
        Problem(
            "RESOURCE_LIMIT",
            Scope.FILE,
            "reading it needs more than is allowed: {why}",
            "Ask the supplier for a file without stray cells, or in several parts.",
        ),
        Problem(
            "TIMEOUT",
            Scope.FILE,
            "reading it took longer than {seconds} s",
            "It is tried again. If it lasts, raise PHARMA_READ_SECONDS, or ask the supplier for a smaller file.",
            transient=True,
        ),
        Problem(
            "WORKER_CRASH",
            Scope.FILE,
            "reading it has killed the reading process twice: {why}",
            "Open it in Excel and save it anew, or ask the supplier for another format; the other files went on.",
        ),
        Problem(
            "HIDDEN_SHEET",
            Scope.FILE,
            "only hidden sheets have the header: {sheets}",
            "If that is the right one, name it in layout.yaml (`sheet:`); otherwise ask the supplier.",
        ),
        Problem(
            "HEADER_NOT_FOUND",
            Scope.FILE,
            "no header in the first {within} rows of {sheets}; looked for: {wanted}; closest: {seen}",
            "Compare the file with the client's layout.yaml; correct whichever is wrong.",
        ),
        Problem(
            "MISSING_COLUMN",
            Scope.FILE,
            "sheet {sheet}, row {row}: missing columns: {missing}; columns the layout does not know: {new}; "
            "likely renames: {renames}",
            "If a column was renamed, add the new name to its `aliases` in layout.yaml; otherwise ask the supplier.",
        ),
        Problem(
            "AMBIGUOUS_SHEET",
            Scope.FILE,
            "several sheets have the header: {sheets}",
            "Name the right one in layout.yaml (`sheet:`), or take all of them as one report (`sheets: all`).",
        ),
        Problem(
            "AMBIGUOUS_COLUMN",
            Scope.FILE,
            "sheet {sheet}, row {row}: the header {header} stands more than once, in columns {columns}",
            "Ask the supplier for distinct headers.",
        ),
        Problem(
            "NO_DATA_ROWS",
            Scope.FILE,
            "there is a header and no row below it",
            "Ask the supplier whether there was nothing to report; `nil_report: true` in layout.yaml allows it.",
        ),
        Problem(
            "DATE_AMBIGUOUS",
            Scope.FILE,
            "column {column}: {example} may be day/month or month/day, and no other cell of the column tells",
            "Say in layout.yaml which it is: `dates: dmy` or `dates: mdy` in the column's rule.",
        ),
        Problem(
            "TOTAL_MISMATCH",
            Scope.FILE,
            "sheet {sheet}, row {row}, column {column}: the total says {stated}, the rows add up to {found}",
            "Look for missing or doubled rows in the file; `totals: ignore` in layout.yaml takes it as it is.",
        ),
        Problem(
            "PERIOD_MISMATCH",
            Scope.FILE,
            "{outside} of {rows} rows are dated outside {month}: {first} to {last}; the layout allows {allowed}",
            "Move the file to the month it belongs to, or raise `outside_month` in layout.yaml.",
        ),
        Problem(
            "ALL_ROWS_REJECTED",
            Scope.FILE,
            "none of {rows} rows could be loaded; first: {first}",
            "Compare the values with the parsers in layout.yaml.",
        ),
        Problem(
            "ROWS_UNACCOUNTED",
            Scope.FILE,
            "{read} rows read, but {loaded} loaded + {left_out} left out + {rejected} rejected",
            "This is a defect of the platform: report it with the file's layout. Nothing was loaded.",
        ),
        Problem(
            "ROWS_NOT_STORED",
            Scope.FILE,
            "{written} rows written, {stored} stored",
            "Nothing was loaded. Look into the database's log for triggers or rules on raw.primary_data.",
        ),
        Problem(
            "VALUE_MISSING",
            Scope.ROW,
            "the value is blank, and the layout requires it",
            "Ask the supplier, or let the column be blank (`filled: false`) in layout.yaml.",
        ),
        Problem(
            "VALUE_AMOUNT",
            Scope.ROW,
            "not a number",
            "Ask the supplier to correct the cell.",
        ),
        Problem(
            "VALUE_OUT_OF_RANGE",
            Scope.ROW,
            "does not fit {type} without rounding",
            "Correct the cell.",
        ),
        Problem(
            "VALUE_DATE",
            Scope.ROW,
            "not a date in any style of the layout",
            "Ask the supplier to correct the cell, or to use dd.mm.yyyy.",
        ),
        Problem(
            "VALUE_TOO_LONG",
            Scope.ROW,
            "{length} characters; at most {limit} are stored",
            "Ask the supplier to correct the cell.",
        ),
        Problem(
            "VALUE_UNPRINTABLE",
            Scope.ROW,
            "the text holds a NUL character, shown as ␀",
            "Ask the supplier to correct the cell.",
        ),
        Problem(
            "FORMULA_NO_VALUE",
            Scope.ROW,
            "the cell holds a formula whose value was not saved",
            "Ask the supplier to open the file in Excel, save it, and send it again.",
        ),
        Problem("CELL_ERROR", Scope.ROW, "the cell holds an Excel error", "Ask the supplier to correct the formula."),
        Problem(
            "PRECISION_LOST",
            Scope.ROW,
            "a number of over 15 digits has lost its last ones in Excel",
            "Ask the supplier to store the column as text.",
        ),
        Problem(
            "ROW_RAGGED",
            Scope.ROW,
            "{seen} fields where the header has {expected}",
            "Ask the supplier to quote fields that contain the delimiter.",
        ),
        Problem(
            "HIDDEN_ROWS",
            Scope.REMARK,
            "sheet {sheet}: {rows} hidden or filtered rows are taken like all others",
            "Nothing to do if they belong to the report; otherwise ask the supplier to delete them.",
        ),
        Problem(
            "EXTRA_COLUMNS",
            Scope.REMARK,
            "sheet {sheet}: columns that the layout does not know are kept in `extra`: {columns}",
            "Map them in layout.yaml if they are worth it (`to: null` keeps one in `extra` without a remark).",
        ),
        Problem(
            "INN_INVALID",
            Scope.REMARK,
            "column {column}: {cells} cells are no INN by their check digits, e.g. {example}",
            "Ask the supplier; the rows are loaded with the text as written.",
        ),
        Problem(
            "SECOND_ENGINE",
            Scope.REMARK,
            "read by {engine}, because {first} {why}",
            "Compare a few figures with the file: it is unusual inside.",
        ),
        Problem(
            "RESULTS_VANISHED",
            Scope.PLATFORM,
            "{missing} of {files} result files are missing from {folder} at once",
            "Look whether the folder is mounted. If they are to be written again: `pharma-assets audit --mend "
            "--accept-missing`, which loads their files anew.",
        ),
        Problem(
            "ROWS_DIFFER",
            Scope.AUDIT,
            "the ledger says {ledger} rows, raw.primary_data holds {stored}",
            "`pharma-assets audit --mend` makes the file due: it is loaded again from the inbox.",
        ),
        Problem(
            "SUMS_DIFFER",
            Scope.AUDIT,
            "the sums of the ledger and of raw.primary_data differ: {sums}",
            "`pharma-assets audit --mend` makes the file due: it is loaded again from the inbox.",
        ),
        Problem(
            "ROWS_WITHOUT_LEDGER",
            Scope.AUDIT,
            "{rows} rows of file {file_id} in {month} that no load counts",
            "`pharma-assets audit --mend` loads the file again if it is in the inbox; `--mend-rows` takes out what "
            "remains, and keeps it as a CSV file in quarantine.",
        ),
        Problem(
            "REJECTS_DIFFER",
            Scope.AUDIT,
            "the ledger says {ledger} rejected rows, ops.rejected_row holds {stored}",
            "`pharma-assets audit --mend` makes the file due: it is loaded again from the inbox.",
        ),
        Problem(
            "REJECTS_WITHOUT_LEDGER",
            Scope.AUDIT,
            "{stored} rejected rows of load {load_id}, which no longer counts",
            "`pharma-assets audit --mend` removes them.",
        ),
        Problem(
            "LEDGER_MONTH_DIFFERS",
            Scope.AUDIT,
            "loaded into {ledger}, and the file lies in the folder of {folder}",
            "`pharma-assets audit --mend` makes the file due: it is loaded again into the month of its folder.",
        ),
        Problem(
            "CONTENT_TWICE",
            Scope.AUDIT,
            "the same bytes are loaded from the files {ids}",
            "If both count, `pharma-assets release` one of them; otherwise `pharma-assets ignore` the one too many.",
        ),
        Problem(
            "STATUS_WITHOUT_LEDGER",
            Scope.AUDIT,
            "the status is CREATED, and no load of the file's present content counts",
            "The next tick loads it if the client has a layout; `pharma-assets audit --mend` lets the file start anew.",
        ),
        Problem(
            "RESULT_MISSING",
            Scope.AUDIT,
            "the result file {name} is not in «Данные на загрузку»",
            "`pharma-assets audit --mend` makes the file due: the result is written again.",
        ),
        Problem(
            "RESULT_CHANGED",
            Scope.AUDIT,
            "the result file {name} is not as it was written",
            "`pharma-assets audit --mend` moves it into quarantine and writes it again.",
        ),
        Problem(
            "RESULT_UNREADABLE",
            Scope.AUDIT,
            "the result file {name} cannot be read: {why}",
            "Give the platform's user the permission, or look after the disk.",
        ),
        Problem(
            "RESULT_ORPHANED",
            Scope.AUDIT,
            "{name} stands in «Данные на загрузку», and no load counts it",
            "`pharma-assets audit --mend` moves it into quarantine.",
        ),
        Problem(
            "LOADED_BUT_GONE",
            Scope.AUDIT,
            "gone from the inbox, and {rows} rows of it are loaded",
            "Nothing to do if they shall stay; a rebuild of the client-month takes them out.",
        ),
        Problem(
            "CLAIM_STALE",
            Scope.AUDIT,
            "claimed by {holder}, and nobody is working on it",
            "The next tick takes it up if the client has a layout; `pharma-assets audit --mend` drops the claim.",
        ),
        Problem(
            "DRAFT_LEFT",
            Scope.AUDIT,
            "{name} was left in «Итоговые отчёты», and nobody is working on it",
            "The next tick moves it into quarantine, as `pharma-assets audit --mend` does.",
        ),
    )
}


class PharmaError(Exception):
    """A problem of the catalogue with its facts: `PharmaError("CORRUPT_FILE", format="xlsx", why="…")`.

    `str(error)` is `CODE: message`; `error.advice` says what to do. Raises KeyError for a code or fact that is unknown,
    so that a misspelt one fails in the first test that meets it.
    """

    def __init__(self, code: str, **facts: object) -> None:
        problem = CATALOGUE[code]
        self.problem = problem
        self.facts = facts
        self.message = problem.message.format(**facts)
        self.advice = problem.advice.format(**facts) if "{" in problem.advice else problem.advice
        super().__init__(f"{code}: {self.message}")

    @property
    def code(self) -> str:
        return self.problem.code

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.code, self.facts)


def _rebuild(code: str, facts: dict[str, object]) -> PharmaError:
    return PharmaError(code, **facts)
