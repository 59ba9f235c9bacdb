"""Golden examples that are histories: what counts of each file after all of them have come, in whatever order.

`PHARMA_WRITE_EXAMPLES=1 pytest …/test_example_histories.py` writes the expectations anew; read the difference
before you keep it.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from pharma_assets.intake import take_in
from pharma_assets.loading.client_month import Work, work_on
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.target import TYPES
from pharma_assets.settings import PROJECT, Settings
from pharma_assets_tests.faults.worker import PlainReader

FOLDERS = (PROJECT / "client_transforms", Path(__file__).parent / "example_clients")
CASES = sorted(path.parent for folder in FOLDERS for path in folder.glob("*/*/examples/*/history.yaml"))
NUMBERED = re.compile(r"(\d+)[ _](.+)")
_LONG_AGO = 1_700_000_000
_MOST_TICKS = 20


def _files(case: Path) -> list[tuple[int, str, Path]]:
    """Number, name and place of the files, in the order in which they were written."""
    found = [(match, path) for path in case.iterdir() if (match := NUMBERED.fullmatch(path.name))]
    return sorted((int(match[1]), match[2], path) for match, path in found)


def _play(case: Path, home: Path, database: str, order: Sequence[int], *, at_once: bool) -> tuple[str, dict[str, Any]]:
    """Let the files come in this order, and work on what is due after each or after all of them."""
    facts = yaml.safe_load((case / "history.yaml").read_text(encoding="utf-8"))
    provider = next(one for one in Provider if one.transforms_folder == case.parents[2].name)
    year, month = map(int, str(facts["month"]).split("-"))
    client_month = ClientMonth(Client(provider, case.parents[1].name), year, month)
    inbox = home / "inbox"
    leaf = inbox / f"Поставщики данных/{provider.folder}/{year}/{month:02d}/{client_month.client.name}"
    (leaf / facts["report_type"]).mkdir(parents=True)
    settings = Settings(home=home, inbox=inbox, database_url=database, transforms=case.parents[3], settle_seconds=0)
    files = _files(case)
    with open_platform(settings) as opened:
        platform = replace(opened, reader=PlainReader())
        for index in order:
            number, name, source = files[index]
            target = leaf / facts["report_type"] / name
            target.write_bytes(source.read_bytes())
            os.utime(target, (_LONG_AGO + number, _LONG_AGO + number))
            if not at_once:
                _tick(platform)
        for _ in range(_MOST_TICKS):
            if not _tick(platform):
                break
        before = _rows(platform)
        work_on(platform, client_month, "rebuild", Work.NORMALIZE | Work.LOAD, rebuild=True)
        assert _rows(platform) == before, "a rebuild gives something else"
        return before, _outcomes(platform)


def _tick(platform: Platform) -> bool:
    requests = take_in(platform, "test").requests
    for request in requests:
        work_on(platform, request.client_month, "test", Work.NORMALIZE | Work.LOAD, rebuild=False)
    return bool(requests)


def _rows(platform: Platform) -> str:
    """The rows that count as CSV: the file, and every column that has a value in one of them."""
    names = [name for name in TYPES if name not in ("filename_ish", "filename_result")]
    query = f"""
        SELECT regexp_replace(filename_ish, '.*/', '') AS file, {", ".join(names)} FROM raw.primary_data
        ORDER BY 1, source_sheet, source_row
    """  # noqa: S608
    with platform.engine.connect() as connection:
        rows = [row._asdict() for row in connection.execute(text(query))]
    shown = [name for name in ("file", *names) if any(row[name] is not None for row in rows)]
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\n")
    writer.writerow(shown)
    writer.writerows([_told(row[name], platform) for name in shown] for row in rows)
    return target.getvalue()


def _told(value: object, platform: Platform) -> str:
    if isinstance(value, datetime):
        return value.astimezone(platform.timezone).isoformat(sep=" ").removesuffix("+03:00").removesuffix(" 00:00:00")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)


def _outcomes(platform: Platform) -> dict[str, Any]:
    """Of each file: status, reason, the rows and sums that count, and the rows that do not."""
    query = """
        SELECT regexp_replace(f.file_path, '.*/', '') AS file, f.status, f.error_reason AS reason,
               coalesce(l.rows_loaded - l.rows_superseded, 0) AS rows, coalesce(l.rows_superseded, 0) AS superseded,
               l.sums, coalesce(l.sums_superseded, '{}') AS less
        FROM ops.file_registry f LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
        ORDER BY 1
    """
    with platform.engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    return {
        row.file: {
            "status": row.status,
            "reason": row.reason,
            "rows": row.rows,
            "superseded": row.superseded,
            "sums": _counting_sums(row.sums or {}, row.less),
        }
        for row in rows
    }


def _counting_sums(sums: dict[str, str], less: dict[str, str]) -> dict[str, str]:
    return {name: str(Decimal(total) - Decimal(less.get(name, 0))) for name, total in sums.items()}


@pytest.mark.parametrize("how", ["one by one", "all at once", "the last first"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parents[1].name}/{case.name}")
def test_example_history(case: Path, tmp_path: Path, database: str, how: str) -> None:
    order = list(range(len(_files(case))))
    rows, outcomes = _play(
        case, tmp_path, database, order[::-1] if how == "the last first" else order, at_once=how == "all at once"
    )
    if os.environ.get("PHARMA_WRITE_EXAMPLES"):
        (case / "expected.csv").write_text(rows, encoding="utf-8-sig")
        document = json.dumps(outcomes, ensure_ascii=False, indent=2) + "\n"
        (case / "expected.json").write_text(document, encoding="utf-8")
    assert rows == (case / "expected.csv").read_text(encoding="utf-8-sig")
    assert outcomes == json.loads((case / "expected.json").read_text(encoding="utf-8"))


def test_there_is_a_history() -> None:
    assert [case.name for case in CASES if "example_clients" in case.parts] == ["weeks_and_month"]
