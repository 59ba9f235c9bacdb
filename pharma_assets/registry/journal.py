"""What happens to a file: each step changes its registry row and adds its `ops.file_event`.

The caller owns the transaction, so that a file's rows, its status and its ledger entry change together or not at all.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, case, column, func, literal, null, table, text, update

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.model.status import Status
from pharma_assets.model.transform_version import TransformVersion, no_transform
from pharma_assets.registry.files import OF_TRANSFORM, TRANSFORMS, RegisteredFile, transform_arrays

LEASE = timedelta(hours=1)
"""How long a claim holds after its last renewal."""
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
MOST_ATTEMPTS = 8

# What stands in the history in place of a file and of a run.
NO_FILE = 0
AUDIT = "audit"

_NEW = "f.status = 'NEW' AND f.error_reason IS DISTINCT FROM 'BACKLOG'"

_REGISTRY = table(
    "file_registry",
    *(
        column(name)
        for name in (
            "id",
            "status",
            "error_reason",
            "error_detail",
            "content_hash",
            "transform_fingerprint",
            "result_name",
            "result_hash",
            "attempt",
            "next_attempt_at",
            "released_version",
            "claimed_by",
            "claimed_until",
            "deaths",
            "updated_at",
        )
    ),
    schema="ops",
)


# A file that starts anew is due at the next tick.
_ANEW: dict[str, Any] = {
    "status": Status.NEW.value,
    "error_reason": null(),
    "error_detail": null(),
    "attempt": 0,
    "next_attempt_at": null(),
}


def holder() -> str:
    """Who is working, for people: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def claim(connection: Connection, file_ids: Sequence[int], run_id: str) -> None:
    """Mark files as being worked on by this process. The lock of their client-month must be held."""
    _step(
        connection,
        file_ids,
        "CLAIMED",
        run_id,
        status=Status.PROCESSING.value,
        error_reason=null(),
        error_detail=null(),
        claimed_by=holder(),
        claimed_until=func.now() + literal(LEASE),
    )


def note_content(connection: Connection, file_id: int, content_hash: str) -> None:
    """Keep the digest of the bytes that were read; a result's name that was chosen for others no longer counts."""
    known = _REGISTRY.c.content_hash == content_hash
    connection.execute(
        update(_REGISTRY)
        .where(_REGISTRY.c.id == file_id, known.is_not(True))
        .values(content_hash=content_hash, result_name=null())
    )


def name_result(connection: Connection, file_id: int, fingerprint: str, result_name: str) -> None:
    """Fix the result's name before it is written, so that the same work gives the same name (DESIGN, "Result file")."""
    connection.execute(
        update(_REGISTRY)
        .where(_REGISTRY.c.id == file_id)
        .values(transform_fingerprint=fingerprint, result_name=result_name)
    )


def created(
    connection: Connection,
    file_id: int,
    run_id: str,
    result_name: str,
    result_hash: str,
    detail: Mapping[str, object],
) -> None:
    """The file's normalized report stands in «Данные на загрузку» under `result_name`."""
    status = Status.CREATED.value
    _step(
        connection,
        [file_id],
        "CREATED",
        run_id,
        detail,
        status=status,
        result_name=result_name,
        result_hash=result_hash,
        claimed_by=null(),
        claimed_until=null(),
    )


def loaded(connection: Connection, file_id: int, run_id: str, detail: Mapping[str, object]) -> None:
    """The file's rows and ledger entry are in the database (in the same transaction as this)."""
    _step(
        connection,
        [file_id],
        "LOADED",
        run_id,
        detail,
        status=Status.CREATED.value,
        attempt=0,
        deaths=0,
        next_attempt_at=null(),
        claimed_by=null(),
        claimed_until=null(),
    )


@dataclass(frozen=True)
class Verdict:
    """A person's decision: who took it, and why."""

    who: str
    why: str

    @property
    def run_id(self) -> str:
        """What stands in the history in place of a run."""
        return f"person:{self.who}"


def retried(connection: Connection, file: RegisteredFile, verdict: Verdict) -> None:
    """A person wants the file tried again: one that is loaded, or waits to be asked for, starts anew."""
    values: dict[str, Any] = {"attempt": 0, "next_attempt_at": func.now()}
    if file.status is Status.CREATED or file.reason == "BACKLOG":
        values |= _ANEW
    _step(connection, [file.id], "RETRIED", verdict.run_id, asdict(verdict), **values)


def ignored(connection: Connection, file: RegisteredFile, verdict: Verdict) -> None:
    """A person has set the file aside; its rows were taken out in the same transaction. One that has gone stays so."""
    if file.status is Status.DELETE:
        _tell(connection, [file.id], "IGNORED", verdict.run_id, asdict(verdict))
        return
    error = PharmaError("IGNORED", who=verdict.who, why=verdict.why)
    _step(
        connection,
        [file.id],
        "IGNORED",
        verdict.run_id,
        asdict(verdict),
        reason=error.code,
        status=Status.ERROR.value,
        error_reason=error.code,
        error_detail=_detail(error),
        next_attempt_at=null(),
        released_version=null(),
    )


def released(connection: Connection, file: RegisteredFile, verdict: Verdict) -> None:
    """A person lets this version of the file through: it starts anew."""
    _step(
        connection,
        [file.id],
        "RELEASED",
        verdict.run_id,
        asdict(verdict),
        **_ANEW,
        released_version=file.version,
    )


def superseded(
    connection: Connection, file_id: int, run_id: str, error: PharmaError, detail: Mapping[str, object]
) -> None:
    """The file's report is made and right, and another file counts in its place: it is CREATED and not to be loaded."""
    _step(
        connection,
        [file_id],
        "SUPERSEDED",
        run_id,
        detail,
        reason=error.code,
        status=Status.CREATED.value,
        error_reason=error.code,
        error_detail=_detail(error),
        attempt=0,
        next_attempt_at=null(),
        claimed_by=null(),
        claimed_until=null(),
    )


def held(connection: Connection, file_id: int, run_id: str, error: PharmaError) -> None:
    """The file's report is made and right, and is held back because of other files: ERROR with the code of why."""
    _step(
        connection,
        [file_id],
        "HELD",
        run_id,
        {"message": error.message},
        reason=error.code,
        status=Status.ERROR.value,
        error_reason=error.code,
        error_detail=_detail(error),
        attempt=0,
        next_attempt_at=null(),
        claimed_by=null(),
        claimed_until=null(),
    )


def due_again(
    connection: Connection, file_id: int, why: str, event: str = "DUE_AGAIN", run_id: str = AUDIT, **detail: object
) -> None:
    """The file must be taken in once more, as the audit, a person or the work on another file says: it starts anew."""
    step = {"why": why, **detail}
    _step(connection, [file_id], event, run_id, step, **_ANEW, claimed_by=null(), claimed_until=null())


def asked_for(connection: Connection, file_ids: Sequence[int], verdict: Verdict) -> None:
    """A person wants files of the backlog taken in: they are due."""
    _step(connection, file_ids, "ASKED_FOR", verdict.run_id, asdict(verdict), **_ANEW)


def put_off(connection: Connection, file_ids: Sequence[int], verdict: Verdict, since: date) -> None:
    """New files of months before `since` wait again until a person asks for them."""
    error = PharmaError("BACKLOG", since=f"{since:%Y-%m}")
    _step(
        connection,
        file_ids,
        "PUT_OFF",
        verdict.run_id,
        asdict(verdict),
        reason=error.code,
        status=Status.NEW.value,
        error_reason=error.code,
        error_detail=_detail(error),
        next_attempt_at=null(),
    )


def claim_dropped(connection: Connection, file_id: int, *, begun: bool) -> None:
    """Nobody works on a claimed file any more; one that was `begun` starts anew."""
    values: dict[str, Any] = {"claimed_by": null(), "claimed_until": null()}
    if begun:
        values["status"] = Status.NEW.value
    _step(connection, [file_id], "CLAIM_DROPPED", AUDIT, **values)


def note(connection: Connection, file_id: int, event: str, run_id: str, detail: Mapping[str, object]) -> None:
    """An event that changes nothing in the registry; of no one file with NO_FILE."""
    if file_id != NO_FILE:
        _tell(connection, [file_id], event, run_id, detail)
        return
    connection.execute(
        text(
            """
            INSERT INTO ops.file_event (file_id, event, run_id, detail)
            VALUES (:file_id, :event, :run_id, CAST(:detail AS jsonb))
            """
        ),
        {
            "file_id": file_id,
            "event": event,
            "run_id": run_id,
            "detail": json.dumps(detail, ensure_ascii=False, default=str),
        },
    )


def gone(connection: Connection, file_ids: Sequence[int], run_id: str) -> None:
    """The files are no longer in the inbox. Their rows stay until a person rebuilds their client-month."""
    error = PharmaError("FILE_GONE")
    _step(
        connection,
        file_ids,
        "GONE",
        run_id,
        reason=error.code,
        status=Status.DELETE.value,
        error_reason=error.code,
        error_detail=_detail(error),
        next_attempt_at=null(),
    )


def moved(connection: Connection, file_id: int, run_id: str, to_id: int, to_path: str) -> None:
    """A file's content lies elsewhere now: its rows were taken out as those of its new place came in.

    Its status is left alone: it has gone, or holds something else by now.
    """
    _tell(connection, [file_id], "MOVED", run_id, {"id": to_id, "path": to_path})


def removed(connection: Connection, file_id: int, run_id: str) -> None:
    """The rows of a file that has gone were taken out by a rebuild."""
    _step(connection, [file_id], "REMOVED", run_id, status=Status.DELETE.value)


def failed(
    connection: Connection, file: RegisteredFile, run_id: str, error: PharmaError, fingerprint: str | None
) -> None:
    """The file could not be taken in: ERROR with its code.

    A file without a transform waits as PROCESSING, one that has gone is DELETE. Transient problems are tried again with
    growing pauses, at most MOST_ATTEMPTS times.
    """
    status = {"NO_SCRIPT_FOUND": Status.PROCESSING, "FILE_GONE": Status.DELETE}.get(error.code, Status.ERROR)
    attempt = file.attempt + 1
    retry = error.problem.transient and attempt < MOST_ATTEMPTS
    pause = min(FIRST_RETRY * 2 ** (attempt - 1), LONGEST_RETRY)
    known = _REGISTRY.c.transform_fingerprint
    _step(
        connection,
        [file.id],
        {Status.PROCESSING: "WAITING", Status.DELETE: "GONE"}.get(status, "FAILED"),
        run_id,
        {"message": error.message},
        reason=error.code,
        status=status.value,
        error_reason=error.code,
        error_detail=_detail(error),
        transform_fingerprint=fingerprint,
        # The name was chosen for another transform's result, which may stand under it.
        result_name=case((known.is_not_distinct_from(fingerprint), _REGISTRY.c.result_name)),
        attempt=attempt,
        # A process that has told what went wrong has not died of it.
        **({} if error.code == "RUN_DIED" else {"deaths": 0}),
        next_attempt_at=func.now() + literal(pause) if retry else null(),
        claimed_by=null(),
        claimed_until=null(),
    )


def wait_for_transform(connection: Connection, transforms: Sequence[TransformVersion], run_id: str) -> int:
    """Mark new files that have no transform: PROCESSING, reason NO_SCRIPT_FOUND. Returns how many."""
    if not connection.scalar(text(f"SELECT EXISTS (SELECT FROM ops.file_registry f WHERE {_NEW})")):  # noqa: S608
        return 0  # at nearly every tick, and sooner found than all transforms are sent
    found = connection.execute(
        text(
            f"""
            WITH {TRANSFORMS}, waiting AS (
                SELECT f.* FROM ops.file_registry f
                WHERE {_NEW} AND NOT EXISTS (SELECT FROM transform t WHERE {OF_TRANSFORM})
                FOR UPDATE SKIP LOCKED -- another instance is marking those
            )
            SELECT data_provider, client_name, report_type, array_agg(id) AS ids FROM waiting GROUP BY 1, 2, 3
            """  # noqa: S608
        ),
        transform_arrays(transforms),
    ).all()
    for row in found:
        error = no_transform(Client(Provider(row.data_provider), row.client_name), row.report_type)
        _step(
            connection,
            row.ids,
            "WAITING",
            run_id,
            reason=error.code,
            status=Status.PROCESSING.value,
            error_reason=error.code,
            error_detail=_detail(error),
        )
    return sum(len(row.ids) for row in found)


def shown(connection: Connection, files: Sequence[RegisteredFile]) -> None:
    """A run has shown that these files wait, as they are now. Nothing happens to them, so there is no event."""
    connection.execute(
        text(
            "UPDATE ops.file_registry f SET shown_version = seen.version"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:versions AS integer[])) AS seen (id, version)"
            " WHERE f.id = seen.id AND f.shown_version IS DISTINCT FROM seen.version"
        ),
        {"ids": [file.id for file in files], "versions": [file.version for file in files]},
    )


def _detail(error: PharmaError) -> str:
    detail: dict[str, object] = {"message": error.message, "advice": error.advice}
    # What was noted of it: the end of what a script said, for instance.
    if notes := getattr(error, "__notes__", None):
        detail["output"] = "\n".join(notes)
    if error.findings:
        detail["drift"] = [{"code": finding.code, "message": finding.message} for finding in error.findings]
        detail["command"] = error.command
    return json.dumps(detail, ensure_ascii=False)


def _step(
    connection: Connection,
    file_ids: Sequence[int],
    event: str,
    run_id: str,
    detail: Mapping[str, object] | None = None,
    *,
    reason: str | None = None,
    **values: object,
) -> None:
    status = values.get("status")
    # Locked, so that nobody changes the status between what is told and what is done.
    _tell(connection, file_ids, event, run_id, detail, reason=reason, status_to=status, locking="FOR UPDATE")
    connection.execute(
        update(_REGISTRY).where(_REGISTRY.c.id == func.any(list(file_ids))).values(updated_at=func.now(), **values)
    )


def _tell(
    connection: Connection,
    file_ids: Sequence[int],
    event: str,
    run_id: str,
    detail: Mapping[str, object] | None = None,
    *,
    reason: str | None = None,
    status_to: object = None,
    locking: str = "",
) -> None:
    connection.execute(
        text(
            f"""
            INSERT INTO ops.file_event (file_id, event, status_from, status_to, reason, run_id, detail)
            SELECT id, :event, status, :status_to, :reason, :run_id, CAST(:detail AS jsonb)
            FROM ops.file_registry WHERE id = ANY(:ids) ORDER BY id {locking}
            """  # noqa: S608
        ),
        {
            "event": event,
            "status_to": status_to,
            "reason": reason,
            "run_id": run_id,
            "detail": None if detail is None else json.dumps(detail, ensure_ascii=False, default=str),
            "ids": list(file_ids),
        },
    )
