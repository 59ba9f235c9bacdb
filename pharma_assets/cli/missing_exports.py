"""The deliveries of a month as files for people: CSV, Excel, and a page."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pharma_assets.files import replace_atomically

COLUMNS = ("client", "report_type", "state", "due", "usual", "files", "loaded", "not_taken_in", "first", "last")

_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "title": "Deliveries of",
        "as_of": "As of",
        "columns": {
            "client": "client",
            "report_type": "report type",
            "state": "state",
            "due": "due",
            "usual": "what is usual",
            "files": "files",
            "loaded": "loaded",
            "not_taken_in": "not taken in",
            "first": "first",
            "last": "last",
        },
        "states": {},
    },
    "ru": {
        "title": "Отчёты за",
        "as_of": "По состоянию на",
        "columns": {
            "client": "клиент",
            "report_type": "тип отчёта",
            "state": "состояние",
            "due": "срок",
            "usual": "как обычно",
            "files": "файлов",
            "loaded": "загружено",
            "not_taken_in": "не принято",
            "first": "первый",
            "last": "последний",
        },
        "states": {
            "sent": "прислан",
            "sent late": "прислан с опозданием",
            "fewer files than due": "файлов меньше, чем пора",
            "late": "просрочен",
            "not due yet": "срок не наступил",
            "nothing sent, nothing usual": "ничего не прислано, сроки неизвестны",
        },
    },
}


def write_csv(records: Sequence[Mapping[str, object]], file: Path) -> None:
    """UTF-8 with BOM and `;`, as Excel opens it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=";", lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(records)
    with replace_atomically(file) as draft:
        draft.write_text("\ufeff" + text.getvalue(), encoding="utf-8", newline="")


def write_xlsx(records: Sequence[Mapping[str, object]], file: Path) -> None:
    """One sheet with a header that stays in sight."""
    import pandas as pd

    content = io.BytesIO()
    pd.DataFrame(records, columns=COLUMNS).to_excel(content, index=False, freeze_panes=(1, 0))
    with replace_atomically(file) as draft:
        draft.write_bytes(content.getvalue())


def write_page(
    records: Sequence[Mapping[str, object]], month: str, language: str, moment: datetime, file: Path
) -> None:
    """A page without anything from elsewhere; everything in it is escaped."""
    from jinja2 import Environment, PackageLoader

    words = _WORDS[language]
    counts: dict[str, int] = {}
    for record in records:
        counts[str(record["state"])] = counts.get(str(record["state"]), 0) + 1
    states = {state: words["states"].get(state, state) for state in counts}
    template = Environment(loader=PackageLoader("pharma_assets.cli", "."), autoescape=True).get_template("missing.html")
    page = template.render(
        language=language,
        words={**words, "states": states},
        month=month,
        moment=f"{moment:%d.%m.%Y %H:%M}",
        counts=counts,
        columns=COLUMNS,
        records=records,
    )
    with replace_atomically(file) as draft:
        draft.write_text(page, encoding="utf-8")
