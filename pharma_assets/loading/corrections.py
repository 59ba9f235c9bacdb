"""The record of corrected rows (`ops.row_correction`): found again whenever the same bytes are read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from pharma_assets.reading.sheet import Kind
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.transforms.corrections import CorrectedCell, Corrections, RowCorrection
from pharma_assets.transforms.header_text import column_letter, column_of_letter


@dataclass(frozen=True)
class Origin:
    """Where corrections come from: who made them, why, in which workbook, and the digest of its bytes."""

    who: str
    why: str
    workbook: str
    digest: str


def corrections_for(connection: Connection, file: RegisteredFile, content_hash: str) -> Corrections:
    """The corrections that count for these bytes, of the same provider, client and report type: a file that was moved
    takes them along. Of one row the last one made counts."""
    rows = connection.execute(
        text(
            """
            SELECT c.id, c.source_sheet, c.source_row, c.raw_row, c.cells, c.who
            FROM ops.row_correction c
            JOIN ops.file_registry owner ON owner.id = c.file_id
            JOIN ops.file_registry f ON f.id = :file_id AND owner.data_provider = f.data_provider
                AND owner.client_name = f.client_name AND owner.report_type = f.report_type
            WHERE c.content_hash = :content_hash AND c.superseded_at IS NULL
            ORDER BY c.id
            """
        ),
        {"file_id": file.id, "content_hash": content_hash},
    )
    return {(row.source_sheet, row.source_row): _correction(row) for row in rows}


def _correction(row: Any) -> RowCorrection:
    return RowCorrection(
        sheet=row.source_sheet,
        row=row.source_row,
        raw={column_of_letter(letter): told for letter, told in row.raw_row.items()},
        cells=tuple(
            CorrectedCell(
                column_of_letter(cell["column"]),
                cell["header"],
                cell["before"],
                cell["after"],
                Kind[cell["kind"].upper()],
            )
            for cell in row.cells
        ),
        id=row.id,
        who=row.who,
    )


def record(
    connection: Connection,
    file_id: int,
    content_hash: str,
    corrections: Iterable[RowCorrection],
    replaced: Collection[int],
    origin: Origin,
) -> None:
    """Keep corrections; those with the ids `replaced` no longer count."""
    no_longer_counts(connection, replaced)
    for each in corrections:
        connection.execute(
            text(
                """
                INSERT INTO ops.row_correction
                    (file_id, content_hash, source_sheet, source_row, raw_row, cells, who, why, workbook, workbook_hash)
                VALUES (:file_id, :content_hash, :sheet, :row, CAST(:raw_row AS jsonb), CAST(:cells AS jsonb),
                        :who, :why, :workbook, :digest)
                """
            ),
            {
                "file_id": file_id,
                "content_hash": content_hash,
                "sheet": each.sheet,
                "row": each.row,
                "raw_row": _json({column_letter(place): told for place, told in each.raw.items()}),
                "cells": _json([cell_document(cell) for cell in each.cells]),
                **vars(origin),
            },
        )


def no_longer_counts(connection: Connection, ids: Collection[int]) -> None:
    """From now on these corrections change nothing; they stay on record."""
    connection.execute(
        text("UPDATE ops.row_correction SET superseded_at = now() WHERE id = ANY(:ids) AND superseded_at IS NULL"),
        {"ids": list(ids)},
    )


def cell_document(cell: CorrectedCell) -> dict[str, str | None]:
    """A corrected cell as JSON has it."""
    return {
        "column": column_letter(cell.place),
        "header": cell.header,
        "before": cell.before,
        "after": cell.after,
        "kind": cell.kind.name.lower(),
    }


def _json(value: Mapping[str, str] | list[dict[str, str | None]]) -> str:
    return json.dumps(value, ensure_ascii=False)


def went_into(connection: Connection, corrections: Iterable[RowCorrection], load_id: int) -> None:
    """Note the load that these corrections went into."""
    connection.execute(
        text("UPDATE ops.row_correction SET load_id = :load_id WHERE id = ANY(:ids)"),
        {"load_id": load_id, "ids": [each.id for each in corrections]},
    )
