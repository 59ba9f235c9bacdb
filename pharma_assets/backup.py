"""Back-up and restore: the database in one snapshot, and exactly the result files that this snapshot counts.

Work may go on meanwhile. A back-up is a folder; `manifest.json` is written last, so one without it is unfinished.
The inbox is not in it: that is the suppliers', and is kept where it lies.
"""

# ruff: noqa: PLC0415 - psycopg is not needed by `--help`

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pharma_assets.database.programs import run_program
from pharma_assets.database.urls import DAGSTER_SCHEMA, connect
from pharma_assets.errors import PharmaError
from pharma_assets.files import flush_to_disk, move_into, replace_atomically, sha256_of, writing_error
from pharma_assets.settings import CONFIG_NAME, Settings

if TYPE_CHECKING:
    import psycopg

MANIFEST = "manifest.json"
_DUMP, _RESULTS, _QUARANTINE, _CONFIGURATION = "database.dump", "results", "quarantine", "configuration"
_SCHEMAS = ("ops", "raw", DAGSTER_SCHEMA)

# The results that count: those that are loaded, and those that are made and still to be loaded.
_COUNTING = """
    SELECT result_name, result_hash FROM ops.file_load WHERE superseded_at IS NULL AND result_name IS NOT NULL
    UNION SELECT result_name, result_hash FROM ops.file_registry f
    WHERE status = 'CREATED' AND result_hash IS NOT NULL
      AND NOT EXISTS (SELECT FROM ops.file_load l WHERE l.file_id = f.id AND l.superseded_at IS NULL)
"""


@dataclass(frozen=True)
class BackUp:
    """What a back-up holds. `missing`: results that count and were nowhere to be found, as the audit would say too."""

    folder: str
    at: str
    files: int
    rows: int
    database_bytes: int
    results: int
    results_bytes: int
    quarantine: int
    missing: tuple[str, ...]


def back_up(settings: Settings, url: str, into: Path, keep: int | None, moment: datetime) -> BackUp:
    """Make a back-up in a folder of its own below `into`; with `keep`, remove the oldest ones beyond so many.

    Results that an earlier back-up in `into` holds are linked to it and take no room twice. Raises PharmaError
    BACKUP_FAILED, or what writing raises.
    """
    folder = into / f"pharma-{moment:%Y%m%d_%H%M%S}"
    earlier = _earlier_results(into)
    try:
        folder.mkdir(mode=0o700, parents=True)
        with _snapshot(url) as (connection, snapshot):
            counting = dict(connection.execute(_COUNTING).fetchall())
            totals = connection.execute(
                "SELECT count(*), coalesce(sum(rows_loaded), 0) FROM ops.file_load WHERE superseded_at IS NULL"
            ).fetchone() or (0, 0)
            dump = folder / _DUMP
            run_program(
                "pg_dump", url, ["--format=custom", f"--snapshot={snapshot}", f"--file={dump}", *_of_schemas()], _failed
            )
        missing = _keep_results(settings, counting, folder / _RESULTS, earlier)
        quarantine = _copy_folder(settings.quarantine_folder, folder / _QUARANTINE)
        _keep_configuration(settings, folder / _CONFIGURATION)
        kept = list((folder / _RESULTS).iterdir())
        made = BackUp(
            folder=str(folder),
            at=moment.isoformat(),
            files=int(totals[0]),
            rows=int(totals[1]),
            database_bytes=dump.stat().st_size,
            results=len(kept),
            results_bytes=sum(path.stat().st_size for path in kept),
            quarantine=quarantine,
            missing=missing,
        )
        flush_to_disk(dump)
        with replace_atomically(folder / MANIFEST) as draft:
            draft.write_text(json.dumps({**asdict(made), "results_hashes": counting}, ensure_ascii=False), "utf-8")
        _remove_oldest(into, keep)
    except OSError as error:
        raise writing_error(error, folder) from error
    return made


def restore(settings: Settings, url: str, folder: Path, *, replace: bool, moment: datetime) -> BackUp:
    """Bring database and results back as the back-up has them.

    Into a database without the platform's tables; with `replace`, those that are there are dropped first. Result files
    that are there and not of the back-up go into quarantine. Call `prepare` afterwards, which brings an older back-up
    up to date. Raises PharmaError BACKUP_UNUSABLE before anything is changed, or RESTORE_REFUSED, BACKUP_FAILED.
    """
    made, hashes = _read_manifest(folder)
    if not (folder / _DUMP).is_file():
        raise PharmaError("BACKUP_UNUSABLE", folder=folder, why=f"{_DUMP} is missing")
    for name, digest in hashes.items():
        path = folder / _RESULTS / name
        if name not in made.missing and (not path.is_file() or sha256_of(path) != digest):
            raise PharmaError("BACKUP_UNUSABLE", folder=folder, why=f"{name} is missing or differs")
    with connect(url, autocommit=True) as connection:
        _make_room(connection, replace=replace)
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    run_program("pg_restore", url, [*options, str(folder / _DUMP)], _failed)
    try:
        _put_back(folder / _RESULTS, settings.results_folder, settings.quarantine_folder, moment)
        _copy_folder(folder / _QUARANTINE, settings.quarantine_folder)
        _put_configuration_back(settings, folder / _CONFIGURATION)
    except OSError as error:
        raise writing_error(error, settings.results_folder) from error
    return made


def _failed(program: str, output: str) -> PharmaError:
    return PharmaError("BACKUP_FAILED", program=program, why=output)


def _of_schemas() -> list[str]:
    return [f"--schema={schema}" for schema in _SCHEMAS]


@contextmanager
def _snapshot(url: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """A transaction whose sight of the database another program can share, and its name."""
    from psycopg import IsolationLevel

    with connect(url) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        yield connection, str(row[0] if row else "")


def _keep_results(
    settings: Settings, counting: Mapping[str, str], into: Path, earlier: Mapping[str, Path]
) -> tuple[str, ...]:
    """Copy or link the results; the names of those that are nowhere with the content that counts.

    One that was superseded since the snapshot is in quarantine by now.
    """
    into.mkdir()
    missing = []
    for name, digest in counting.items():
        before = earlier.get(f"{digest}/{name}")
        if before is not None and _linked(before, into / name):
            continue
        found = next((path for path in _candidates(settings, name) if _has(path, digest)), None)
        if found is None or not _copied(found, into / name, digest):
            missing.append(name)
    return tuple(missing)


def _candidates(settings: Settings, name: str) -> Iterator[Path]:
    yield settings.results_folder / name
    yield settings.quarantine_folder / name
    stem, suffix = Path(name).stem, Path(name).suffix
    # Where one of its name was there already, it got a time suffix.
    yield from sorted(settings.quarantine_folder.glob(f"{_literal(stem)}_*{suffix}"))


def _literal(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def _has(path: Path, digest: str) -> bool:
    with suppress(OSError):
        return sha256_of(path) == digest
    return False


def _linked(source: Path, target: Path) -> bool:
    with suppress(OSError):
        os.link(source, target)
        return True
    return False


def _copied(source: Path, target: Path, digest: str) -> bool:
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        return False
    return sha256_of(target) == digest


def _earlier_results(into: Path) -> dict[str, Path]:
    """The results of the latest finished back-up, by digest and name."""
    finished = _finished(into)
    if not finished:
        return {}
    try:
        made, hashes = _read_manifest(finished[-1])
    except PharmaError:
        return {}
    return {
        f"{digest}/{name}": finished[-1] / _RESULTS / name
        for name, digest in hashes.items()
        if name not in made.missing
    }


def _finished(into: Path) -> list[Path]:
    return sorted(path.parent for path in into.glob(f"pharma-*/{MANIFEST}"))


def _remove_oldest(into: Path, keep: int | None) -> None:
    for folder in _finished(into)[: -keep or None] if keep else ():
        # First what makes it a back-up, so that a removal that was stopped leaves none that looks whole.
        (folder / MANIFEST).unlink()
        shutil.rmtree(folder)


def _copy_folder(source: Path, target: Path) -> int:
    """Copy the files of a folder, if there is one; how many. What is there already by its name stays."""
    if not source.is_dir():
        return 0
    target.mkdir(parents=True, exist_ok=True)
    count = 0
    for path in sorted(source.iterdir()):
        if path.is_file() and not path.is_symlink():
            with suppress(FileNotFoundError):
                if not (target / path.name).exists():
                    shutil.copy2(path, target / path.name)
                count += 1
    return count


def _configuration(settings: Settings) -> dict[str, Path]:
    return {CONFIG_NAME: settings.home / CONFIG_NAME, "dagster.yaml": settings.dagster_home / "dagster.yaml"}


def _keep_configuration(settings: Settings, into: Path) -> None:
    into.mkdir()
    for name, path in _configuration(settings).items():
        if path.is_file():
            shutil.copy2(path, into / name)


def _put_configuration_back(settings: Settings, folder: Path) -> None:
    """Only where there is none: what is there may say where this machine's database is."""
    for name, path in _configuration(settings).items():
        if (folder / name).is_file() and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, path)


def _read_manifest(folder: Path) -> tuple[BackUp, dict[str, str]]:
    try:
        document = json.loads((folder / MANIFEST).read_text("utf-8"))
        hashes = document.pop("results_hashes")
        return BackUp(**{**document, "missing": tuple(document["missing"])}), hashes
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PharmaError("BACKUP_UNUSABLE", folder=folder, why=f"{MANIFEST}: {error}") from error


def _make_room(connection: psycopg.Connection, *, replace: bool) -> None:
    from psycopg import sql

    query = "SELECT to_regclass('ops.file_registry') IS NOT NULL"
    if connection.execute(query).fetchone() == (True,) and not replace:
        raise PharmaError("RESTORE_REFUSED", database=connection.info.dbname)
    for schema in _SCHEMAS:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def _put_back(source: Path, target: Path, quarantine: Path, moment: datetime) -> None:
    target.mkdir(parents=True, exist_ok=True)
    kept = {path.name for path in source.iterdir()}
    for path in sorted(target.iterdir()):
        if path.is_file() and (path.name not in kept or sha256_of(path) != sha256_of(source / path.name)):
            move_into(path, quarantine, moment)
    for path in sorted(source.iterdir()):
        if not (target / path.name).exists():
            with replace_atomically(target / path.name) as draft:
                shutil.copy2(path, draft)
