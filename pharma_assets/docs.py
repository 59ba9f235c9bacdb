"""Writes `docs/errors.md` from the error catalogue: `python -m pharma_assets.docs > docs/errors.md`."""

from __future__ import annotations

import re
import sys

from pharma_assets.errors import CATALOGUE, Problem, Scope

_INTRO = """\
# Errors

<!-- Written by `python -m pharma_assets.docs > docs/errors.md`. Do not edit: change pharma_assets/errors.py. -->

Every problem has a code. The same code stands in `ops.file_registry.error_reason`, `ops.rejected_row.code` and
`ops.path_problem.code`, in Dagster's messages and metadata, and in what the commands print. ‹Words like these› are
filled in when it happens; the whole message is in `error_detail` or `message` beside the code.
"""

_PLATFORM = """\
Nothing can be worked on: a command ends with exit code 1, a tick or run of Dagster fails. No file is marked as failed,
and the next tick tries anew. The exception is `LAYOUT_INVALID`: it stops the files of one client only, and stands in
the registry as their reason."""

_PATH = """\
The file is not registered. Every scan looks at it anew; a path that is right by then is taken, and leaves
`ops.path_problem`."""

_FILE = """\
The other files go on. *Tried again* says whether that happens without anything having changed: after 5 minutes, then
each time after twice as long, at most 6 hours; 8 attempts in all. What is not tried again waits for a changed file, a
changed layout or a person."""

_ROW = """\
The row is held back in `ops.rejected_row`, the other rows of its file are loaded. It is read again when its file or its
layout changes, or when its client-month is rebuilt."""

_REMARK = """\
The file is loaded. The remark stands with the run in Dagster and in the file's history (`ops.file_event`)."""

_AUDIT = """\
What `pharma-assets audit` and the check `audit` find: registry, result files and `raw.primary_data` do not agree. Only
`LOADED_BUT_GONE`, `CLAIM_STALE` and `DRAFT_LEFT` are remarks; any other is a difference, and the exit code is 1 while
it remains."""

_SECTIONS = {
    Scope.PLATFORM: ("The platform", _PLATFORM),
    Scope.PATH: ("One path of the inbox", _PATH),
    Scope.FILE: ("One file", _FILE),
    Scope.ROW: ("One row", _ROW),
    Scope.REMARK: ("Remarks", _REMARK),
    Scope.AUDIT: ("The audit", _AUDIT),
}


def errors_page() -> str:
    """The text of `docs/errors.md`: a table of problems for each scope, in the catalogue's order."""
    return "\n".join([_INTRO, *map(_section, Scope)])


def _section(scope: Scope) -> str:
    title, about = _SECTIONS[scope]
    # Only files have an attempt and a next one; what is true of all problems of another scope is in its text.
    retried = scope is Scope.FILE
    heads = ["code", "message", "what to do", *(["tried again"] if retried else [])]
    lines = [f"## {title}", "", about, "", _row(heads), _row(["---"] * len(heads))]
    for problem in CATALOGUE.values():
        if problem.scope is scope:
            last = ["yes" if problem.transient else "no"] if retried else []
            lines.append(_row([f"`{problem.code}`", *_texts(problem), *last]))
    return "\n".join([*lines, ""])


def _texts(problem: Problem) -> list[str]:
    return [re.sub(r"\{(\w+)\}", r"‹\1›", text).replace("|", "\\|") for text in (problem.message, problem.advice)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    # Not print: the page is UTF-8 whatever the console is.
    sys.stdout.buffer.write(errors_page().encode())
